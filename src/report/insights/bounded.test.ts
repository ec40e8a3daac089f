import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedMap, TopCounter } from './bounded.ts'
import { InsightCollector } from './collector.ts'
import { insightsOf, logLines } from './test_support.ts'

test('a full map forgets the oldest entry, and counts it', () => {
  const map = new BoundedMap<number>(2)
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) map.set(key, index)
  assert.deepEqual(
    [...map.entries()],
    [
      ['b', 1],
      ['c', 3],
    ],
  )
  assert.equal(map.forgotten, 1)
})

test('a counter that is flooded with names keeps those at the head', () => {
  const counter = new TopCounter(100)
  for (let n = 0; n < 5000; n++) {
    counter.add(`flood${n}`)
    if (n % 10 === 0) counter.add('frequent')
  }
  assert.ok(counter.size <= 100)
  assert.deepEqual(counter.top(1), [{ name: 'frequent', count: 500 }])
})

test('a flood of clients is told as unwatched, and the figures stay right', () => {
  const lines: string[] = []
  for (let n = 0; n < 50_010; n++)
    lines.push(
      `Nov 24 08:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[2001:db8::${n.toString(16)}]: 554 5.7.1 <a@b.example>: Sender address rejected: Access denied; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>`,
    )
  const { gateway, suspects } = insightsOf(lines.join('\n'))
  assert.deepEqual([gateway.refused, suspects.unwatched, gateway.clients.length], [50_010, 10, 20])
})

test('days that are not asked for do not count', () => {
  const collector = new InsightCollector({
    year: 2026,
    dates: { first: { year: 2026, month: 11, day: 24 }, last: { year: 2026, month: 11, day: 24 }, title: 'Nov 24' },
  })
  const reject = 'mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 554 x;'
  for (const line of logLines(`Nov 23 08:00:00 ${reject}\nNov 24 08:00:00 ${reject}\nNov 25 08:00:00 ${reject}`))
    collector.add(line)
  const { days } = collector.finish().gateway
  assert.deepEqual(days, [{ year: 2026, month: 11, day: 24, accepted: 0, refused: 1, deferred: 0 }])
})
