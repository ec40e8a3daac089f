import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { Progress } from './progress.ts'

function bar(width: number | null, totalBytes: number | null) {
  const clock = new ManualClock()
  const written: string[] = []
  return {
    clock,
    written,
    progress: new Progress({ clock, totalBytes, target: { width, write: text => written.push(text) } }),
  }
}

test('a bar grows, tells what is left, and goes away', async () => {
  const { clock, written, progress } = bar(80, 1000)
  await clock.advance(2000)
  progress.add(500, 2_500_000)
  assert.deepEqual(written, [`\r[${'#'.repeat(20)}${'.'.repeat(20)}]  50%  2.5 million lines, 2 s left\x1b[K`])
  progress.add(1, 1)
  assert.equal(written.length, 1, 'not ten times a millisecond')
  progress.end()
  assert.equal(written.at(-1), '\r\x1b[K')
})

test('it keeps to one row, however narrow', async () => {
  for (const width of [10, 30, 45, 60, 200]) {
    const { clock, written, progress } = bar(width, 1000)
    await clock.advance(1000)
    progress.add(999, 1)
    assert.ok((written[0] ?? '').length - '\r\x1b[K'.length < width, String(width))
  }
})

test('quick work, and work for no terminal, has none', async () => {
  const quick = bar(80, 1000)
  quick.progress.add(500, 1)
  quick.progress.end()
  const piped = bar(null, 1000)
  await piped.clock.advance(5000)
  piped.progress.add(500, 1)
  piped.progress.end()
  assert.deepEqual([...quick.written, ...piped.written], [])
})

test('where the end is not known it counts lines', async () => {
  const { clock, written, progress } = bar(80, null)
  await clock.advance(1000)
  progress.add(5, 1_200_000)
  assert.deepEqual(written, ['\r1.2 million lines\x1b[K'])
})
