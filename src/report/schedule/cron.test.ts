import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type CronSchedule, parseCron } from './cron.ts'

function schedule(text: string): CronSchedule {
  const parsed = parseCron(text)
  if (!parsed.ok) assert.fail(parsed.message)
  return parsed.schedule
}

function iso(ms: number | null): string {
  return ms === null ? 'never' : new Date(ms).toISOString().slice(0, 16)
}

describe('G26 every morning at four', () => {
  const zone = process.env['TZ']
  after(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  test('next and last, at, before and after the minute', () => {
    process.env['TZ'] = 'UTC'
    const morning = schedule('0 4 * * *')
    const at = Date.parse('2026-11-24T04:00:00Z')
    assert.deepEqual([iso(morning.next(at - 1)), iso(morning.last(at - 1))], ['2026-11-24T04:00', '2026-11-23T04:00'])
    assert.deepEqual([iso(morning.next(at)), iso(morning.last(at))], ['2026-11-25T04:00', '2026-11-24T04:00'])
    assert.equal(iso(morning.last(at + 86_399_000)), '2026-11-24T04:00')
  })

  test('T18.3 is four by the clock on the wall when clocks change', () => {
    process.env['TZ'] = 'Europe/Berlin'
    const morning = schedule('0 4 * * *')
    assert.equal(iso(morning.next(Date.parse('2026-03-28T12:00:00Z'))), '2026-03-29T02:00')
    assert.equal(iso(morning.next(Date.parse('2026-10-24T12:00:00Z'))), '2026-10-25T03:00')
    // 2:30 is not there on one night, and there twice on another: once each.
    const night = schedule('30 2 * * *')
    let from = Date.parse('2026-03-28T12:00:00Z')
    const runs = [1, 2, 3].map(() => {
      from = night.next(from) ?? 0
      return iso(from)
    })
    assert.equal(new Set(runs.map(run => run.slice(0, 10))).size, 3)
    const first = night.next(Date.parse('2026-10-24T12:00:00Z')) ?? 0
    assert.equal(iso(night.next(first)).slice(0, 10), '2026-10-26')
  })

  test('what is no schedule is told', () => {
    for (const text of ['', '4:00', '0 25 * * *', '0 0 4 * * *', '@reboot', 'every day at four'])
      assert.match(
        parseCron(text).ok ? 'taken' : (parseCron(text) as { message: string }).message,
        /^cannot use ".*": expected five fields as in crontab\(5\)/,
        text,
      )
    assert.ok(parseCron('@daily').ok && parseCron('*/10 8-18 * * mon-fri').ok)
  })
})
