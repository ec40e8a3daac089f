import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { LogFollower, type LogPosition } from './follow.ts'

let directory = ''
let path = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'follow-'))
  path = join(directory, 'mail.log')
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A follower of which only `look` is called, and what it has taken. */
function follow(position: LogPosition | null = null, maxBacklog = 1 << 20) {
  const taken: string[] = []
  const troubles: Error[] = []
  const follower = new LogFollower({
    ...{ path, position, maxBacklog, clock: new ManualClock() },
    take: lines => void taken.push(lines.toString()),
    trouble: error => void troubles.push(error),
  })
  const seen = async (): Promise<string> => {
    await follower.look()
    assert.deepEqual(troubles, [])
    return taken.splice(0).join('')
  }
  return { follower, seen, troubles }
}

describe('LogFollower', () => {
  test('lines are taken whole, though written in pieces', async () => {
    writeFileSync(path, 'one\ntw')
    const { seen, follower } = follow()
    assert.equal(await seen(), 'one\n')
    appendFileSync(path, 'o')
    assert.equal(await seen(), '')
    appendFileSync(path, '\nthree\n')
    assert.equal(await seen(), 'two\nthree\n')
    await follower.stop()
  })

  test('rotation: the end of the old file, then the new one', async () => {
    writeFileSync(path, 'one\n')
    const { seen, follower } = follow()
    assert.equal(await seen(), 'one\n')
    appendFileSync(path, 'two\n')
    renameSync(path, `${path}.1`)
    assert.equal(await seen(), 'two\n')
    // syslogd holds the old file until it is told.
    appendFileSync(`${path}.1`, 'three\n')
    writeFileSync(path, 'four\n')
    assert.equal(await seen(), 'three\nfour\n')
    await follower.stop()
  })

  test('a line that the old file never ended is given', async () => {
    writeFileSync(path, 'one\nhalf')
    const { seen, follower } = follow()
    assert.equal(await seen(), 'one\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'next\n')
    assert.equal(await seen(), 'half\nnext\n')
    await follower.stop()
  })

  test('truncation: the same file begins anew', async () => {
    writeFileSync(path, 'one\ntwo\nhalf')
    const { seen, follower } = follow()
    assert.equal(await seen(), 'one\ntwo\n')
    truncateSync(path)
    assert.equal(await seen(), '')
    appendFileSync(path, 'three\n')
    assert.equal(await seen(), 'three\n')
    await follower.stop()
  })

  test('copytruncate, and more written since than was there before', async () => {
    writeFileSync(path, 'Nov 24 one\n')
    const { seen, follower } = follow()
    assert.equal(await seen(), 'Nov 24 one\n')
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    appendFileSync(path, 'Nov 25 two, which is longer\nNov 25 three\n')
    assert.equal(await seen(), 'Nov 25 two, which is longer\nNov 25 three\n')
    await follower.stop()
  })

  test('no file yet, and no file for a while', async () => {
    const { seen, follower } = follow()
    assert.equal(await seen(), '')
    writeFileSync(path, 'one\n')
    assert.equal(await seen(), 'one\n')
    rmSync(path)
    assert.equal(await seen(), '')
    writeFileSync(path, 'two\n')
    assert.equal(await seen(), 'two\n')
    await follower.stop()
  })

  test('what cannot be read is told once', async () => {
    path = directory
    const { follower, troubles } = follow()
    await follower.look()
    await follower.look()
    assert.equal(troubles.length, 1)
    await follower.stop()
  })

  test('start reads, and the clock makes it look again', async () => {
    writeFileSync(path, 'one\n')
    const clock = new ManualClock()
    let wake: (() => void) | null = null
    const taken: string[] = []
    const follower = new LogFollower({
      ...{ path, position: null, maxBacklog: 100, clock },
      take: lines => {
        taken.push(lines.toString())
        wake?.()
      },
      trouble: assert.ifError,
    })
    await follower.start()
    assert.deepEqual(taken, ['one\n'])
    const woken = new Promise<void>(resolve => {
      wake = resolve
    })
    appendFileSync(path, 'two\n')
    await clock.advance(1000)
    await woken
    assert.deepEqual(taken, ['one\n', 'two\n'])
    await follower.stop()
  })
})

describe('T9.2 reading begins where it ended', () => {
  test('in the same file, and with the line that was not yet whole', async () => {
    writeFileSync(path, 'one\ntw')
    const first = follow()
    assert.equal(await first.seen(), 'one\n')
    const position = await first.follower.stop()
    appendFileSync(path, 'o\nthree\n')
    const second = follow(position)
    assert.equal(await second.seen(), 'two\nthree\n')
    await second.follower.stop()
  })

  test('in the file that was rotated since', async () => {
    writeFileSync(path, 'one\n')
    const first = follow()
    assert.equal(await first.seen(), 'one\n')
    const position = await first.follower.stop()
    appendFileSync(path, 'two\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'three\n')
    const second = follow(position)
    assert.equal(await second.seen(), 'two\nthree\n')
    await second.follower.stop()
  })

  test('another file with the same inode is not taken for it', async () => {
    writeFileSync(path, 'one\ntwo\n')
    const first = follow()
    await first.seen()
    const position = await first.follower.stop()
    writeFileSync(path, 'other\nthings\nhere\n')
    const second = follow(position)
    assert.equal(await second.seen(), 'other\nthings\nhere\n')
    await second.follower.stop()
  })

  for (const [backlog, expected] of [
    [5, '8888\n'],
    [7, '8888\n'],
    [10, '7777\n8888\n'],
    [1 << 20, '0000\n1111\n2222\n3333\n4444\n5555\n6666\n7777\n8888\n'],
  ] as const)
    test(`of a long log no more than the last ${backlog} bytes, and no half line`, async () => {
      writeFileSync(path, [0, 1, 2, 3, 4, 5, 6, 7, 8].map(n => `${String(n).repeat(4)}\n`).join(''))
      const { seen, follower } = follow(null, backlog)
      assert.equal(await seen(), expected)
      await follower.stop()
    })

  test('a log of 2.5 GB is read from its end, whatever is before', async () => {
    // A sparse file: its size is what it says, its bytes are none.
    writeFileSync(path, '')
    truncateSync(path, 2_500_000_000)
    appendFileSync(path, '\nlast\n')
    const { seen, follower } = follow(null, 100)
    assert.equal(await seen(), 'last\n')
    await follower.stop()
  })
})
