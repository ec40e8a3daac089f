/** Lines that are rare, strange or hostile, for log_generator.ts. */
import { delay, person, type Teller } from './log_stories.ts'

export function* oddLines(teller: Teller): Generator<string> {
  const { random, pick } = teller
  const { host, sender } = person(teller)
  const id = pick([teller.queueId(), teller.queueId(), '1234567AB', 'NOQUEUE', 'warning', 'from=<a>'])
  const address = pick(ADDRESSES)
  const timing = `delay=${delay(teller)}, delays=0/0/0/0`
  const lines: readonly [() => string, ...(() => string)[]] = [
    () =>
      `postfix/qmgr[700]: ${id}: from=<${address}>, size=${pick(['0', '10', '5000000000', '007'])}, nrcpt=1 (queue active)`,
    () => `postfix/smtpd[${random.below(9)}]: ${id}: client=${pick(CLIENTS)}`,
    () =>
      `postfix/smtp[1]: ${id}: to=<${address}>, relay=x.example[192.0.2.9]:25, ${timing}, dsn=2.0.0, status=sent (250 from=<a@b.example>, size=12)`,
    () =>
      `postfix/smtp[1]: ${id}: to=<${address}>, relay=x, ${pick(['delay=1e2', 'delay=.5', 'delay=abc', 'delay=3600.5', 'delay=0.25'])}, status=${pick(['sent', 'deferred', 'bounced', 'undeliverable'])}${pick(['', ' ()', ' (ok)', ' (a (b) c)', ' (forwarded as 123)'])}`,
    () =>
      `postfix/pipe[1]: ${id}: to=<${address}>, orig_to=<${pick(ADDRESSES)}>, relay=filter, ${timing}, dsn=2.0.0, status=sent (delivered via filter service (all: very: long: text that said: it is longer than sixty-five characters))`,
    () =>
      `postfix/error[1]: ${id}: to=<${address}>, relay=none, ${timing}, dsn=4.4.3, status=deferred (delivery temporarily suspended: Host or domain name not found. Name service error for name=${pick(['a', 'b', 'c'])}.example type=MX: Host not found, try again)`,
    () => `postfix/smtp[1]: ${id}: host x said: 452 4.2.2 (connect to y.example: timeout; address 192.0.2.3 port 25)`,
    () => `postfix/smtp[1]: warning: no MX host for ${pick(ADDRESSES)} has a valid address record`,
    () => `postfix/smtp[1]: connect to ${pick(['a.example', 'B.example'])}[192.0.2.4]: Connection Refused (port 25)`,
    () =>
      `postfix/cleanup[1]: ${id}: message-id=<${pick(['a@b', 'x reject: header y', 'from=<q@q>, size=9', 'to=<q@q>, relay=x, delay=1, status=sent (x)', ''])}>`,
    () =>
      `postfix/cleanup[1]: ${id}: ${pick(['reject', 'warning', 'hold'])}: header ${pick(['Subject: \u00fc', 'X: a', 'From: b; from=<x>'])}${' long'.repeat(random.below(20))}; from=<${sender}>: text`,
    () =>
      `postfix/smtpd[1]: ${id}: ${pick(['reject', 'hold', 'discard', 'reject_warning'])}: ${pick(['RCPT', 'DATA', 'MAIL', 'ETRN', 'EHLO'])} from ${pick(CLIENTS)}: ${pick(ODD_REASONS)}; from=<${address}> to=<${pick(ADDRESSES)}> proto=SMTP helo=<x>`,
    () => `postfix/smtpd[1]: reject: RCPT from ${host}: 550 <${address}>: User unknown ; from=<${sender}>`,
    () =>
      `postfix/smtpd[1]: NOQUEUE: reject: RCPT from ${host}: 550 5.1.1 <${address}>: Recipient address rejected: x; to=<${pick(ADDRESSES)} proto=SMTP`,
    () => `postfix/smtpd[1]: connect from [1]: x: client=y[192.0.2.5]`,
    () => `postfix/smtpd[${random.below(9)}]: disconnect from ${host}`,
    () => `postfix/smtpd[${random.below(9)}]: connect from ${host}`,
    () =>
      `postfix/smtpd[1]: ${pick(['fatal', 'panic', 'warning', 'error'])}: ${pick(['x', 'warning: fatal: y', 'a'.repeat(90), 'open /etc/x: No such file'])}`,
    () => `postfix/trivial-rewrite[1]: ${pick(['fatal: ', 'panic: ', ''])}proxy: ${id} from=<${address}>, size=1`,
    () =>
      `postfix/master[1]: ${pick(['daemon started -- version 3.7.11, configuration /etc/postfix', 'reload -- version 3.7.11', 'terminating on signal 15', 'warning: process /usr/lib/postfix/smtpd pid 1 exit status 1', 'x: '])}`,
    () => `postfix/postfix-script[1]: ${pick(['starting the Postfix mail system', 'stopping', 'fatal: x'])}`,
    () => `postfix-script[1]: refreshing the Postfix mail system`,
    () => `postfix[1]: ${pick(['error', 'fatal: usage'])}: x`,
    () => `postfix-out/smtp[1]: ${id}: to=<${address}>, relay=x, ${timing}, dsn=2.0.0, status=sent (ok)`,
    () => `postfix/smtpd[1]: [ID 197553 mail.info] ${id}: client=${host}`,
    () => `postfix/pickup[1]: ${id}: ${pick(['uid=0 from=<x>', 'sender=x', 'warning: y', 'uid=1 from=<a>, size=4'])}`,
    () => `postfix/postscreen[1]: ${pick(['PASS NEW', 'WHITELISTED', 'HANGUP after 0.1 from'])} [192.0.2.1]:1234`,
    () => `postfix/bounce[1]: ${id}: sender non-delivery notification: ${teller.queueId()}`,
    () => `postfix/smtpd[1]:  two blanks: here`,
    () => `postfix/smtpd: ${id}: client=${host}`,
    () => `kernel: postfix/smtpd[1]: ${id}: client=${host}`,
    () => `postfix/smtpd[1]: Untrusted TLS connection established from ${host}: TLSv1`,
    () => `last message repeated 2 times`,
  ]
  for (let i = random.below(3); i >= 0; i--) yield pick(lines)()
}

const ADDRESSES = [
  'a@b.example',
  'A@B.Example',
  '',
  '0',
  'nobody',
  '@b.example',
  'a@',
  'a@b@C',
  'x!y!z@W',
  'h!U@dom',
  '"a b"@c.example',
  '"a,b"@c.example',
  'a@[192.0.2.1]',
  '\u00fcml\u00e4ut@x.example',
  'J\u00c3\u0096RG@\u00c3\u0096.example',
  'return-5-x=y.z@l.example',
  'sentto-12-34-5-a=b@Y.com',
  'bounce-99_7.8@n.example',
  'a<b@c.example',
  'SRS0=ab=cd=d.example=u@f.example',
  ' lead@x.example',
  'a-1-b=c*d@x.example',
] as const
const CLIENTS = [
  'unknown[192.0.2.1]',
  'a.b.co.uk[192.0.2.2]',
  'A.B.COM[192.0.2.3]',
  'x[2001:db8::1]',
  'host.example/192.0.2.4',
  'localhost[127.0.0.1]',
  '0[192.0.2.9]',
  'nothing',
  '',
  ',',
  '[192.0.2.6]',
  'unknown[unknown]',
  'h.d.de[192.0.2.7]:1234',
  'pickup[192.0.2.8]',
  'a.museum[192.0.2.9], x',
] as const
const ODD_REASONS = [
  '503 Improper use of SMTP command pipelining',
  '503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining',
  '550 Protocol error',
  '550 5.5.1 Protocol error; x',
  '554 <a>: b>: c: d',
  '550 5.7.1 Client host rejected: a, b; c',
  '450 4.1.1 <x@y>: Recipient address rejected: unverified address: host z said: 550 no',
  '550 x',
  '',
  '554 Service unavailable; Sender address [a@b] blocked using rhsbl',
  '554 5.7.1 <x>: Sender address rejected: Access denied: y',
  '550 5.1.0 [z] a: b; c, d',
] as const
