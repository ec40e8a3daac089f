/**
 * DKIM verifications per second and CPU time of one, beside OpenDKIM (as a milter on a Unix socket: its own CPU time, not the
 * client's) and mailauth, in one run over the same messages: 5 KB and 100 KB, rsa-2048 and ed25519, relaxed/relaxed, every
 * answer looked at.
 *
 *   node bench/dkim.ts [MESSAGES] [NODE_MODULES]
 *
 * NODE_MODULES: a directory with mailauth in it, which is no dependency (npm i --no-save mailauth@7.1.0 somewhere).
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { readSigningKey, signDkim } from '../src/mailauth/dkim/sign.ts'
import { makeSignatureVerifiers, signatureDefaults } from '../src/mailauth/dkim/verifier.ts'
import { systemClock } from '../src/util/clock.ts'
import { makeFakeResolver } from '../test/support/fake_resolver.ts'
import { joinMessage, type Message, messageOf } from '../test/support/messages.ts'
import { openDkimSkip, RealOpenDkim } from '../test/support/opendkim.ts'
import { makeEd25519Key, makeRsaKey, withField } from '../test/support/signed.ts'

const ROUNDS = 3
/** OpenDKIM has a thread for each connection. */
const CONNECTIONS = 4
const TICKS_PER_SECOND = 100
/** The size in which the gateway and Postfix hand bodies on. */
const CHUNK = 65_535

const KEYS = { rsa: makeRsaKey(2048), ed25519: makeEd25519Key() }
const RECORDS = {
  'rsa._domainkey.example.org': KEYS.rsa.record,
  'ed25519._domainkey.example.org': KEYS.ed25519.record,
}

/** Verifies so many; throws at another answer than pass. */
type Run = (message: Message, count: number) => Promise<void>
interface Contender {
  readonly name: string
  readonly run: Run
  /** CPU time used so far, microseconds. */
  cpu(): number
}

await main(Number(process.argv[2] ?? 2000), process.argv[3])

async function main(count: number, modules: string | undefined): Promise<void> {
  const contenders: Contender[] = [postern()]
  const skip = openDkimSkip()
  const real = skip === false ? await RealOpenDkim.verifier(RECORDS) : null
  if (real !== null) contenders.push(await openDkim(real))
  if (modules !== undefined) contenders.push(mailauth(modules))
  try {
    for (const size of [5000, 100_000])
      for (const selector of ['rsa', 'ed25519'] as const) {
        const message = signedMessage(size, selector)
        const rows: { name: string; perSecond: number; cpuUs: number }[] = []
        for (const contender of contenders)
          rows.push({ name: contender.name, ...(await measure(contender, message, size > 10_000 ? count / 5 : count)) })
        const [first] = rows
        for (const { name, perSecond, cpuUs } of rows)
          say(
            `${size / 1000} KB ${selector.padEnd(7)} ${name.padEnd(10)} ${perSecond.toFixed(0).padStart(6)}/s ` +
              `${cpuUs.toFixed(0).padStart(5)} us CPU, ${(cpuUs / (first?.cpuUs ?? cpuUs)).toFixed(1)} times Postern's`,
          )
      }
  } finally {
    await real?.stop()
  }
  if (skip !== false) say(`Without OpenDKIM: ${skip}`)
}

/** The best of a few rounds, after one that warms up. */
async function measure(
  { run, cpu }: Contender,
  message: Message,
  count: number,
): Promise<{ perSecond: number; cpuUs: number }> {
  await run(message, Math.min(count, 300))
  let perSecond = 0
  let cpuUs = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now()
    const used = cpu()
    await run(message, count)
    perSecond = Math.max(perSecond, (count * 1000) / (performance.now() - begin))
    cpuUs = Math.min(cpuUs, (cpu() - used) / count)
  }
  return { perSecond, cpuUs }
}

function postern(): Contender {
  const TXT = Object.fromEntries(Object.entries(RECORDS).map(([name, text]) => [name, [text]]))
  const options = { ...signatureDefaults, resolver: makeFakeResolver({ TXT }), clock: systemClock }
  const verifiers = makeSignatureVerifiers(options)
  const run: Run = async ({ fields, body }, count) => {
    for (let i = 0; i < count; i++) {
      const verifier = verifiers.open()
      for (const field of fields) verifier.header(field)
      for (let at = 0; at < body.length; at += CHUNK) verifier.body(body.subarray(at, at + CHUNK))
      const { dkim } = await verifier.end()
      expectPass(dkim[0]?.result)
    }
  }
  return { name: 'Postern', run, cpu: ownCpu }
}

async function openDkim(real: RealOpenDkim): Promise<Contender> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => real.connect()))
  const run: Run = async (message, count) => {
    let left = count
    const one = async (connection: (typeof connections)[number]): Promise<void> => {
      while (left-- > 0) expectPass(/\bdkim=(\w+)/.exec((await connection.message(message)).join())?.[1])
    }
    await Promise.all(connections.map(one))
  }
  return { name: 'OpenDKIM', run, cpu: () => cpuOf(real.pid) }
}

/** What is used of it. */
interface MailauthVerify {
  dkimVerify(message: Buffer, options: object): Promise<{ results: readonly { status: { result: string } }[] }>
}

function mailauth(modules: string): Contender {
  const require = createRequire(path.join(path.resolve(modules), 'mailauth', 'package.json'))
  // A package without types here; the interface above is what its documentation says.
  const { dkimVerify }: MailauthVerify = require('./lib/dkim/verify.js')
  const keys: Readonly<Record<string, string>> = RECORDS
  const resolver = (name: string): Promise<string[][]> => Promise.resolve([[keys[name] ?? '']])
  const run: Run = async (message, count) => {
    const bytes = joinMessage(message)
    for (let i = 0; i < count; i++) {
      const { results } = await dkimVerify(bytes, { resolver, strict: true })
      expectPass(results[0]?.status.result)
    }
  }
  return { name: 'mailauth', run, cpu: ownCpu }
}

function signedMessage(size: number, selector: 'rsa' | 'ed25519'): Message {
  // Three lines as they are, one that relaxed canonicalization changes.
  const line = `${'The quick brown fox jumps over the lazy dog and back again.\n'.repeat(3)}  Two  spaces, and one at the end. \n`
  const header = [
    'Received: from client.example (client.example [192.0.2.1])\n\tby here.example with ESMTPS id 4711;\n\tTue, 3 Jan 2017 12:22:54 -0800',
    'From: "A. Sender" <a@example.org>',
    'To: Somebody <b@example.net>, Somebody Else <c@example.net>',
    'Subject: A message as there are many of them',
    'Date: Tue, 3 Jan 2017 12:22:54 -0800',
    'Message-ID: <54B84785.1060301@example.org>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'User-Agent: none',
  ]
  const message = messageOf(`${header.join('\n')}\n\n${line.repeat(Math.ceil(size / (line.length + 4)))}`)
  const by = readSigningKey({ domain: 'example.org', selector, pem: KEYS[selector].pem })
  const time = Math.floor(systemClock.now() / 1000)
  const forms = { headerForm: 'relaxed', bodyForm: 'relaxed' } as const
  return withField(message, signDkim(message, { by, ...forms, time, expires: null, identity: null, names: null }))
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** proc(5): fields 14 and 15 of stat. */
function cpuOf(pid: number): number {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND
}

function expectPass(result: string | undefined): void {
  if (result !== 'pass') throw new Error(`The answer is ${result}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
