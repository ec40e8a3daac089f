/** Lines about messages in the queue: cleanup, qmgr, bounce and those that deliver. */
import type { ContentEvent, Event } from '../../model/event.ts'
import { CLIENT, type Groups, type LineEntry, line, QUEUE_ID, unquote } from './line_entry.ts'
import { verdictEntries } from './verdict.ts'

/** All that ContentEvent knows. */
const ACTIONS: Readonly<Record<ContentEvent['action'], true>> = {
  ...{ reject: true, warning: true, info: true, filter: true, pass: true, discard: true, hold: true, prepend: true },
  ...{ replace: true, redirect: true, bcc: true, strip: true },
}

function isAction(word: string): word is ContentEvent['action'] {
  return Object.hasOwn(ACTIONS, word)
}

function isPlace(word: string): word is ContentEvent['place'] {
  return word === 'header' || word === 'body' || word === 'content'
}

/** The content is what a stranger wrote: its client is looked for from the end. */
const CONTENT = line(
  QUEUE_ID,
  `: (?<action>${Object.keys(ACTIONS).join('|')}): (?<place>header|body|content) (?<content>.*) from `,
  CLIENT,
  '; from=<(?<from>.*?)>(?: to=<(?<to>.*?)>)? proto=(?<proto>\\S*)(?: helo=<(?<helo>[^>]*)>)?(?:: (?<text>.*))?$',
)

function contentEvent(groups: Groups): Event | null {
  const {
    id = '',
    action = '',
    place = '',
    content = '',
    client = '',
    from = '',
    to,
    proto = '',
    helo,
    text = '',
  } = groups
  if (!isAction(action) || !isPlace(place)) return null
  return {
    ...{ kind: 'content', action, queueId: id, place, content, client },
    ...{ sender: unquote(from), recipient: to === undefined ? null : unquote(to) },
    ...{ protocol: proto, helo: helo ?? null, text },
  }
}

export const cleanupEntries: readonly LineEntry[] = [
  {
    example: '4gKz1: message-id=<1@x.example>',
    pattern: line(QUEUE_ID, ': message-id=(?<text>.*)$'),
    event: ({ id = '', text = '' }) => ({ kind: 'message_id', queueId: id, messageId: text }),
  },
  {
    example:
      '4gKz1: reject: header Subject: x from mx.example[192.0.2.1]; from=<a@x> to=<b@y> proto=ESMTP helo=<h>: 5.7.1 no',
    pattern: CONTENT,
    event: contentEvent,
  },
  ...verdictEntries('cleanup', [
    '4gKz1: milter-reject: END-OF-MESSAGE from mx.example[192.0.2.1]: 5.7.1 Spam; from=<a@x> to=<b@y> proto=ESMTP helo=<h>',
    '4gKz1: milter-hold: END-OF-MESSAGE from mx.example[192.0.2.1]: milter triggers HOLD action; from=<a@x> to=<b@y> proto=ESMTP helo=<h>',
  ]),
  {
    example: '4gKz1: warning: header Subject: x from local; from=<a@x>',
    pattern: line(
      QUEUE_ID,
      ': (?:warning|reject|hold|discard|info|prepend|replace|strip|filter|redirect|bcc|pass): (?:header|body|content|mime-error) ',
    ),
  },
  {
    example: '4gKz1: milter-discard: END-OF-MESSAGE from mx.example[192.0.2.1]: x',
    pattern: line(QUEUE_ID, ': milter-[a-z-]+: '),
  },
  { example: '4gKz1: resent-message-id=<1@x>', pattern: line(QUEUE_ID, ': resent-message-id=') },
  // From Postfix 3.10 on (its release notes, 20241104).
  {
    example: '4gKz1: canceled',
    pattern: line(QUEUE_ID, ': (?:canceled|discarded|removed \\((?:canceled|discarded)\\))$'),
  },
  {
    example: 'table hash:/etc/postfix/virtual(0,lock|fold_fix) has changed -- restarting',
    pattern: /^table .* has changed -- restarting$/,
  },
]

export const qmgrEntries: readonly LineEntry[] = [
  {
    example: '4gKz1: from=<a@x.example>, size=2048, nrcpt=1 (queue active)',
    pattern: line(QUEUE_ID, ': from=<(?<from>.*?)>, size=(?<size>\\d+), nrcpt=(?<count>\\d+) \\(queue [a-z]+\\)$'),
    event: ({ id = '', from = '', size, count }) => ({
      ...{ kind: 'queued', queueId: id, sender: unquote(from), size: Number(size), recipients: Number(count) },
    }),
  },
  {
    example: '4gKz1: removed',
    pattern: line(QUEUE_ID, ': removed$'),
    event: ({ id = '' }) => ({ kind: 'removed', queueId: id }),
  },
  {
    example: '4gKz1: from=<a@x>, status=expired, returned to sender',
    pattern: line(QUEUE_ID, ': from=<.*>, status=(?:force-)?expired, returned to sender$'),
  },
  { example: '4gKz1: skipped, still being delivered', pattern: line(QUEUE_ID, ': skipped, still being delivered$') },
  { example: '4gKz1: enabling VERP for sender "a@x"', pattern: line(QUEUE_ID, ': enabling VERP for sender ') },
]

/** Fields from the front: the agent's answer at the end is a stranger's. Postfix before 2.3 has no delays and no dsn, that of 3.11 says how TLS was. */
const DELIVERY = line(
  QUEUE_ID,
  ': to=(?:<(?<to>.*?)>|(?<bare>[^\\s<>,]+)), (?:orig_to=(?:<.*?>|[^\\s<>,]+), )?relay=(?<relay>[^,]*), (?:conn_use=\\d+, )?',
  'delay=(?<delay>[\\d.]+), (?:delays=[\\d./]+, )?(?:tls=[^,\\s]*, )?(?:dsn=(?<dsn>[\\d.]+), )?',
  'status=(?<status>[\\w-]+)(?: \\((?<text>.*)\\))?$',
)

function deliveryEvent(groups: Groups): Event | null {
  const { id = '', bare = '', to = bare, relay = '', delay, dsn = '', status, text = '' } = groups
  if (status !== 'sent' && status !== 'deferred' && status !== 'bounced') return null
  return {
    ...{ kind: 'delivery', queueId: id, sender: '', recipient: unquote(to), relay, dsn, status, text },
    delaySeconds: Number(delay),
  }
}

export const deliveryEntries: readonly LineEntry[] = [
  {
    example:
      '4gKz1: to=<b@y.example>, orig_to=<c@y.example>, relay=mx[192.0.2.1]:25, conn_use=2, delay=0.3, delays=0.1/0/0.1/0.1, dsn=2.0.0, status=sent (250 ok)',
    pattern: DELIVERY,
    event: deliveryEvent,
  },
  {
    example:
      '4gKz1: to=<b@y>, relay=mx[192.0.2.1]:25, delay=1, delays=1/0/0/0, tls=dane/requiretls, dsn=2.0.0, status=sent (250 ok)',
    pattern: DELIVERY,
    event: deliveryEvent,
  },
  {
    example: '4gKz1: to=b@y.example, orig_to=root@localhost, relay=local, delay=1, dsn=2.0.0, status=sent (delivered)',
    pattern: DELIVERY,
    event: deliveryEvent,
  },
  {
    example: '4gKz1: SASL authentication failed; server mx.example[192.0.2.1] said: 535 5.7.8 no',
    pattern: line(QUEUE_ID, ': SASL authentication failed; '),
  },
  {
    example: '4gKz1: to=<b@y.example>, relay=local, delay=3, status=bounced (unknown user: "b")',
    pattern: DELIVERY,
    event: deliveryEvent,
  },
  {
    example: '4gKz1: to=<b@y>, relay=mx[192.0.2.1]:25, delay=1, delays=1/0/0/0, dsn=2.1.5, status=deliverable (250 ok)',
    pattern: DELIVERY,
  },
  { example: 'connect to mx.example[192.0.2.1]:25: Connection timed out', pattern: /^connect to \S+: / },
  {
    example: '4gKz1: host mx.example[192.0.2.1] said: 450 4.7.1 later (in reply to RCPT TO command)',
    pattern: line(QUEUE_ID, ': host \\S+ (?:said|refused to talk to me): '),
  },
  {
    example: '4gKz1: lost connection with mx.example[192.0.2.1] while sending RCPT TO',
    pattern: line(QUEUE_ID, ': (?:lost connection|conversation) with \\S+ '),
  },
  {
    example: '4gKz1: enabling PIX workarounds: disable_esmtp for mx[192.0.2.1]:25',
    pattern: line(QUEUE_ID, ': enabling PIX workarounds: '),
  },
  { example: '4gKz1: breaking line > 998 bytes with <CR><LF>SPACE', pattern: line(QUEUE_ID, ': breaking line > ') },
  { example: '4gKz1: replace: header Received: x', pattern: line(QUEUE_ID, ': [a-z]+: (?:header|body|content) ') },
  {
    example:
      'Verified TLS connection established to mx.example[192.0.2.1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)',
    pattern: /^(?:(?:Anonymous|Trusted|Untrusted|Verified) )?TLS connection established to \S+: /,
  },
  { example: 'setting up TLS connection to mx.example[192.0.2.1]:25', pattern: /^setting up TLS connection to / },
  {
    example: 'SSL_connect error to mx.example[192.0.2.1]:25: Connection reset by peer',
    pattern: /^SSL_connect error to /,
  },
  {
    example: 'certificate verification failed for mx.example[192.0.2.1]:25: untrusted issuer',
    pattern: /^(?:server )?certificate verification failed for /,
  },
  { example: 'host mx.example[192.0.2.1] offers SMTPUTF8 support, but not 8BITMIME', pattern: /^host \S+ offers / },
  {
    example: 'using backwards-compatible default setting smtp_tls_security_level=(empty)',
    pattern: /^using backwards-compatible default setting /,
  },
]

export const bounceEntries: readonly LineEntry[] = [
  {
    example: '4gKz1: sender non-delivery notification: 4gKz2',
    pattern: line(QUEUE_ID, ': (?:sender|postmaster) (?:non-delivery|delay|delivery status) notification: '),
  },
  {
    example: '4gKz1: not sending trace/success notification for double-bounce message',
    pattern: line(QUEUE_ID, ': (?:not sending|no) trace'),
  },
]

export const pickupEntries: readonly LineEntry[] = [
  { example: '4gKz1: uid=1000 from=<joe>', pattern: line(QUEUE_ID, ': uid=\\d+ from=<.*>(?: orig_id=\\w+)?$') },
]
