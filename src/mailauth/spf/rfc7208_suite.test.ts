import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSuite, suiteResolver } from '../../../test/support/spf_suite.ts'
import { systemClock } from '../../util/clock.ts'
import { makeSpf } from './spf.ts'

const RECEIVER = 'unknown'

for (const { description, cases, zone } of loadSuite()) {
  const resolver = suiteResolver(zone)
  const spf = makeSpf({ resolver, clock: systemClock, receiver: RECEIVER, timeLimit: 20, voidLimit: 2 })
  for (const { name, helo, host, mailfrom, results, explanation } of cases) {
    test(`T14.3 RFC 7208 suite: ${description}: ${name}`, async () => {
      const answer = await spf.check({ identity: 'mailfrom', address: host, helo, sender: mailfrom })
      const told = `${answer.result} by ${answer.mechanism}: ${answer.problem}`
      assert.ok(results.includes(answer.result), `expected ${results.join(' or ')}, got ${told}`)
      if (answer.result === 'fail' && explanation !== null)
        assert.equal(answer.explanation, explanation === 'DEFAULT' ? null : explanation)
      assert.equal(answer.problem !== null, answer.result === 'permerror' || answer.result === 'temperror', told)
    })
  }
}

test('T14.3 all 203 cases of the RFC 7208 suite are played', () => {
  assert.equal(loadSuite().flatMap(scenario => scenario.cases).length, 203)
})
