import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type CalendarDay, localDay, parseDates } from './dates.ts'

const TODAY = { year: 2026, month: 11, day: 24 }

/** "2026-11-01 2026-11-07", or what is wrong. */
function days(text: string, today: CalendarDay = TODAY, mondayFirst = false): string {
  const parsed = parseDates(text, { today, mondayFirst })
  return parsed.ok ? `${iso(parsed.dates.first)} ${iso(parsed.dates.last)}` : parsed.message
}

function iso({ year, month, day }: CalendarDay): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

function one(day: string): string {
  return `${day} ${day}`
}

describe('G24 days that a report is about', () => {
  test('today and yesterday, in two languages', () => {
    for (const word of ['today', 'TODAY', 'heute']) assert.equal(days(word), one('2026-11-24'))
    for (const word of ['yesterday', 'gestern', 'Gestern']) assert.equal(days(word), one('2026-11-23'))
  })

  // What pflogsumm 1.3.0 makes of the same on this Tuesday.
  test('weeks begin on Sunday, or on Monday if asked', () => {
    assert.equal(days('this week'), '2026-11-22 2026-11-28')
    assert.equal(days('last_week'), '2026-11-15 2026-11-21')
    assert.equal(days('this week', TODAY, true), '2026-11-23 2026-11-29')
    assert.equal(days('last  week', TODAY, true), '2026-11-16 2026-11-22')
    const sunday = { year: 2026, month: 11, day: 22 }
    assert.equal(days('this week', sunday), '2026-11-22 2026-11-28')
    assert.equal(days('this week', sunday, true), '2026-11-16 2026-11-22')
  })

  test('months', () => {
    assert.equal(days('this month'), '2026-11-01 2026-11-30')
    assert.equal(days('last month'), '2026-10-01 2026-10-31')
    assert.equal(days('last month', { year: 2026, month: 1, day: 31 }), '2025-12-01 2025-12-31')
    assert.equal(days('last month', { year: 2028, month: 3, day: 31 }), '2028-02-01 2028-02-29')
    assert.equal(days('2027-02'), '2027-02-01 2027-02-28')
  })

  test('ranges, however written', () => {
    const week = '2026-11-01 2026-11-07'
    for (const word of ['..', ' .. ', ' to ', ' - ', ' ', ' bis '])
      assert.equal(days(`2026-11-01${word}2026-11-07`), week)
    assert.equal(days('2026-07 - 2026-08'), '2026-07-01 2026-08-31')
  })

  test('what cannot be used is told with what can', () => {
    assert.equal(days('yesterdy'), 'cannot use "yesterdy" as a date: did you mean "yesterday"?')
    assert.match(days('ages ago'), /^cannot use "ages ago" as a date: expected today, yesterday, "last week"/)
    assert.match(days(''), /^cannot use "" as a date: expected today/)
    assert.equal(days('2026-02-30'), 'there is no day 2026-02-30 in the calendar')
    assert.equal(days('2026-13'), 'there is no day 2026-13 in the calendar')
    assert.equal(days('2026-11-07..2026-11-01'), '2026-11-01 is before 2026-11-07: say 2026-11-01..2026-11-07')
  })

  test("headings: pflogsumm's for a day", () => {
    const title = (text: string): string => {
      const parsed = parseDates(text, { today: TODAY, mondayFirst: false })
      return parsed.ok ? parsed.dates.title : parsed.message
    }
    assert.equal(title('2026-11-04'), 'Nov  4')
    assert.equal(title('2025-12-30..2026-01-02'), 'Dec 30 2025 - Jan  2 2026')
  })
})

describe('T18.3 yesterday', () => {
  const zone = process.env['TZ']
  after(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  const cases = [
    ['Europe/Berlin', '2026-03-29T04:00:00+02:00', '2026-03-28'],
    ['Europe/Berlin', '2026-03-30T00:30:00+02:00', '2026-03-29'],
    ['Europe/Berlin', '2026-03-30T23:59:59+02:00', '2026-03-29'],
    ['Europe/Berlin', '2026-10-25T02:30:00+02:00', '2026-10-24'],
    ['Europe/Berlin', '2026-10-25T02:30:00+01:00', '2026-10-24'],
    ['Europe/Berlin', '2026-10-25T23:30:00+01:00', '2026-10-24'],
    ['Europe/Berlin', '2026-10-26T00:10:00+01:00', '2026-10-25'],
    ['Europe/Berlin', '2026-01-01T04:00:00+01:00', '2025-12-31'],
    ['Pacific/Auckland', '2026-01-01T04:00:00+13:00', '2025-12-31'],
    ['America/New_York', '2028-02-29T23:00:00-05:00', '2028-02-28'],
    ['America/New_York', '2028-03-01T00:00:00-05:00', '2028-02-29'],
  ] as const
  for (const [timeZone, now, expected] of cases) {
    test(`at ${now} in ${timeZone} is ${expected}`, () => {
      process.env['TZ'] = timeZone
      assert.equal(days('yesterday', localDay(Date.parse(now))), one(expected))
    })
  }
})
