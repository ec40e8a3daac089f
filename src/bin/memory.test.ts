import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/read.ts'
import { systemClock } from '../util/clock.ts'
import { MemoryKeeper, NO_MEMORY, openMemory } from './memory.ts'

let directory = ''
const told: string[] = []
const services = {
  clock: systemClock,
  pid: process.pid,
  use: 'gateway' as const,
  warn: (text: string) => told.push(text),
}

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'postern-keeper-'))
  fs.writeFileSync(join(directory, 'main.cf'), '')
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

function config(...overrides: readonly string[]): Config {
  const read = readConfig({
    config: directory,
    overrides: [`postern_state_directory=${directory}/state`, ...overrides],
  })
  if (!read.ok) throw new Error(read.problem.text)
  return read.loaded.config
}

describe('MemoryKeeper', () => {
  test('keeps one memory while somebody uses it, and reads it again after the last', async () => {
    const keeper = new MemoryKeeper()
    const first = await keeper.lease(config(), services)
    await first.memory.touch('client', 'c', 1_700_000_000)
    const reloaded = await keeper.lease(config('smtpd_banner=hello'), services)
    assert.equal(reloaded.memory, first.memory)
    await first.release()
    assert.equal((await reloaded.memory.touch('client', 'd', 1_700_000_000)).status, 'found')
    await reloaded.release()
    assert.equal((await first.memory.touch('client', 'e', 1_700_000_000)).status, 'failed')
    const later = await keeper.lease(config(), services)
    assert.notEqual(later.memory, first.memory)
    await later.release()
    assert.deepEqual(told, [])
  })

  test('opens another when a setting of the memory has changed; both know what either notes', async () => {
    const keeper = new MemoryKeeper()
    const now = Math.floor(systemClock.now() / 1000)
    const old = await keeper.lease(config(), services)
    for (const override of ['postern_store_sync=yes', 'postern_greylist_max_age=10d']) {
      const other = await keeper.lease(config(override), services)
      assert.notEqual(other.memory, old.memory)
      await old.memory.touch('client', override, now)
      assert.equal((await other.memory.touch('client', override, now)).status, 'found')
      const entry = await old.memory.find('client', override)
      assert.equal(entry.status === 'found' && entry.value.count, 2)
      await other.release()
    }
    await old.release()
  })
})

test('what is rehearsed is known to the rehearsal only', async () => {
  const now = Math.floor(systemClock.now() / 1000)
  const rehearsal = await openMemory(config(), { ...services, use: 'rehearsal' })
  await rehearsal.touch('client', 'c', now)
  assert.equal((await rehearsal.find('client', 'c')).status, 'found')
  const memory = await openMemory(config(), services)
  assert.equal((await memory.find('client', 'c')).status, 'absent')
  await rehearsal.close()
  await memory.close()
})

test('where no memory is open everything fails', async () => {
  assert.equal((await NO_MEMORY.find('client', 'c')).status, 'failed')
  for await (const entry of NO_MEMORY.entries('client')) assert.fail(entry.key)
})
