/** T19.1: two mail exchangers with one memory, as a sender meets them: first the one, then the other, and Redis comes and goes. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { sleep, systemClock } from '../../src/util/clock.ts'
import { CutLink } from '../support/cut_link.ts'
import { askBurst, type Delivery } from '../support/policy_burst.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess } from '../support/postern_process.ts'
import { Redis, redisUnavailable, until } from '../support/redis.ts'
import { SmtpClient } from '../support/smtp_client.ts'

const skip = redisUnavailable() ?? false
const DEFERRED = /^DEFER_IF_PERMIT 4\.2\.0 /
const PASSED = /^(?:PREPEND X-Greylist: delayed \d+ seconds|DUNNO$)/

interface Exchanger {
  readonly postern: PosternProcess
  readonly policy: number
  readonly smtp: number
}

/** `serve` with two workers; senders come from 127.0.9.0/24. */
async function startExchanger(t: TestContext, store: string): Promise<Exchanger> {
  const [policy, smtp] = [await freePort(), await freePort()]
  const postern = PosternProcess.start(
    t,
    `
postern_smtp_listen = inet:127.0.0.1:${smtp}
postern_policy_listen = inet:127.0.0.1:${policy}
postern_next_hop = discard:
postern_workers = 2
postern_store = ${store}
mynetworks = 192.0.2.0/24
smtpd_recipient_restrictions = reject_unauth_destination, check_greylist
postern_greylist_delay = 2
postern_greylist_auto_allow = 0
postern_greylist_spf = no
postern_greylist_providers = no
`,
  )
  await postern.ready()
  return { postern, policy, smtp }
}

function deliveries(name: string, count: number): readonly Delivery[] {
  return Array.from({ length: count }, (_, i) => ({
    client: `198.18.${i % 250}.7`,
    sender: `${name}-${i}@there.example`,
    recipient: 'user@example.com',
  }))
}

async function assertAll(port: number, all: readonly Delivery[], action: RegExp): Promise<void> {
  for (const answer of await askBurst(port, all, 10)) assert.match(answer, action)
}

/** The reply to RCPT TO. */
async function deliver(port: number, sender: string): Promise<string> {
  const client = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.9.1' })
  await client.read()
  let reply = ''
  for (const line of ['EHLO there.example', `MAIL FROM:<${sender}>`, 'RCPT TO:<user@example.com>', 'QUIT']) {
    client.write(`${line}\r\n`)
    const [said = ''] = await client.read()
    if (line.startsWith('RCPT')) reply = said
  }
  return reply
}

let strangers = 0

/** A sender nobody has seen. */
async function isDeferredWhenNew(port: number): Promise<boolean> {
  const [action = ''] = await askBurst(port, deliveries(`new-${letter(strangers++)}`, 1), 1)
  return DEFERRED.test(action)
}

/** Postgrey takes numbers in a sender's name for one and the same; letters differ. */
function letter(i: number): string {
  return i < 26 ? String.fromCharCode(97 + i) : letter(Math.floor(i / 26) - 1) + letter(i % 26)
}

function lines(postern: PosternProcess, pattern: RegExp): number {
  return postern.stdout.split('\n').filter(line => pattern.test(line)).length
}

describe('two Posterns on one Redis', { skip }, () => {
  test('T19.1 what one has seen first the other lets pass; with the link cut both accept; then they agree', async t => {
    const redis = await Redis.start(['requirepass "pass word"'])
    t.after(() => redis.stop())
    const links = await Promise.all([CutLink.start(redis.port), CutLink.start(redis.port)])
    t.after(() => Promise.all(links.map(link => link.stop())))
    const [a, b] = await Promise.all(
      links.map(link => startExchanger(t, `valkey://:pass%20word@127.0.0.1:${link.port}/1`)),
    )
    assert.ok(a !== undefined && b !== undefined)
    const ask = (...args: readonly string[]) => redis.cli('-a', 'pass word', '--no-auth-warning', '-n', '1', ...args)

    // First at A, by both doors; too early at B; in time at B.
    await assertAll(a.policy, deliveries('both', 100), DEFERRED)
    assert.match(await deliver(a.smtp, 'smtp@there.example'), /^450 4\.2\.0 .*Greylisted/)
    await assertAll(b.policy, deliveries('both', 100), DEFERRED)
    assert.match(await deliver(b.smtp, 'smtp@there.example'), /^450 4\.2\.0 .*Greylisted/)
    await sleep(systemClock, 2500)
    await assertAll(b.policy, deliveries('both', 100), PASSED)
    assert.match(await deliver(b.smtp, 'smtp@there.example'), /^250 /)
    assert.equal(await ask('dbsize').then(Number), 101 + (await ask('keys', 'postern:to*')).split('\n').length)

    // Cut: whatever comes is accepted, by both, and told once by each worker.
    for (const link of links) link.cut()
    await assertAll(a.policy, deliveries('cut', 50), PASSED)
    await assertAll(b.policy, deliveries('cut', 50), PASSED)
    assert.match(await deliver(a.smtp, 'cut@there.example'), /^250 /)
    await assertAll(b.policy, deliveries('both', 100), PASSED)

    const healedMs = performance.now()
    for (const link of links) link.heal()
    await until(
      async () => (await ask('--scan', '--pattern', 'postern:t:*')).split('\n').length === 152,
      'Redis to know all',
    )
    const tookMs = performance.now() - healedMs
    t.diagnostic(`Redis knew all ${Math.round(tookMs)} ms after the link was back`)
    assert.ok(tookMs < 10_000, `${tookMs} ms`)
    // Greylisting is back too, and knows what was accepted unseen.
    for (const { policy } of [a, b]) await until(() => isDeferredWhenNew(policy), 'greylisting to be back')
    await assertAll(a.policy, deliveries('cut', 50), PASSED)
    await assertAll(b.policy, deliveries('cut', 50), PASSED)
    assert.match(await deliver(b.smtp, 'cut@there.example'), /^250 /)

    for (const { postern } of [a, b]) {
      const lost = lines(postern, /warning: .*the shared memory valkey:\/\/:\*\*\*@127\.0\.0\.1:\d+\/1 is lost/)
      assert.ok(lost >= 1 && lost <= 2, `told ${lost} times by two workers: ${postern.stdout}`)
      assert.equal(lines(postern, /the shared memory .* answers again/), lost)
      assert.doesNotMatch(postern.stdout + postern.stderr, /pass word|pass%20word/)
    }
  })

  test('T5.1 Redis killed with -9 under load, and back empty: no mail is refused for it', async t => {
    const redis = await Redis.start()
    t.after(() => redis.stop())
    const [a, b] = await Promise.all([startExchanger(t, redis.url), startExchanger(t, redis.url)])
    const known = deliveries('known', 200)
    for (const { policy } of [a, b]) await assertAll(policy, known, DEFERRED)
    await sleep(systemClock, 2500)
    for (const { policy } of [a, b]) await assertAll(policy, known, PASSED)

    let running = true
    const wrong: string[] = []
    let answered = 0
    const load = [a, b].map(async ({ policy }) => {
      while (running) {
        for (const action of await askBurst(policy, known, 10)) {
          answered++
          if (!PASSED.test(action)) wrong.push(action)
        }
      }
    })
    await sleep(systemClock, 500)
    await redis.kill()
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) => deliver(i % 2 === 0 ? a.smtp : b.smtp, `gone-${letter(i)}@there.example`)),
    )
    for (const reply of replies) assert.match(reply, /^250 /)
    await sleep(systemClock, 1000)
    await redis.again()
    await until(() => [a, b].every(({ postern }) => /answers again/.test(postern.stdout)), 'both to be back')
    await sleep(systemClock, 1500)
    running = false
    await Promise.all(load)
    t.diagnostic(`${answered} requests answered`)
    assert.deepEqual(wrong.slice(0, 5), [])
    // The empty server has learned it all again.
    await until(async () => (await redis.cli('--scan', '--pattern', 'postern:t:*')).split('\n').length === 210)
  })
})
