import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { collectedDays, type DayLine, DayLinesWriter, readDay, removeDay } from './day_lines.ts'

const DAY = '2026-11-24'

function folder(t: TestContext): string {
  const directory = fs.mkdtempSync(join(tmpdir(), 'postern-lines-'))
  t.after(() => fs.rmSync(directory, { recursive: true }))
  return directory
}

function open(directory: string, pid = 1, told: unknown[] = []): DayLinesWriter {
  return new DayLinesWriter({ directory, pid, onTrouble: (problem, lost) => told.push([problem, lost]) })
}

async function linesOf(directory: string, day = DAY): Promise<readonly DayLine[]> {
  const lines: DayLine[] = []
  for await (const line of readDay(directory, day)) lines.push(line)
  return lines
}

describe('lines of a day', () => {
  test('come back as they were added, of all processes, by day', async t => {
    const directory = folder(t)
    const [one, two] = [open(directory, 1), open(directory, 22)]
    one.add(DAY, 'first')
    two.add(DAY, 'zwölf')
    one.add('2026-11-25', 'next day')
    one.add(DAY, 'second')
    one.close()
    two.close()
    assert.deepEqual(await linesOf(directory), ['first', 'second', 'zwölf'])
    assert.deepEqual(await linesOf(directory, '2026-11-25'), ['next day'])
    assert.deepEqual(collectedDays(directory), [DAY, '2026-11-25'])
    removeDay(directory, DAY)
    assert.deepEqual(collectedDays(directory), ['2026-11-25'])
  })

  test('of one turn go out with one write', async t => {
    const directory = folder(t)
    const write = t.mock.method(fs, 'writeSync')
    const writer = open(directory)
    for (let i = 0; i < 100; i++) writer.add(DAY, `line ${i}`)
    assert.equal(write.mock.callCount(), 0)
    await new Promise(setImmediate)
    assert.equal(write.mock.callCount(), 1)
    assert.equal((await linesOf(directory)).length, 100)
    writer.close()
  })

  test('that are damaged or torn are passed over and counted', async t => {
    const directory = folder(t)
    const writer = open(directory)
    for (const text of ['one', 'two', 'three']) writer.add(DAY, text)
    writer.close()
    const path = join(directory, `${DAY}.1.lines`)
    const bytes = fs.readFileSync(path)
    bytes[bytes.indexOf('two')] = 0x54
    // Killed in the middle of a write; the next process of that number goes on.
    fs.writeFileSync(path, bytes.subarray(0, bytes.length - 3))
    const next = open(directory)
    next.add(DAY, 'four')
    next.close()
    assert.deepEqual(await linesOf(directory), ['one', null, null, 'four'])
    fs.appendFileSync(path, `${'x'.repeat(300_000)}\n`)
    assert.deepEqual(await linesOf(directory), ['one', null, null, 'four', null])
  })

  test('of a file that is no file of lines are damaged, and no more', async t => {
    const directory = folder(t)
    fs.writeFileSync(join(directory, `${DAY}.7.lines`), Buffer.from([0, 1, 2, 10, 255, 254, 10, 10]))
    assert.deepEqual(await linesOf(directory), [null, null])
  })

  test('a full disk is told once, and what waits is written when there is room again', async t => {
    const directory = folder(t)
    const told: unknown[] = []
    const writer = open(directory, 1, told)
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const write = t.mock.method(fs, 'writeSync', () => {
      throw full
    })
    writer.add(DAY, 'one')
    await new Promise(setImmediate)
    writer.add(DAY, 'two')
    await new Promise(setImmediate)
    assert.deepEqual(told, [['No space left on device', 0]])
    const long = 'x'.repeat(1000)
    for (let i = 0; i < 2000; i++) writer.add(DAY, long)
    await new Promise(setImmediate)
    write.mock.restore()
    writer.add(DAY, 'three')
    await new Promise(setImmediate)
    assert.equal(told.length, 2)
    const [problem, lost] = [told[1]].flat()
    assert.equal(problem, null)
    const lines = await linesOf(directory)
    assert.deepEqual(lines.slice(0, 2), ['one', 'two'])
    // 'three' may be among the lost: it came when there was no room left for it.
    assert.equal(lines.length + Number(lost), 2003)
    writer.close()
  })

  test('half a line of a full disk does no harm to the next one', async t => {
    const directory = folder(t)
    const writer = open(directory)
    writer.add(DAY, 'one')
    await new Promise(setImmediate)
    const real = fs.writeSync
    let calls = 0
    const write = t.mock.method(fs, 'writeSync', (fd: number, bytes: Uint8Array, at: number) => {
      if (calls++ > 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return real(fd, bytes, at, 5)
    })
    writer.add(DAY, 'two')
    await new Promise(setImmediate)
    write.mock.restore()
    writer.add(DAY, 'three')
    await new Promise(setImmediate)
    assert.deepEqual(await linesOf(directory), ['one', null, 'two', 'three'])
    writer.close()
  })

  test('a directory that was taken away is made again', async t => {
    const directory = join(folder(t), 'dmarc')
    const writer = open(directory)
    writer.add(DAY, 'one')
    await new Promise(setImmediate)
    fs.rmSync(directory, { recursive: true })
    writer.add(DAY, 'two')
    await new Promise(setImmediate)
    assert.deepEqual(await linesOf(directory), ['two'])
    writer.close()
  })
})
