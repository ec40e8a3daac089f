import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { Clock } from '../util/clock.ts'
import { VerifyCache, type VerifyTimes } from './verify_cache.ts'

const DAY = 86_400
const TIMES: VerifyTimes = {
  positiveExpire: 31 * DAY,
  positiveRefresh: 7 * DAY,
  negativeExpire: 3 * DAY,
  negativeRefresh: 3 * 3600,
  negativeCache: true,
}

function handClock(): Clock & { seconds: number } {
  return {
    seconds: 1_700_000_000,
    now() {
      return this.seconds * 1000
    },
    monotonic() {
      return this.seconds * 1000
    },
    after: () => ({ cancel: () => undefined }),
  }
}

const TODO = { status: 'todo', text: 'Address verification in progress' } as const
const tmp = (): string => path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'verify')), 'cache')

test('an unknown address is probed once', () => {
  const cache = new VerifyCache(TIMES, handClock(), null)
  assert.deepEqual(cache.query('a@x'), { ...TODO, probe: true })
  assert.deepEqual(cache.query('a@x'), { ...TODO, probe: false })
})

test('a probe without an answer is taken for lost after 1000 seconds', () => {
  const clock = handClock()
  const cache = new VerifyCache(TIMES, clock, null)
  cache.query('a@x')
  clock.seconds += 1000
  assert.equal(cache.query('a@x').probe, false)
  clock.seconds += 1
  assert.equal(cache.query('a@x').probe, true)
})

// status           after             found            probe
const AGES: readonly (readonly ['ok' | 'undeliverable' | 'deferred', number, string, boolean])[] = [
  ['ok', 0, 'ok', false],
  ['ok', 7 * DAY, 'ok', false],
  ['ok', 7 * DAY + 1, 'ok', true],
  ['ok', 31 * DAY, 'ok', true],
  ['ok', 31 * DAY + 1, 'todo', true],
  ['undeliverable', 3 * 3600, 'undeliverable', false],
  ['undeliverable', 3 * 3600 + 1, 'undeliverable', true],
  ['undeliverable', 3 * DAY + 1, 'todo', true],
  ['deferred', 3 * 3600 + 1, 'deferred', true],
]

for (const [status, age, found, probe] of AGES) {
  test(`${status} after ${age} s is ${found}${probe ? ', probed again' : ''}`, () => {
    const clock = handClock()
    const cache = new VerifyCache(TIMES, clock, null)
    cache.query('a@x')
    cache.update('a@x', status, 'said')
    clock.seconds += age
    const result = cache.query('a@x')
    assert.deepEqual([result.status, result.probe], [found, probe])
    assert.equal(cache.query('a@x').probe, false)
  })
}

test('a failure does not overwrite a success, a success does overwrite a failure', () => {
  const cache = new VerifyCache(TIMES, handClock(), null)
  cache.update('a@x', 'undeliverable', 'no')
  cache.update('a@x', 'ok', 'yes')
  cache.update('a@x', 'deferred', 'later')
  assert.deepEqual(cache.query('a@x'), { status: 'ok', text: 'yes', probe: false })
})

test('without a negative cache only successes are kept', () => {
  const cache = new VerifyCache({ ...TIMES, negativeCache: false }, handClock(), null)
  assert.equal(cache.query('a@x').probe, true)
  cache.update('a@x', 'undeliverable', 'no')
  assert.deepEqual(cache.query('a@x'), { ...TODO, probe: true })
  cache.update('a@x', 'ok', 'yes')
  assert.equal(cache.query('a@x').status, 'ok')
})

test('two workers share a file, and a restart finds it', () => {
  const file = tmp()
  const one = new VerifyCache(TIMES, handClock(), file)
  const two = new VerifyCache(TIMES, handClock(), file)
  one.update('a b@x', 'ok', '250 2.1.5 Ok\tfine')
  two.update('ö@y', 'undeliverable', 'host x said: 550 no')
  assert.deepEqual(two.query('a b@x'), { status: 'ok', text: '250 2.1.5 Ok?fine', probe: false })
  assert.equal(one.query('ö@y').status, 'undeliverable')
  assert.equal(new VerifyCache(TIMES, handClock(), file).query('ö@y').text, 'host x said: 550 no')
})

test('half a line and garbage are overlooked, the half is read when it is whole', () => {
  const file = tmp()
  fs.writeFileSync(file, 'garbage\nok 1700000000 %E0%A4%A\tbad\nok 17000')
  const cache = new VerifyCache(TIMES, handClock(), file)
  assert.equal(cache.query('a@x').status, 'todo')
  fs.appendFileSync(file, '00000 a%40x\tfine\n')
  assert.deepEqual(cache.query('a@x'), { status: 'ok', text: 'fine', probe: false })
})

test('a file of mostly old lines is written anew at start, and other workers follow', () => {
  const file = tmp()
  const clock = handClock()
  const first = new VerifyCache(TIMES, clock, file)
  for (let i = 0; i < 1200; i++) first.update('a@x', 'ok', `try ${i}`)
  const second = new VerifyCache(TIMES, clock, file)
  assert.equal(fs.readFileSync(file, 'utf8').split('\n').length, 2)
  second.update('b@x', 'ok', 'new')
  assert.equal(first.query('b@x').text, 'new')
})

test('a file that cannot be written costs nothing but memory', () => {
  const file = tmp()
  fs.writeFileSync(file, '')
  const cache = new VerifyCache(TIMES, handClock(), path.join(file, 'below', 'cache'))
  cache.update('a@x', 'ok', 'yes')
  assert.equal(cache.query('a@x').status, 'ok')
})
