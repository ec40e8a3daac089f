import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type SrsOptions, srsForward, srsReverse } from './srs.ts'

const OPTIONS: SrsOptions = { secrets: ['secret'], domain: 'f.example', maxAgeDays: 21 }
const NOW = 1_795_553_450_000
const local = fc.string({ unit: fc.constantFrom('a', 'B', '=', '+', '-', '@', 'SRS0', 'SRS1', '.'), maxLength: 12 })
const domain = fc.constantFrom('a.example', 'B.Example', 'c')

describe('SRS', () => {
  test('every sender leads back to itself, through any number of stations', () => {
    fc.assert(
      fc.property(local, domain, fc.integer({ min: 1, max: 4 }), (user, from, stations) => {
        const sender = `${user}@${from}`
        const path: string[] = [sender]
        const options = (i: number): SrsOptions => ({ ...OPTIONS, secrets: [`secret ${i}`], domain: `f${i}.example` })
        for (let i = 0; i < stations; i++) path.push(srsForward(path[i] ?? '', options(i), NOW))
        // The last station knows whether it has to go to the first one; that one has the sender.
        const last = srsReverse(path.at(-1) ?? '', options(stations - 1), NOW)
        assert.ok(last.ok)
        if (/^SRS[01][=+-]/i.test(user)) return
        if (stations === 1) assert.equal(last.address, sender)
        else {
          assert.equal(last.address, path[1])
          assert.deepEqual(srsReverse(last.address, options(0), NOW), { ok: true, address: sender })
        }
      }),
    )
  })

  test('no text makes it throw, and none that nobody signed leads anywhere', () => {
    const text = fc.string({ unit: fc.constantFrom('SRS0', 'SRS1', '=', '+', 'A', 'JN', 'a.example', '@', '') })
    fc.assert(fc.property(text, address => assert.equal(srsReverse(address, OPTIONS, NOW).ok, false)))
  })
})
