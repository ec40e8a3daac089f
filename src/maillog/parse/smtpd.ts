/** Lines of smtpd, Postfix 2.x to 3.10 and ours. */
import type { CommandCounts, Event } from '../../model/event.ts'
import { CLIENT, type Groups, type LineEntry, line, QUEUE_ID, WHERE } from './line_entry.ts'
import { verdictEntries } from './verdict.ts'

/** From Postfix 3.10 on the queue id stands before it (its release notes, 20250105). */
const ABNORMAL = line(
  '(?:',
  QUEUE_ID,
  ': )?(?<what>lost connection|timeout|too many errors) after ',
  WHERE,
  ' from ',
  CLIENT,
  '$',
)

const ENDINGS = {
  'lost connection': 'lost_connection',
  timeout: 'timeout',
  'too many errors': 'too_many_errors',
} as const

function isEnding(what: string): what is keyof typeof ENDINGS {
  return Object.hasOwn(ENDINGS, what)
}

function abnormalEnd({ id, what = '', where = '', client = '' }: Groups): Event | null {
  if (!isEnding(what)) return null
  return { kind: ENDINGS[what], after: where, client, queueId: id === undefined || id === 'NOQUEUE' ? null : id }
}

/** "ehlo=1 mail=1 rcpt=0/1"; Postfix before 3.0 counts nothing. */
function commandCounts(text: string): CommandCounts {
  const counts = new Map<string, { readonly good: number; readonly total: number }>()
  for (const [, name = '', good, total] of text.matchAll(/([a-z]+)=(\d+)(?:\/(\d+))?/g))
    if (name !== 'commands') counts.set(name, { good: Number(good), total: Number(total ?? good) })
  return counts
}

function disconnect({ client = '', counts = '', notes }: Groups): Event {
  return { kind: 'disconnect', client, commands: commandCounts(counts), ...(notes === undefined ? {} : { notes }) }
}

function acceptClient({ id = '', client = '', rest = '' }: Groups): Event {
  const fields = new Map<string, string>()
  for (const [, name = '', value = ''] of rest.matchAll(/, (\w+)=((?:(?!, \w+=).)*)/g)) fields.set(name, value)
  const method = fields.get('sasl_method')
  const saslSender = fields.get('sasl_sender')
  const origClient = fields.get('orig_client')
  const origQueueId = fields.get('orig_queue_id')
  const sasl =
    method === undefined ? null : { method, username: fields.get('sasl_username') ?? '', sender: saslSender ?? '' }
  return {
    ...{ kind: 'accept_client', queueId: id, client, sasl },
    ...(sasl === null && saslSender !== undefined ? { saslSender } : {}),
    ...(origClient === undefined ? {} : { origClient }),
    ...(origQueueId === undefined ? {} : { origQueueId }),
  }
}

/** The mechanism and the user name are what the client wrote; the address before them is the connection's. */
function authFailure({ client = '', method = '', reason = '', user }: Groups): Event {
  return { kind: 'auth_failure', client, method, reason, username: user ?? null }
}

export const smtpdEntries: readonly LineEntry[] = [
  {
    example: 'connect from mx.example[192.0.2.1]',
    pattern: line('connect from ', CLIENT, '$'),
    event: ({ client = '' }) => ({ kind: 'connect', client }),
  },
  {
    example: 'disconnect from mx.example[192.0.2.1]:48123 ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4',
    pattern: line('disconnect from ', CLIENT, '(?<counts>(?: [a-z]+=\\d+(?:/\\d+)?)*)(?: notes=(?<notes>.*))?$'),
    event: disconnect,
  },
  { example: 'lost connection after AUTH from unknown[192.0.2.1]', pattern: ABNORMAL, event: abnormalEnd },
  { example: 'NOQUEUE: lost connection after AUTH from unknown[192.0.2.1]', pattern: ABNORMAL, event: abnormalEnd },
  {
    example: '4gKz1: timeout after DATA (12 bytes) from unknown[2001:db8::1]:77',
    pattern: ABNORMAL,
    event: abnormalEnd,
  },
  { example: 'too many errors after UNKNOWN from unknown[192.0.2.1]', pattern: ABNORMAL, event: abnormalEnd },
  ...verdictEntries('smtpd', [
    'NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <b@y.example>: Relay access denied; from=<a@x.example> to=<b@y.example> proto=ESMTP helo=<h>',
    'NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 450 4.7.1 Try later; from=<a@x> to=<b@y> proto=ESMTP helo=<h> sasl_method=PLAIN sasl_username=joe',
    '4gKz1: reject_warning: RCPT from unknown[192.0.2.1]: 450 4.7.1 Client host rejected; from=<> to=<b@y.example> proto=ESMTP helo=<h>',
    'NOQUEUE: reject: CONNECT from unknown[192.0.2.1]: 554 5.7.1 Service unavailable; proto=SMTP',
    'NOQUEUE: hold: RCPT from unknown[192.0.2.1]: <b@y.example>: Recipient address triggers HOLD action; from=<a@x> to=<b@y> proto=SMTP helo=<h>',
  ]),
  {
    example: '4gKz1: client=mx.example[192.0.2.1], sasl_method=PLAIN, sasl_username=joe',
    pattern: line(QUEUE_ID, ': client=', CLIENT, '(?<rest>(?:, \\w+=.*)?)$'),
    event: acceptClient,
  },
  {
    example: 'warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6',
    pattern: line(
      'warning: ',
      CLIENT,
      ': SASL (?<method>.{0,100}?) authentication (?:failed|failure): (?<reason>.*?)(?:, sasl_username=(?<user>.*))?$',
    ),
    event: authFailure,
  },
  {
    example: 'warning: unknown[192.0.2.1]: SASL LOGIN authentication aborted',
    pattern: line('warning: ', CLIENT, ': SASL (?<method>.{0,100}?) authentication (?<reason>aborted)$'),
    event: authFailure,
  },
  {
    example: 'bare <LF> received after CONNECT from mx.example[192.0.2.1]',
    pattern: line('bare <(?:LF|CR)> received after ', WHERE, ' from ', CLIENT),
  },
  {
    example: 'improper command pipelining after EHLO from unknown[192.0.2.1]: x',
    pattern: line('improper command pipelining after ', WHERE, ' from ', CLIENT),
  },
  {
    example: 'setting up TLS connection from unknown[192.0.2.1]',
    pattern: line('setting up TLS connection from ', CLIENT, '$'),
  },
  {
    example:
      'Anonymous TLS connection established from mx.example[192.0.2.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)',
    pattern: line('(?:(?:Anonymous|Trusted|Untrusted|Verified) )?TLS connection established from ', CLIENT, ': '),
  },
  {
    example: 'SSL_accept error from unknown[192.0.2.1]: lost connection',
    pattern: line('SSL_accept error from ', CLIENT, ': '),
  },
  { example: 'SSL_accept:error in error', pattern: /^SSL_accept(?: error|:)/ },
  {
    example: 'NOQUEUE: abort: TLS from unknown[192.0.2.1]: No client certificate presented',
    pattern: line('NOQUEUE: abort: TLS from ', CLIENT, ': '),
  },
  { example: 'discarding EHLO keywords: CHUNKING', pattern: /^discarding EHLO keywords: / },
  {
    example: 'proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok; from=<a@x> to=<b@y> proto=ESMTP helo=<h>',
    pattern: /^(?:\w+: )?proxy-(?:accept|reject): /,
  },
  {
    example: 'using backwards-compatible default setting smtputf8_enable=no',
    pattern: /^using backwards-compatible default setting /,
  },
  { example: '4gKz1: replace: header Subject: x from localhost[127.0.0.1]', pattern: line(QUEUE_ID, ': replace: ') },
  { example: 'initializing the server-side TLS engine', pattern: /^initializing the server-side TLS engine/ },
  {
    example: 'table hash:/etc/postfix/access(0,lock|fold_fix) has changed -- restarting',
    pattern: /^table .* has changed -- restarting$/,
  },
]
