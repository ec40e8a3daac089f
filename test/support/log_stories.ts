/** What a mail server logs on a common day, for log_generator.ts. A story gives its lines from the program's name on. */
import { type Random, seededRandom } from '../../src/util/random.ts'

export interface Teller {
  readonly random: Random
  pick<T>(of: readonly [T, ...T[]]): T
  queueId(): string
}

export interface Person {
  readonly host: string
  readonly address: string
  readonly sender: string
}

const TLDS = ['com', 'org', 'net', 'de', 'co.uk', 'example', 'info', 'com.au'] as const
const WORDS = ['alpha', 'Bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliett'] as const
const LOCALS = [
  'anna',
  'Bert',
  'carla.d',
  'news',
  'info',
  'no-reply',
  'list-return-36-x=y.com',
  'bounce+17',
  'MAILER',
] as const
const HERE = ['here.example', 'Here.Example', 'there.example', 'two.here.example'] as const

/** People that there are. */
const CROWD = 20_000

/** One of the crowd, and always the same host, address and sender of the same one. A few write much, many write little. */
export function person({ random }: Teller): Person {
  const number = Math.floor(CROWD * (random.below(100_000) / 100_000) ** 3)
  const traits = seededRandom(number)
  const pick = <T>(of: readonly [T, ...T[]]): T => of[traits.below(of.length)] ?? of[0]
  const domain = `${pick(WORDS)}${traits.below(400)}.${pick(TLDS)}`
  const address = `${traits.below(100) + 100}.${traits.below(256)}.${traits.below(256)}.${traits.below(254) + 1}`
  const dice = traits.below(10)
  const host = dice < 2 ? 'unknown' : `mail${traits.below(20)}.${domain}`
  return {
    host:
      dice === 9 ? `${host}[2001:db8:${traits.below(4096).toString(16)}::${traits.below(99)}]` : `${host}[${address}]`,
    address,
    sender: `${pick(LOCALS)}${traits.below(30)}@${domain}`,
  }
}

function here(teller: Teller): string {
  return `${teller.pick(['you', 'she', 'he', 'All', 'postmaster'])}${teller.random.below(60)}@${teller.pick(HERE)}`
}

function pid({ random }: Teller): number {
  return 1000 + random.below(400)
}

/** Seconds, as Postfix writes them: two digits that count. */
export function delay({ random }: Teller): string {
  const dice = random.below(10)
  if (dice < 5) return (random.below(99) / 100 + 0.01).toFixed(2).replace(/0$/, '')
  if (dice < 8) return (random.below(99) / 10 + 0.1).toFixed(1).replace(/\.0$/, '')
  return String(random.below(dice === 9 ? 90000 : 90) + 10)
}

/** A mail, from the client to its end. */
export function* mailLines(teller: Teller): Generator<string> {
  const { random, pick } = teller
  const { host, sender } = person(teller)
  const id = teller.queueId()
  const daemon = `postfix/${pick(['', '', '', 'submission/', 'smtps/'])}smtpd[${pid(teller)}]`
  const isLocal = random.below(12) === 0
  const from = random.below(15) === 0 ? '' : sender
  const size = random.below(20) === 0 ? random.below(30_000_000) : random.below(60_000) + 400
  if (isLocal) yield `postfix/pickup[${pid(teller)}]: ${id}: uid=${random.below(3)} from=<root>`
  else {
    yield `${daemon}: connect from ${host}`
    if (random.below(3) > 0)
      yield `${daemon}: Anonymous TLS connection established from ${host}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)`
    yield `${daemon}: ${id}: client=${host}${pick(['', '', ', sasl_method=PLAIN, sasl_username=anna'])}`
  }
  yield `postfix/cleanup[${pid(teller)}]: ${id}: message-id=<${random.below(1e9)}.${id}@${pick(WORDS)}.example>`
  if (random.below(30) === 0) {
    yield `postfix/cleanup[${pid(teller)}]: ${id}: ${pick(['reject', 'warning', 'hold', 'discard', 'milter-reject'])}: ${pick(['header Subject: Buy this', 'body http://spam.example/', 'END-OF-MESSAGE'])} from ${host}; from=<${from}> to=<${here(teller)}> proto=ESMTP helo=<x>: 5.7.1 ${pick(['no', 'Message content rejected', 'Spam message rejected'])}`
    if (random.below(2) === 0) return
  }
  const to = Array.from({ length: 1 + random.below(random.below(4) + 1) }, () =>
    random.below(3) > 0 ? here(teller) : person(teller).sender,
  )
  const active = `postfix/qmgr[700]: ${id}: from=<${from}>, size=${size}, nrcpt=${to.length} (queue active)`
  yield active
  if (!isLocal)
    yield `${daemon}: disconnect from ${host} ehlo=1 starttls=1 mail=1 rcpt=${to.length} data=1 quit=1 commands=${4 + to.length}`
  for (const each of to) yield* deliveryLines(teller, { id, to: each, active })
  yield `postfix/qmgr[700]: ${id}: removed`
}

function* deliveryLines(
  teller: Teller,
  mail: { readonly id: string; readonly to: string; readonly active: string },
): Generator<string> {
  const { random, pick } = teller
  const { id, to } = mail
  const server = person(teller).host
  const far = `postfix/smtp[${pid(teller)}]`
  const timing = (): string => `delay=${delay(teller)}, delays=0.1/0.01/0.2/0.3`
  for (let tries = random.below(12) === 0 ? random.below(3) + 1 : 0; tries > 0; tries--) {
    const reason = pick([
      `connect to ${server}:25: Connection timed out`,
      `host ${server} said: 450 4.2.0 <${to}>: Recipient address rejected: Greylisted, see http://postgrey.example/help/${random.below(5)}.html (in reply to RCPT TO command)`,
      `host ${server} refused to talk to me: 421 too many connections`,
      'lost connection with relay while sending RCPT TO',
      'delivery temporarily suspended: conversation timed out',
    ])
    if (random.below(2) === 0)
      yield `${far}: connect to ${server}:25: ${pick(['Connection refused', 'No route to host', 'Connection timed out'])}`
    yield `${far}: ${id}: to=<${to}>, relay=${pick(['none', `${server}:25`])}, ${timing()}, dsn=4.4.1, status=deferred (${reason})`
    yield mail.active
  }
  const dice = random.below(20)
  if (dice === 0)
    yield `${far}: ${id}: to=<${to}>, relay=${server}:25, ${timing()}, dsn=5.1.1, status=bounced (host ${server} said: 550 5.1.1 <${to}>: ${pick(['User unknown', 'Recipient address rejected: no such user here, try another one (at all)', 'mailbox unavailable'])} (in reply to RCPT TO command))`
  else if (dice === 1)
    yield `postfix/local[${pid(teller)}]: ${id}: to=<${to}>, orig_to=<root>, relay=local, ${timing()}, dsn=2.0.0, status=sent (forwarded as ${teller.queueId()})`
  else if (dice < 5)
    yield `postfix/local[${pid(teller)}]: ${id}: to=<${to}>, relay=local, ${timing()}, dsn=2.0.0, status=sent (delivered to maildir)`
  else if (dice < 8)
    yield `postfix/lmtp[${pid(teller)}]: ${id}: to=<${to}>, orig_to=<x@${pick(HERE)}>, relay=mx1[private/dovecot-lmtp], ${timing()}, dsn=2.0.0, status=sent (250 2.0.0 <${to}> ${teller.queueId()} Saved)`
  else if (dice < 10)
    yield `postfix/virtual[${pid(teller)}]: ${id}: to=<${to}>, relay=virtual, ${timing()}, dsn=2.0.0, status=sent (delivered to maildir)`
  else {
    if (random.below(3) === 0)
      yield `${far}: Trusted TLS connection established to ${server}:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)`
    yield `${far}: ${id}: to=<${to}>, relay=${server}:25, ${pick(['', '', 'conn_use=2, '])}${timing()}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ${teller.queueId()})`
  }
}

const REFUSALS = [
  '554 5.7.1 Service unavailable; Client host [ADDRESS] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/ADDRESS; from=<FROM> to=<TO> proto=ESMTP helo=<HELO>',
  '550 5.1.1 <TO>: Recipient address rejected: User unknown in virtual mailbox table; from=<FROM> to=<TO> proto=ESMTP helo=<HELO>',
  '450 4.2.0 <TO>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/here.example.html; from=<FROM> to=<TO> proto=ESMTP helo=<HELO>',
  '450 4.7.25 Client host rejected: cannot find your hostname, [ADDRESS]; from=<FROM> to=<TO> proto=ESMTP helo=<HELO>',
  '504 5.5.2 <HELO>: Helo command rejected: need fully-qualified hostname; from=<FROM> to=<TO> proto=SMTP helo=<HELO>',
  '450 4.1.8 <FROM>: Sender address rejected: Domain not found; from=<FROM> to=<TO> proto=ESMTP helo=<HELO>',
  '554 5.7.1 <TO>: Relay access denied; from=<FROM> to=<TO> proto=SMTP helo=<HELO>',
  '550 5.7.23 <TO>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. Please see http://www.openspf.net/Why?s=mfrom;id=FROM;ip=ADDRESS;r=TO; from=<FROM> to=<TO> proto=ESMTP helo=<HELO>',
] as const

const RARE_REFUSALS = [
  '451 4.3.5 Server configuration error; from=<FROM> to=<TO> proto=SMTP helo=<HELO>',
  '552 5.3.4 Message size exceeds fixed limit; proto=ESMTP helo=<HELO>',
] as const

/** What comes to nothing: refused, cut off, or seen only by postscreen; and what other programs say. */
export function* bulkLines(teller: Teller): Generator<string> {
  const { random, pick } = teller
  const { host, address, sender } = person(teller)
  const daemon = `postfix/smtpd[${pid(teller)}]`
  switch (random.below(8)) {
    case 0:
      yield `postfix/postscreen[800]: CONNECT from [${address}]:${random.below(60000)} to [192.0.2.1]:25`
      yield `postfix/dnsblog[${pid(teller)}]: addr ${address} listed by domain zen.spamhaus.org as 127.0.0.${random.below(9) + 2}`
      yield `postfix/postscreen[800]: PREGREET 14 after 0.06 from [${address}]:4321: EHLO ylmf-pc\\r\\n`
      yield `postfix/postscreen[800]: NOQUEUE: reject: RCPT from [${address}]:4321: 550 5.7.1 Service unavailable; client [${address}] blocked using zen.spamhaus.org; from=<${sender}>, to=<${here(teller)}>, proto=ESMTP, helo=<x>`
      yield `postfix/postscreen[800]: DISCONNECT [${address}]:4321`
      return
    case 1:
      yield `dovecot: imap-login: Login: user=<anna>, method=PLAIN, rip=${address}, lip=192.0.2.1, TLS, session=<x>`
      yield `opendkim[600]: ${teller.queueId()}: DKIM verification successful`
      yield `postgrey[601]: action=greylist, reason=new, client_name=x, client_address=${address}, sender=${sender}, recipient=${here(teller)}`
      return
    case 2:
      yield `${daemon}: warning: hostname ${pick(WORDS)}.example does not resolve to address ${address}: Name or service not known`
      yield `${daemon}: connect from ${host}`
      yield `${daemon}: lost connection after ${pick(['CONNECT', 'AUTH', 'EHLO', 'RCPT'])} from ${host}`
      yield `${daemon}: disconnect from ${host} ehlo=1 auth=0/1 commands=1/2`
      yield `postfix/anvil[602]: statistics: max connection rate ${random.below(9)}/60s for (smtp:${address}) at Nov 24 10:00:00`
      return
    default: {
      yield `${daemon}: connect from ${host}`
      const helo = pick(['x', 'localhost', `[${address}]`, 'mail.alpha.com'])
      const from = random.below(12) === 0 ? '' : sender
      const values: Readonly<Record<string, string>> = { ADDRESS: address, FROM: from, TO: here(teller), HELO: helo }
      const text = pick(random.below(40) > 0 ? REFUSALS : RARE_REFUSALS).replace(
        /ADDRESS|FROM|TO|HELO/g,
        word => values[word] ?? '',
      )
      const stage = random.below(40) > 0 ? 'RCPT' : pick(['MAIL', 'DATA', 'CONNECT', 'VRFY', 'END-OF-MESSAGE'])
      const action = random.below(40) > 0 ? 'reject' : pick(['reject_warning', 'hold', 'discard'])
      yield `${daemon}: NOQUEUE: ${action}: ${stage} from ${host}: ${text}`
      yield `${daemon}: disconnect from ${host} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`
    }
  }
}
