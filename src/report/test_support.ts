import { LineReader } from '../maillog/lines.ts'
import type { ReportDocument } from './document.ts'
import { InsightCollector } from './insights/collector.ts'
import { defaultOptions } from './options.ts'
import { Summary } from './pflogsumm/summary.ts'

/** The report of a log, as the command makes it; its year is 2026 where it has none. */
export function documentOf(log: string): ReportDocument {
  const summary = new Summary(defaultOptions({ year: 2026, month: 12 }))
  const collector = new InsightCollector({ year: 2026 })
  for (const line of new LineReader({ newest: null }).take(Buffer.from(`${log}\n`)).lines) {
    summary.take(line)
    collector.add(line)
  }
  return {
    facts: summary.facts(),
    insights: collector.finish(),
    about: { host: 'mx.example.com', period: 'Nov 24', made: '2026-11-25 04:00:00', program: 'postern 0.1.0' },
  }
}

/** A day as a small server sees it, with something for every section. The same each time. */
export function sampleLog(): string {
  const lines: string[] = []
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = (hour: number, rest: string, second = 0): void => {
    lines.push(`Nov 24 ${two(hour)}:05:${two(second)} mx ${rest}`)
  }
  const load = [4, 3, 2, 2, 3, 5, 9, 16, 24, 28, 25, 22, 19, 21, 24, 22, 20, 17, 13, 11, 9, 8, 6, 5]
  const rejects = [
    ['client.bot', 'dns'],
    ['unknown', 'name'],
    ['unknown', 'helo'],
    ['mail.spam.example', 'sender'],
    ['pool.example.net', 'grey'],
    ['unknown', 'user'],
    ['unknown', 'dns2'],
  ] as const
  const text = (kind: string, address: string): string =>
    ({
      dns: `554 5.7.1 Service unavailable; Client host [${address}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/${address}`,
      dns2: `554 5.7.1 Service unavailable; Client host [${address}] blocked using bl.spamcop.net; Blocked - see https://www.spamcop.net/bl.shtml?${address}`,
      name: `450 4.7.25 Client host rejected: cannot find your hostname, [${address}]`,
      helo: '450 4.7.1 <win-7f3k2>: Helo command rejected: Host not found',
      sender: '450 4.1.8 <x@nowhere.example>: Sender address rejected: Domain not found',
      grey: '450 4.2.0 <info@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
      user: '550 5.1.1 <sales@example.com>: Recipient address rejected: User unknown in virtual mailbox table',
    })[kind] ?? ''
  for (const [hour, count] of load.entries()) {
    for (let n = 0; n < count; n++) {
      const id = `4S${hour}X${n}`
      const client = n % 5 === 0 ? 'mail.firma.example[192.0.2.7]' : `out${n}.provider.example[198.51.100.${n}]`
      day(hour, `postfix/smtpd[700]: ${id}: client=${client}`)
      day(hour, `postfix/cleanup[701]: ${id}: message-id=<${id}@firma.example>`)
      day(
        hour,
        `postfix/qmgr[702]: ${id}: from=<kollege${n % 6}@firma.example>, size=${9000 + n * 731}, nrcpt=1 (queue active)`,
      )
      const status =
        n % 17 === 16
          ? 'dsn=4.2.2, status=deferred (host mx[private/dovecot-lmtp] said: 452 4.2.2 Mailbox full)'
          : 'dsn=2.0.0, status=sent (250 2.0.0 Saved)'
      day(
        hour,
        `postfix/lmtp[703]: ${id}: to=<user${n % 9}@example.com>, relay=mx[private/dovecot-lmtp], delay=0.4, delays=0.1/0/0/0.3, ${status}`,
        1,
      )
      day(hour, `postfix/qmgr[702]: ${id}: removed`, 2)
    }
    for (let n = 0; n < count + 14; n++) {
      const [name, kind] = rejects[(n * n + hour) % rejects.length] ?? ['unknown', 'dns']
      const address = `203.0.113.${(n * 7 + hour * 3) % 60}`
      day(
        hour,
        `postfix/smtpd[700]: NOQUEUE: reject: RCPT from ${name}[${address}]: ${text(kind, address)}; from=<x${n}@nowhere.example> to=<info@example.com> proto=ESMTP helo=<win-7f3k2>`,
      )
      if (kind === 'grey') {
        day(
          hour,
          `postgrey[800]: action=greylist, reason=new, client_name=${name}, client_address=${address}, sender=x@nowhere.example, recipient=info@example.com`,
        )
        if (n % 3 === 0)
          day(
            hour,
            `postgrey[800]: action=pass, reason=triplet found, delay=${310 + n * 217}, client_name=${name}, client_address=${address}, sender=x@nowhere.example, recipient=info@example.com`,
            50,
          )
      }
    }
    day(
      hour,
      `postgrey[800]: action=pass, reason=client whitelist, client_name=mail-yb0-f190.google.example, client_address=198.51.100.9, sender=a@b.example, recipient=info@example.com`,
    )
  }
  day(
    6,
    'postfix/smtpd[700]: NOQUEUE: reject: RCPT from mail.firma.example[192.0.2.7]: 554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using bl.spamcop.net; Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.7; from=<anna@firma.example> to=<info@example.com> proto=ESMTP helo=<mail.firma.example>',
  )
  day(
    7,
    'postfix/submission/smtpd[710]: 4OWN: client=laptop.example[198.51.100.200], sasl_method=PLAIN, sasl_username=info',
  )
  day(7, 'postfix/cleanup[701]: 4OWN: message-id=<own@example.com>')
  day(7, 'postfix/qmgr[702]: 4OWN: from=<info@example.com>, size=2200, nrcpt=1 (queue active)')
  day(
    7,
    'postfix/smtp[711]: 4OWN: to=<müller@bäcker.example>, relay=mx.baecker.example[192.0.2.44]:25, delay=1.2, delays=0/0/1/0.2, dsn=2.0.0, status=sent (250 ok)',
  )
  day(
    8,
    'postfix/smtpd[700]: NOQUEUE: reject: RCPT from unknown[192.0.2.44]: 450 4.7.1 <srv01.baecker.localdomain>: Helo command rejected: Host not found; from=<müller@bäcker.example> to=<info@example.com> proto=ESMTP helo=<srv01.baecker.localdomain>',
  )
  for (const n of [1, 2, 3]) {
    day(9, `postfix/dnsblog[720]: addr 203.0.113.${n} listed by domain zen.spamhaus.org as 127.0.0.4`)
    day(9, `postfix/dnsblog[720]: addr 203.0.113.${n} listed by domain b.barracudacentral.org as 127.0.0.2`)
    day(9, `fail2ban.actions[900]: NOTICE [postfix-flood-attack] Ban 203.0.113.${n}`)
  }
  day(10, 'postfix/smtpd[700]: warning: hostname liar.example does not resolve to address 203.0.113.9')
  day(11, 'postfix/smtpd[730]: something 17 that no version of Postfix says')
  day(
    11,
    'postfix/smtpd[700]: NOQUEUE: reject: RCPT from unknown[203.0.113.77]: 451 4.3.5 <info@example.com>: Recipient address rejected: Server configuration error; from=<a@b.example> to=<info@example.com> proto=ESMTP helo=<x>',
  )
  return lines.join('\n')
}
