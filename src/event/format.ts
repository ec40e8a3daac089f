import { hideListKeys } from '../config/list_key.ts'
import { quoteAddress } from '../mail/address.ts'
import type { CommandCounts, ContentEvent, Event, StandIn, VerdictEvent } from '../model/event.ts'

/** A log line without time and host. `text` has no line breaks. */
export interface LogLine {
  /** Postfix's program: "smtpd", "cleanup", "smtp", … */
  readonly daemon: string
  readonly severity: 'info' | 'warning' | 'error' | 'crit'
  readonly text: string
}

export interface FormatOptions {
  /** info_log_address_format: "external" quotes local parts where RFC 5322 wants it. */
  readonly addressFormat: 'external' | 'internal'
  /** Postfix 3.10 puts the queue id before "lost connection" and the SASL names behind a reject; 3.7 does not. */
  readonly queueIdOfLost: boolean
  /** smtputf8_enable; without it every byte outside ASCII is shown as "?". */
  readonly utf8: boolean
}

const DEFAULTS: FormatOptions = { addressFormat: 'external', queueIdOfLost: false, utf8: true }

/** The line that a real Postfix would write. */
export function formatEvent(event: Event, options: FormatOptions = DEFAULTS): LogLine {
  const line = plainLine(event, options)
  // Nearly all lines: nothing to replace in them.
  const isPlain = !/[^ -~]/.test(line.text)
  const text = hideListKeys(isPlain ? line.text : printableText(line.text))
  const shown = isPlain || options.utf8 ? text : text.replace(/[^ -~]/gu, char => '?'.repeat(Buffer.byteLength(char)))
  return { daemon: line.daemon, severity: line.severity, text: cut(shown) }
}

/** Programs that are not Postfix's: their lines bear their bare names. */
const STAND_INS: ReadonlySet<string> = new Set<StandIn>([
  'policyd-spf',
  'postgrey',
  'postern',
  'postern/policy',
  'postern/dmarc',
  'postern/report',
  'postern/milter',
  'opendkim',
  'opendmarc',
])

/** "postfix/smtpd", or "policyd-spf". */
export function programName(name: string, daemon: string): string {
  return STAND_INS.has(daemon) ? daemon : `${name}/${daemon}`
}

/** "postfix/smtpd[4711]: connect from …" */
export function formatLogLine(
  event: Event,
  { pid, name = 'postfix', options = DEFAULTS }: { pid: number; name?: string; options?: FormatOptions },
): string {
  const { daemon, text } = formatEvent(event, options)
  return `${programName(name, daemon)}[${pid}]: ${text}`
}

/** Postfix msg_syslog(3), msg_logger(3): longer records are cut, so that no log daemon chokes on them. */
const RECORD_LIMIT = 2000

function cut(text: string): string {
  // UTF-8 has three bytes at most for each unit of UTF-16.
  if (text.length * 3 <= RECORD_LIMIT || Buffer.byteLength(text) <= RECORD_LIMIT) return text
  return Buffer.from(text)
    .subarray(0, RECORD_LIMIT)
    .toString()
    .replace(/\ufffd$/, '')
}

/** Postfix msg(3): nothing that a client said can begin a new line or hide one. */
function printableText(text: string): string {
  return text.replace(/[\x00-\x1f\x7f\u{d800}-\u{dfff}]/gu, '?')
}

function plainLine(event: Event, options: FormatOptions): LogLine {
  switch (event.kind) {
    case 'connect':
      return smtpd(`connect from ${event.client}`)
    case 'disconnect':
      return smtpd(
        `disconnect from ${event.client}${commandCounts(event.commands)}${event.notes === undefined ? '' : ` notes=${event.notes}`}`,
      )
    case 'lost_connection':
    case 'timeout':
    case 'too_many_errors': {
      const id = options.queueIdOfLost ? `${event.queueId ?? 'NOQUEUE'}: ` : ''
      return smtpd(`${id}${event.kind.replaceAll('_', ' ')} after ${event.after} from ${event.client}`)
    }
    case 'verdict':
      return { daemon: event.daemon ?? 'smtpd', severity: 'info', text: verdictText(event, options) }
    case 'content':
      return { daemon: 'cleanup', severity: 'info', text: contentText(event, options) }
    case 'accept_client':
      return smtpd(acceptText(event))
    case 'message_id':
      return { daemon: 'cleanup', severity: 'info', text: `${event.queueId}: message-id=${event.messageId}` }
    case 'delivery':
      return { daemon: deliveryDaemon(event.relay), severity: 'info', text: deliveryText(event, options) }
    case 'auth_failure':
      return { daemon: 'smtpd', severity: 'warning', text: `warning: ${authFailure(event)}` }
    case 'screened':
      return { daemon: 'postscreen', severity: 'info', text: screenedText(event) }
    case 'queued':
    case 'removed':
      return { daemon: 'qmgr', severity: 'info', text: queueText(event, options) }
    case 'info':
      return { daemon: event.daemon ?? 'smtpd', severity: 'info', text: event.text }
    case 'warning':
    case 'error':
    case 'fatal':
      return {
        daemon: event.daemon ?? 'smtpd',
        severity: event.kind === 'fatal' ? 'crit' : event.kind,
        text: `${event.kind}: ${event.text}`,
      }
  }
}

function authFailure(event: Extract<Event, { kind: 'auth_failure' }>): string {
  const user = event.username === null ? '' : `, sasl_username=${event.username}`
  return `${event.client}: SASL ${event.method} authentication failed: ${event.reason}${user}`
}

/** "PREGREET 14 after 0.2 from [192.0.2.1]:2525: EHLO x", "PASS NEW [192.0.2.1]:2525". */
function screenedText({ what, client, text }: Extract<Event, { kind: 'screened' }>): string {
  return `${what} ${client}${text}`
}

function queueText(event: Extract<Event, { kind: 'queued' | 'removed' }>, options: FormatOptions): string {
  if (event.kind === 'removed') return `${event.queueId}: removed`
  const { queueId, sender, size, recipients } = event
  return `${queueId}: from=<${address(sender, options)}>, size=${size}, nrcpt=${recipients} (queue active)`
}

function smtpd(text: string): LogLine {
  return { daemon: 'smtpd', severity: 'info', text }
}

function address(text: string, options: FormatOptions): string {
  return options.addressFormat === 'external' ? quoteAddress(text) : text
}

/** " ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4" */
function commandCounts(commands: CommandCounts): string {
  let good = 0
  let total = 0
  let text = ''
  for (const [name, count] of commands) {
    good += count.good
    total += count.total
    text += ` ${name}=${count.good}${count.good === count.total ? '' : `/${count.total}`}`
  }
  return `${text} commands=${good}${good !== total || total === 0 ? `/${total}` : ''}`
}

function verdictText(event: VerdictEvent, options: FormatOptions): string {
  const parts = [`${event.queueId ?? 'NOQUEUE'}: ${event.whatsup}: ${event.where} from ${event.client}: ${event.text};`]
  if (event.sender !== null) parts.push(`from=<${address(event.sender, options)}>`)
  if (event.recipient !== null) parts.push(`to=<${address(event.recipient, options)}>`)
  if (event.protocol !== null) parts.push(`proto=${event.protocol}`)
  if (event.helo !== null) parts.push(`helo=<${event.helo}>`)
  return parts.join(' ')
}

/** Postfix cleanup_act_log. */
function contentText(event: ContentEvent, options: FormatOptions): string {
  const parts = [
    `${event.queueId}: ${event.action}: ${event.place} ${event.content.slice(0, 200)} from ${event.client};`,
  ]
  parts.push(`from=<${address(event.sender, options)}>`)
  if (event.recipient !== null) parts.push(`to=<${address(event.recipient, options)}>`)
  parts.push(`proto=${event.protocol}`)
  if (event.helo !== null) parts.push(`helo=<${event.helo}>`)
  return `${parts.join(' ')}${event.text === '' ? '' : `: ${event.text}`}`
}

function acceptText(event: Extract<Event, { kind: 'accept_client' }>): string {
  const parts = [`${event.queueId}: client=${event.client}`]
  if (event.sasl !== null) {
    parts.push(`sasl_method=${event.sasl.method}`, `sasl_username=${event.sasl.username}`)
  }
  const saslSender = event.sasl?.sender ?? event.saslSender ?? ''
  if (saslSender !== '') parts.push(`sasl_sender=${saslSender}`)
  if (event.origQueueId !== undefined) parts.push(`orig_queue_id=${event.origQueueId}`)
  if (event.origClient !== undefined) parts.push(`orig_client=${event.origClient}`)
  return parts.join(', ')
}

/** Which of Postfix's delivery agents would have done it. */
function deliveryDaemon(relay: string): string {
  if (relay === 'none') return 'discard'
  return relay.startsWith('maildir') || relay.startsWith('virtual') ? 'virtual' : 'smtp'
}

function deliveryText(event: Extract<Event, { kind: 'delivery' }>, options: FormatOptions): string {
  const delay = formatDelay(event.delaySeconds)
  const fields = [
    `to=<${address(event.recipient, options)}>`,
    `relay=${event.relay}`,
    `delay=${delay}`,
    // Without a queue all of the time is spent with the client and the next hop.
    `delays=${delay}/0/0/0`,
    `dsn=${event.dsn}`,
    `status=${event.status} (${event.text})`,
  ]
  return `${event.queueId}: ${fields.join(', ')}`
}

/** Postfix format_tv: two significant digits, at most two after the point: "0.05", "1.4", "12". */
function formatDelay(seconds: number): string {
  if (seconds < 0.005) return '0'
  if (seconds >= 10) return String(Math.round(seconds))
  return String(Number(seconds.toFixed(seconds < 1 ? 2 : 1)))
}
