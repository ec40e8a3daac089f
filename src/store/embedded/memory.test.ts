import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { LIFETIMES, RULES } from '../../../test/support/memory_rules.ts'
import type { GreylistAttempt } from '../../model/memory.ts'
import type { Clock } from '../../util/clock.ts'
import { systemRandom } from '../../util/random.ts'
import { type EmbeddedMemory, type EmbeddedOptions, openEmbeddedMemory, SWEEP_TICKS } from './memory.ts'

const DAY = 86_400
let parent = ''
let directory = ''
let clock = new ManualClock()
let told: string[] = []

beforeEach(() => {
  parent = fs.mkdtempSync(join(tmpdir(), 'postern-embedded-'))
  directory = join(parent, 'memory')
  clock = new ManualClock()
  told = []
})
afterEach(() => fs.rmSync(parent, { recursive: true }))

function open(more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedMemory> {
  return openEmbeddedMemory({
    directory,
    lifetimes: LIFETIMES,
    sync: false,
    clock,
    random: systemRandom,
    pid: process.pid,
    use: 'gateway',
    onProblem: text => told.push(text),
    ...more,
  })
}

function now(): number {
  return Math.floor(clock.now() / 1000)
}

function attempt(triplet: string): GreylistAttempt {
  return { triplet, client: '192.0.2.1', now: now(), rules: RULES }
}

/** Notes each key by itself, so that each is in a frame of its own. */
async function noteEach(memory: EmbeddedMemory, keys: readonly string[]): Promise<void> {
  for (const key of keys) assert.equal((await memory.note(attempt(key))).status, 'found')
}

async function isKnown(memory: EmbeddedMemory, key: string): Promise<boolean> {
  return (await memory.find('triplet', key)).status === 'found'
}

function logs(): readonly string[] {
  return fs.existsSync(directory) ? fs.readdirSync(directory).filter(name => name.endsWith('.log')) : []
}

const path = (name: string): string => join(directory, name)

function snapshot(): ReadonlyMap<string, Buffer> {
  return new Map(logs().map(name => [name, fs.readFileSync(path(name))]))
}

function restore(files: ReadonlyMap<string, Buffer>): void {
  for (const [name, bytes] of files) fs.writeFileSync(path(name), bytes)
}

describe('the embedded memory', () => {
  test('makes nothing before something is noted, and a rehearsal never', async () => {
    const memory = await open({ use: 'rehearsal' })
    await memory.find('triplet', 'a')
    assert.equal((await memory.note(attempt('a'))).status, 'found')
    assert.ok(await isKnown(memory, 'a'))
    assert.equal((await memory.forget('triplet', 'a')).status, 'found')
    await memory.close()
    const reader = await open()
    await reader.find('triplet', 'a')
    await reader.close()
    assert.equal(fs.existsSync(directory), false)
  })

  test('a key that is too long fails, and closed it fails', async () => {
    const memory = await open()
    assert.equal((await memory.touch('client', 'x'.repeat(1001), now())).status, 'failed')
    assert.equal((await memory.note({ ...attempt('t'), client: 'x'.repeat(1001) })).status, 'failed')
    await memory.close()
    assert.deepEqual(await memory.note(attempt('a')), { status: 'failed', reason: 'the memory is closed' })
    await memory.close()
  })

  test('all notes of a turn are one write', async () => {
    const memory = await open()
    await noteEach(memory, ['first'])
    const [name = ''] = logs()
    const before = fs.statSync(join(directory, name)).size
    await Promise.all(Array.from({ length: 50 }, (_, i) => memory.note(attempt(`k${i}`))))
    const one = fs.statSync(join(directory, name)).size - before
    // A record is 15 bytes and its key; a frame 12 more.
    assert.equal(one, 12 + 10 * (15 + 2) + 40 * (15 + 3))
    await memory.close()
  })

  test('files are joined into one that holds each key once, and the next start reads it', async () => {
    for (let i = 0; i < 5; i++) {
      const memory = await open()
      await noteEach(memory, ['always', `once${i}`])
      await memory.touch('correspondent', 'bob', now())
      await memory.close()
    }
    const forgetful = await open()
    await forgetful.forget('triplet', 'once3')
    await forgetful.close()
    const memory = await open()
    const witness = await open()
    const sizes = logs().map(name => fs.statSync(join(directory, name)).size)
    await memory.compact()
    assert.equal(logs().length, 1)
    assert.match(logs()[0] ?? '', /^base-/)
    assert.ok(fs.statSync(join(directory, logs()[0] ?? '')).size < sizes.reduce((a, b) => a + b, 0))
    for (const one of [memory, witness, await open()]) {
      const triplet = await one.find('triplet', 'always')
      assert.equal(triplet.status === 'found' && triplet.value.count, 5)
      const bob = await one.find('correspondent', 'bob')
      assert.equal(bob.status === 'found' && bob.value.count, 5)
      assert.ok(await isKnown(one, 'once4'))
      assert.ok(!(await isKnown(one, 'once3')))
      const keys: string[] = []
      for await (const { key } of one.entries('triplet')) keys.push(key)
      assert.deepEqual(keys.sort(), ['always', 'once0', 'once1', 'once2', 'once4'])
      await one.close()
    }
    assert.deepEqual(told, [])
  })

  test('a file that its base replaced counts no more, though nobody has taken it away', async () => {
    const count = async (memory: EmbeddedMemory): Promise<number | false> => {
      const entry = await memory.find('client', 'c')
      return entry.status === 'found' && entry.value.count
    }
    const memory = await open()
    await memory.touch('client', 'c', now())
    await memory.close()
    const [name = ''] = logs()
    const bytes = fs.readFileSync(join(directory, name))
    for (let round = 2; round < 5; round++) {
      const next = await open()
      await next.compact()
      // As if the process had been killed before it took it away.
      fs.writeFileSync(join(directory, name), bytes)
      const reader = await open()
      await reader.touch('client', 'c', now())
      assert.equal(await count(reader), round)
      assert.equal(await count(next), round)
      await reader.close()
      await next.close()
    }
    const last = await open()
    await last.compact()
    assert.equal(await count(last), 4)
    assert.equal(logs().length, 1)
    await last.close()
  })

  test('T22.1 two bases, each with a file that the other has not: neither is left out, and what both have counts once', async () => {
    const noteAndClose = async (key: string): Promise<void> => {
      const memory = await open()
      await noteEach(memory, [key])
      await memory.touch('client', 'c', now())
      await memory.close()
    }
    const joinFiles = async (): Promise<void> => {
      const memory = await open()
      await memory.compact()
      await memory.close()
    }
    await noteAndClose('both')
    const shared = snapshot()
    await noteAndClose('first alone')
    await joinFiles()
    const first = snapshot()
    for (const name of first.keys()) fs.rmSync(path(name))
    restore(shared)
    await clock.advance(10)
    await noteAndClose('second alone')
    await joinFiles()
    // Both processes had the lock for a moment.
    restore(first)
    assert.equal(logs().length, 2)
    for (const round of ['read', 'joined', 'read again']) {
      const reader = await open()
      for (const key of ['both', 'first alone', 'second alone'])
        assert.ok(await isKnown(reader, key), `${round}: ${key}`)
      const client = await reader.find('client', 'c')
      // Three, but that two of them were counted in the same place: no more than there were, no fewer than one base knew.
      assert.equal(client.status === 'found' && client.value.count, 2)
      await reader.compact()
      await reader.close()
    }
    assert.equal(logs().length, 1)
  })

  test('who was not looking while files came, were joined and went, knows what was in them', async () => {
    const idle = await open()
    await noteEach(idle, ['a'])
    const other = await open()
    await noteEach(other, ['b'])
    await other.touch('client', 'c', now())
    await other.close()
    const joiner = await open()
    await joiner.compact()
    await joiner.close()
    // The base is read little by little, beside the sessions.
    await idle.find('triplet', 'b')
    await clock.advance(1000)
    assert.ok(await isKnown(idle, 'b'))
    const client = await idle.find('client', 'c')
    assert.equal(client.status === 'found' && client.value.count, 1)
    await idle.close()
  })

  test('what has expired leaves the index by and by, and the base when files are joined', async () => {
    const timers = clock
    let later = 0
    const moved: Clock = {
      now: () => timers.now() + later * 1000,
      monotonic: () => timers.monotonic(),
      after: (ms, run) => timers.after(ms, run),
    }
    const at = (triplet: string): GreylistAttempt => ({ ...attempt(triplet), now: Math.floor(moved.now() / 1000) })
    const memory = await open({ clock: moved })
    await memory.note(at('waits'))
    await memory.note(at('comes back'))
    later += 400
    await memory.note(at('comes back'))
    assert.equal(memory.size.entries, 3)
    later += 3 * DAY
    await clock.advance(SWEEP_TICKS * 250)
    assert.equal(memory.size.entries, 2)
    assert.ok(await isKnown(memory, 'comes back'))
    later += 3 * DAY
    await memory.close()
    const next = await open({ clock: moved })
    await next.compact()
    await next.close()
    const text = fs.readFileSync(join(directory, logs()[0] ?? ''), 'latin1')
    assert.ok(text.includes('comes back') && !text.includes('waits'))
  })

  test('T22.2 a damaged file: what is sound is kept, the file is put aside, and that is told once', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `key-${i}-`)
    const memory = await open()
    await noteEach(memory, keys)
    await memory.close()
    const [name = ''] = logs()
    const bytes = fs.readFileSync(join(directory, name))
    const hit = bytes.indexOf('key-7-')
    bytes[hit] = 0
    fs.writeFileSync(join(directory, name), bytes)
    fs.writeFileSync(join(directory, '000000000-aaaaaaaaaaaa.log'), 'this is none of ours')

    const next = await open()
    for (const key of keys) assert.equal(await isKnown(next, key), key !== 'key-7-')
    // Mail flows meanwhile.
    await noteEach(next, ['new'])
    await next.compact()
    assert.equal(told.length, 2, told.join('\n'))
    assert.match(told.join(), /is damaged.*put aside as .*\.log\.damaged/)
    assert.ok(fs.existsSync(join(directory, `${name}.damaged`)))
    assert.ok(fs.existsSync(join(directory, '000000000-aaaaaaaaaaaa.log.damaged')))
    await next.close()
    const last = await open()
    for (const key of keys) assert.equal(await isKnown(last, key), key !== 'key-7-')
    assert.ok(await isKnown(last, 'new'))
    await last.close()
    assert.equal(told.length, 2)
  })

  test('T5.1 a directory that cannot be read: every answer fails, told once; and it works when it can', async () => {
    fs.writeFileSync(directory, 'not a directory')
    const memory = await open()
    assert.deepEqual(await memory.note(attempt('a')), { status: 'failed', reason: 'Not a directory' })
    assert.deepEqual(await memory.find('triplet', 'a'), { status: 'failed', reason: 'Not a directory' })
    await clock.advance(2000)
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /Not a directory/)
    fs.rmSync(directory)
    await clock.advance(500)
    assert.equal((await memory.note(attempt('a'))).status, 'found')
    assert.equal(told.length, 2)
    assert.match(told[1] ?? '', /works again/)
    await memory.close()
  })

  test('T5.1 the directory is removed under load: mail goes on, and a new one is begun', async () => {
    const memory = await open()
    await noteEach(memory, ['a'])
    fs.rmSync(directory, { recursive: true })
    await noteEach(memory, ['b'])
    assert.ok(await isKnown(memory, 'a'))
    await clock.advance(61_000)
    await noteEach(memory, ['c'])
    assert.equal(logs().length, 1)
    await memory.close()
    const next = await open()
    assert.ok(await isKnown(next, 'c'))
    await next.close()
    assert.deepEqual(told, [])
  })

  const skip = process.geteuid?.() === 0 ? false : 'only root can give files away'
  test('what root writes, the owner of the directory can read', { skip }, async () => {
    fs.chownSync(parent, 65_534, 65_534)
    const command = await open({ use: 'command' })
    await noteEach(command, ['of root'])
    await command.close()
    const uid = fs.statSync(join(directory, logs()[0] ?? '')).uid
    const next = await open()
    await next.compact()
    await next.close()
    assert.equal(uid, 65_534)
    const owners = ['.', ...logs()].map(name => fs.statSync(join(directory, name)).uid)
    assert.deepEqual(
      owners,
      owners.map(() => 65_534),
    )
    assert.equal(owners.length, 2)
  })

  test('a file that may not be read is told once, and the others are', { skip }, async () => {
    const memory = await open()
    await noteEach(memory, ['a'])
    await memory.close()
    // Root may read everything: a directory of that name is what nobody can.
    fs.mkdirSync(join(directory, '000000000-bbbbbbbbbbbb.log'))
    const next = await open()
    assert.ok(await isKnown(next, 'a'))
    await clock.advance(3000)
    await next.close()
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /000000000-bbbbbbbbbbbb\.log cannot be read/)
  })

  test('a process that is gone leaves its file to the others; one that runs keeps it', async () => {
    const memory = await open()
    // A pid beyond the kernel's largest.
    const ghost = await open({ pid: 2 ** 22 + 1 })
    await noteEach(ghost, ['of the ghost'])
    const living = await open()
    await noteEach(living, ['of the living'])
    await memory.compact()
    assert.equal(logs().length, 2)
    assert.equal(logs().filter(name => name.startsWith('base-')).length, 1)
    await living.close()
    await memory.close()
    await ghost.close()
    const next = await open()
    assert.ok((await isKnown(next, 'of the ghost')) && (await isKnown(next, 'of the living')))
    await next.close()
  })
})
