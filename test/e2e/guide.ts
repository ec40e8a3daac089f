import fs from 'node:fs'
import path from 'node:path'
import { FixtureDns } from '../support/fixture_dns.ts'
import { type PosternProgram, type ProgramOptions, startPostern } from '../support/postern_program.ts'
import { makeInstanceDir } from '../support/real_postfix.ts'
import { SmtpClient } from '../support/smtp_client.ts'

/** Who is who in the DNS of the guide's tests. Addresses are 127.x because a test can really connect from them. */
export const CLIENT = {
  good: '127.10.0.1',
  /** No PTR record. */
  noName: '127.10.0.2',
  /** Its PTR name has another address. */
  lying: '127.10.0.3',
  /** On zen.spamhaus.org, with a sound name. */
  listed: '127.10.0.4',
  /** On zen.spamhaus.org, named under dripemail2.com, which the private override allows. */
  drip: '127.10.0.5',
  /** On zen.spamhaus.org and on list.dnswl.org. */
  welcome: '127.10.0.6',
  /** Its PTR name, which does not map back, is on dbl.spamhaus.org. */
  badName: '127.10.0.7',
  /** On zen.spamhaus.org and on swl.spamhaus.org. */
  welcomeToo: '127.10.0.8',
  /** On zen.spamhaus.org, and on list.dnswl.org without trust: 127.0.5.0 is outside the guide's range. */
  hardlyWelcome: '127.10.0.9',
} as const

const NAMED: readonly (readonly [string, string])[] = [
  [CLIENT.good, 'mail.good.example'],
  [CLIENT.listed, 'mail.listed.example'],
  [CLIENT.drip, 'out.dripemail2.com'],
  [CLIENT.welcome, 'mail.welcome.example'],
  [CLIENT.welcomeToo, 'mail.welcome-too.example'],
  [CLIENT.hardlyWelcome, 'mail.hardly.example'],
]

/** The zone, from which `overrides` takes away or adds. */
export function guideDns(): FixtureDns {
  const records: Record<string, Record<string, string | readonly (string | readonly (string | number)[])[]>> = {
    'good.example': { MX: [[10, 'mail.good.example']] },
    'only-a.example': { A: ['192.0.2.9'] },
    'only-mx.example': { MX: [[10, 'mail.good.example']] },
    'lying.example': { A: ['192.0.2.1'] },
    'broken.example': { '*': 'SERVFAIL' },
    'spam-helo.example': { A: ['192.0.2.2'] },
    'spam-sender.example': { MX: [[10, 'mail.good.example']] },
    'spam-helo.example.dbl.spamhaus.org': {
      A: ['127.0.1.2'],
      TXT: ['https://www.spamhaus.org/query/domain/spam-helo'],
    },
    'spam-sender.example.dbl.spamhaus.org': { A: ['127.0.1.2'] },
    'spam-name.example.dbl.spamhaus.org': { A: ['127.0.1.2'] },
    [`${reversed(CLIENT.lying)}.in-addr.arpa`]: { PTR: ['lying.example'] },
    [`${reversed(CLIENT.badName)}.in-addr.arpa`]: { PTR: ['spam-name.example'] },
    [`${reversed(CLIENT.welcome)}.list.dnswl.org`]: { A: ['127.0.5.2'] },
    [`${reversed(CLIENT.hardlyWelcome)}.list.dnswl.org`]: { A: ['127.0.5.0'] },
    [`${reversed(CLIENT.welcomeToo)}.swl.spamhaus.org`]: { A: ['127.0.2.2'] },
    // RFC 3596 2.5, RFC 5782 2.4: the nibbles of 2001:db8::25 backwards.
    '5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org': { A: ['127.0.0.3'] },
    // RFC 5782 5: test entries of sound lists.
    '2.0.0.127.zen.spamhaus.org': { A: ['127.0.0.2'] },
    '2.0.0.127.list.dnswl.org': { A: ['127.0.10.2'] },
    'test.dbl.spamhaus.org': { A: ['127.0.1.2'] },
  }
  for (const [address, name] of NAMED) {
    records[`${reversed(address)}.in-addr.arpa`] = { PTR: [name] }
    records[name] = { A: [address] }
    if (address !== CLIENT.good)
      records[`${reversed(address)}.zen.spamhaus.org`] = {
        A: ['127.0.0.4'],
        TXT: ['https://www.spamhaus.org/query/ip'],
      }
  }
  return new FixtureDns({ records })
}

function reversed(address: string): string {
  return address.split('.').reverse().join('.')
}

const BASE = `compatibility_level = 3.6
myhostname = mail.example.com
mydestination = example.com
mynetworks = 127.0.0.1/32
local_recipient_maps = inline:{you=x, other=x}
alias_maps =
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
`

export interface GuideGateway extends PosternProgram {
  readonly dir: string
  readonly dns: FixtureDns
  /** Connects, says what a good client says with `said` in place, and gives the reply to RCPT. */
  rcpt(from: string, said?: Said): Promise<string>
}

/** What a client says; the rest is as a good client has it. */
export interface Said {
  /** null: none. */
  readonly helo?: string | null
  readonly sender?: string
  readonly recipient?: string
  /** XCLIENT before HELO. */
  readonly xclient?: string
}

/** Starts `bin/postern serve` with lines of the guide, files beside main.cf, and its own name server. */
export async function startGuide(mainCf: string, files: Readonly<Record<string, string>> = {}): Promise<GuideGateway> {
  const dir = makeInstanceDir('guide-')
  const dns = guideDns()
  const dnsPort = await dns.listen('127.0.0.1', 0)
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text)
  fs.writeFileSync(path.join(dir, 'main.cf'), BASE + mainCf.replaceAll('/etc/postfix/', `${dir}/`))
  const options: ProgramOptions = { dir, dns: `127.0.0.1:${dnsPort}`, overrides: ['postern_next_hop=discard:'] }
  const postern = await startPostern(options).catch((error: unknown) => {
    dns.close()
    throw error
  })
  return {
    ...postern,
    dir,
    dns,
    rcpt: (from, said = {}) => sayUpToRcpt(postern, from, said),
    async stop() {
      await postern.stop()
      dns.close()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function sayUpToRcpt(postern: PosternProgram, from: string, said: Said): Promise<string> {
  const { helo = 'mail.good.example', sender = 'a@good.example', recipient = 'you@example.com', xclient } = said
  const client = new SmtpClient({ host: postern.host, port: postern.port, from })
  try {
    await client.read()
    if (xclient !== undefined) await client.command(`XCLIENT ${xclient}`)
    if (helo !== null) await client.command(`EHLO ${helo}`)
    const mail = await client.command(`MAIL FROM:<${sender}>`)
    const reply = mail.startsWith('250') ? await client.command(`RCPT TO:<${recipient}>`) : mail
    await client.command('QUIT')
    return reply
  } finally {
    client.destroy()
  }
}
