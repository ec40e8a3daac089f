import type { Config } from '../config/config.ts'
import type { Reply, StatusDetail } from '../model/reply.ts'
import type { Subject } from '../model/subject.ts'
import {
  type AccessAction,
  DUNNO,
  LIST_LOOKUP_FAILURE,
  lookupFailure,
  PERMIT,
  SERVER_ERROR,
  type Verdict,
} from '../model/verdict.ts'
import { splitWords } from '../util/words.ts'
import type { Ask } from './ask.ts'

/** Where a table's or policy server's answer came from. */
export interface AccessOrigin {
  /** "hash:/etc/postfix/helo_access" or "inet:127.0.0.1:10023" */
  readonly table: string
  /** What was looked up, for warnings. */
  readonly key: string
  readonly subject: Subject
}

export type AccessConfig = Pick<Config, 'access_map_reject_code' | 'access_map_defer_code'>

const ACTIONS: ReadonlySet<string> = new Set<AccessAction>([
  'HOLD',
  'DISCARD',
  'FILTER',
  'REDIRECT',
  'BCC',
  'PREPEND',
  'WARN',
  'INFO',
  'HANGUP',
])

/** Turns the right-hand side of an access table into a verdict. Postfix: access(5), smtpd check_table_result. */
export function accessVerdict(value: string, origin: AccessOrigin, door: { ask: Ask; config: AccessConfig }): Verdict {
  const { ask, config } = door
  const [, command = '', text = ''] = /^([^ \t]*)\s*([\s\S]*)$/.exec(value) ?? []
  const verb = command.toUpperCase()
  const make = (code: number, fallback: string): Reply => accessReply({ code, text, fallback, origin, ask })
  switch (verb) {
    case 'DUNNO':
      return DUNNO
    case 'REJECT':
      return { kind: 'reject', reply: make(config.access_map_reject_code, 'Access denied') }
    case 'DEFER':
      return { kind: 'reject', reply: make(config.access_map_defer_code, 'Access denied') }
    case 'DEFER_IF_PERMIT':
      return { kind: 'defer_if_permit', reply: make(config.access_map_defer_code, 'Service unavailable') }
    case 'DEFER_IF_REJECT':
      return { kind: 'defer_if_reject', reply: make(config.access_map_defer_code, 'Service unavailable') }
  }
  if (isAction(verb)) {
    const { table, key, subject } = origin
    return { kind: 'action', action: verb, text, name: subject.name, class: subject.class, table, key }
  }
  // Postfix: an all-numeric result is OK; some authentication mechanisms store time stamps there.
  if (/^\d+$/.test(value)) return permitBy(command, origin)
  if (/^[45]\d\d$/.test(command) && text !== '')
    return { kind: 'reject', reply: make(Number(command), 'Access denied') }
  if (verb === 'OK' || verb === 'RELAY') return permitBy(command, origin)
  if (value.includes(':')) {
    ask.warn(`access table ${origin.table} has entry with lookup table: ${value}`)
    ask.warn('do not specify lookup tables inside SMTPD access maps')
    ask.warn('define a restriction class and specify its name instead.')
    return SERVER_ERROR
  }
  if (splitWords(value).length === 0) {
    ask.warn(`access table ${origin.table} entry ${value} has empty value`)
    return PERMIT
  }
  return { kind: 'list', words: value, table: origin.table, subject: origin.subject, onPermit: 'permit' }
}

function permitBy(action: string, { table, subject }: AccessOrigin): Verdict {
  return { kind: 'permit', access: { action, table, subject } }
}

function isAction(verb: string): verb is AccessAction {
  return ACTIONS.has(verb)
}

/** A table that cannot be used: the answer that Postfix puts in its place, before the subject is known to be at fault. */
export function tableFault(subject: Subject): Verdict {
  // Postfix feeds "451 4.3.5 Server configuration error" through check_table_result for access tables, whatever the cause.
  return {
    kind: 'reject',
    reply: {
      code: 451,
      detail: '3.5',
      text: `<${subject.name}>: ${subject.class} rejected: Server configuration error`,
    },
  }
}

/** A parameter's maps that cannot be used (Postfix check_mail_addr_find). */
export function mapsFault(reason: string, name: string): Verdict {
  return reason.startsWith('configuration:') ? SERVER_ERROR : lookupFailure(name)
}

/** The same where the reply names what the list is about (Postfix generic_checks, status < 0). */
export function listFault(reason: string): Verdict {
  return reason.startsWith('configuration:') ? SERVER_ERROR : LIST_LOOKUP_FAILURE
}

interface AccessReplyParts {
  readonly code: number
  readonly text: string
  readonly fallback: string
  readonly origin: AccessOrigin
  readonly ask: Ask
}

/** "<name>: class rejected: text", with the enhanced status that may stand before the text. */
function accessReply({ code, text, fallback, origin, ask }: AccessReplyParts): Reply {
  const { subject } = origin
  const { status, rest } = splitStatus(text)
  return {
    code,
    detail: fixDetail(status ?? { class: code < 500 ? '4' : '5', detail: '7.1' }, subject, ask),
    text: `<${subject.name}>: ${subject.class} rejected: ${rest === '' ? fallback : rest}`,
  }
}

export interface Status {
  readonly class: string
  readonly detail: StatusDetail
}

/** "4.7.1 text" into status and text (Postfix dsn_split; RFC 3463 2). Without a valid status all is text. */
export function splitStatus(text: string): { status: Status | null; rest: string } {
  const trimmed = text.replace(/^\s+/, '')
  const m = /^([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)\s*/.exec(trimmed)
  if (m === null) return { status: null, rest: trimmed }
  const [all, digit = '5', subject, number] = m
  // Digits and a dot; "07.1" stays as it was written.
  const detail = `${subject}.${number}` as StatusDetail
  return { status: { class: digit, detail }, rest: trimmed.slice(all.length) }
}

/** x.1.N of the sender, and of the recipient (Postfix smtpd_dsn_fix: the same digit means another thing on the other side). */
const SENDER_DETAIL: Readonly<Record<string, StatusDetail>> = {
  '1': '1.7',
  '2': '1.8',
  '3': '1.7',
  '4': '1.7',
  '5': '1.0',
  '6': '1.7',
  '7': '1.7',
  '8': '1.8',
}
const RECIPIENT_DETAIL: Readonly<Record<string, StatusDetail>> = {
  '1': '1.1',
  '2': '1.2',
  '3': '1.3',
  '4': '1.4',
  '5': '1.5',
  '6': '1.6',
  '7': '1.3',
  '8': '1.2',
}

/** Makes an address status (x.1.N) fit what is being rejected. */
export function fixDetail(status: Status, subject: Subject, ask: Pick<Ask, 'info'>): StatusDetail {
  const [area, digit = '0'] = status.detail.split('.')
  if (area !== '1') return status.detail
  const fixed =
    subject.class === 'Sender address'
      ? (SENDER_DETAIL[digit] ?? '1.0')
      : subject.class === 'Recipient address'
        ? (RECIPIENT_DETAIL[digit] ?? '1.0')
        : '0.0'
  if (fixed !== status.detail)
    ask.info(
      `mapping DSN status ${status.class}.${status.detail} into ${subject.class} status ${status.class}.${fixed}`,
    )
  return fixed
}
