/** A whole gateway loses its processes and its disk; its greylisting does not lose a mail. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sleep, systemClock } from '../../src/util/clock.ts'
import { askBurst, type Delivery } from '../support/policy_burst.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess } from '../support/postern_process.ts'

function deliveries(name: string, count: number): readonly Delivery[] {
  return Array.from({ length: count }, (_, i) => ({
    client: `198.18.${i % 250}.7`,
    sender: `${name}-${i}@there.example`,
    recipient: 'user@example.com',
  }))
}

const mainCf = (port: number, state: string): string => `
postern_smtp_listen =
postern_policy_listen = inet:127.0.0.1:${port}
postern_workers = 2
postern_state_directory = ${state}
postern_greylist_delay = 2
postern_greylist_auto_allow = 0
postern_greylist_spf = no
postern_greylist_providers = no
`

const DEFERRED = /^DEFER_IF_PERMIT 4\.2\.0 /
const PASSED = /^(?:PREPEND X-Greylist: delayed [1-9]\d* seconds|DUNNO)/

describe('the memory of a running gateway', () => {
  test('T22.1 kill -9 of all its processes: what was greylisted before passes after', async t => {
    const state = fs.mkdtempSync(join(tmpdir(), 'postern-state-'))
    t.after(() => fs.rmSync(state, { recursive: true, force: true }))
    const port = await freePort()
    const all = deliveries('killed', 400)
    const first = PosternProcess.start(t, mainCf(port, state))
    await first.ready()
    for (const action of await askBurst(port, all, 20)) assert.match(action, DEFERRED)
    for (const pid of first.workers()) process.kill(pid, 'SIGKILL')
    first.child.kill('SIGKILL')
    await first.ended
    await sleepFor(2500)
    const second = PosternProcess.start(t, mainCf(port, state))
    await second.ready()
    for (const action of await askBurst(port, all, 20)) assert.match(action, PASSED)
    for (const action of await askBurst(port, deliveries('new', 20), 5)) assert.match(action, DEFERRED)
    assert.doesNotMatch(first.stdout + second.stdout, /warning: memory/)
  })

  const skip = process.geteuid?.() === 0 ? false : 'only root can mount a small file system'
  test('T5.1 its disk is full under load: no mail waits for that, and it goes on by itself', { skip }, async t => {
    const state = fs.mkdtempSync(join(tmpdir(), 'postern-state-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', state])
    t.after(() => {
      execFileSync('umount', ['-l', state])
      fs.rmdirSync(state)
    })
    const port = await freePort()
    const postern = PosternProcess.start(t, mainCf(port, state))
    await postern.ready()
    for (const action of await askBurst(port, deliveries('before', 200), 10)) assert.match(action, DEFERRED)
    const began = systemClock.monotonic()
    const filler = join(state, 'filler')
    fs.writeFileSync(filler, '')
    assert.throws(() => {
      for (;;) fs.appendFileSync(filler, Buffer.alloc(512))
    }, /ENOSPC/)
    const during = await askBurst(port, deliveries('full', 1000), 10)
    const passed = during.filter(action => action === 'DUNNO').length
    assert.ok(passed > 800, `${passed} of 1000 passed`)
    // The last block of the file had some room.
    for (const action of during) assert.match(action, /^(?:DUNNO$|DEFER_IF_PERMIT 4\.2\.0 )/)
    fs.rmSync(filler)
    // The first note of each worker finds out that it works again.
    await sleepFor(1500)
    await askBurst(port, deliveries('wakes', 50), 10)
    for (const action of await askBurst(port, deliveries('after', 200), 10)) assert.match(action, DEFERRED)
    await postern.saw('stdout', /warning: memory .*: works again/)
    assert.match(postern.stdout, /warning: memory .*: No space left on device; what cannot be noted is let pass/)
    // postern_greylist_delay, and a second that is counted whole.
    await sleepFor(Math.max(0, began + 3000 - systemClock.monotonic()))
    for (const action of await askBurst(port, deliveries('before', 200), 10)) assert.match(action, PASSED)
  })
})

/** Greylisting reads the wall clock of another process. */
function sleepFor(ms: number): Promise<void> {
  return sleep(systemClock, ms)
}
