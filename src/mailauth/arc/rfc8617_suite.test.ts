import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { makeFakeResolver } from '../../../test/support/fake_resolver.ts'
import { ManualClock } from '../../../test/support/manual_clock.ts'
import { messageOf, verifyMessage } from '../../../test/support/messages.ts'
import { makeSignatureVerifiers, signatureDefaults } from '../dkim/verifier.ts'

/** ValiMail's suite for the drafts of RFC 8617 (test/data/arc, with its licence): 171 messages in 10 groups. */
interface Scenario {
  readonly description: string
  readonly tests: Readonly<Record<string, { description: string; message: string; cv: string | null }>>
  readonly 'txt-records': Readonly<Record<string, string>> | null
}

const FILE = new URL('../../../test/data/arc/tests.json', import.meta.url)

/** Where RFC 8617 itself is otherwise than the draft of the suite. */
const OTHERWISE: Readonly<Record<string, string>> = {
  // The suite leaves open what an intermediary makes of these; 5.2 steps 1 and 3 C: fail.
  cv_fail_i1_as_cv_fail: 'fail',
  cv_fail_i2_as2_fail: 'fail',
  cv_fail_i2_as1_fail: 'fail',
  // 4.1.2: c= as in DKIM, so that none means simple/simple; the suite signed relaxed/relaxed.
  ams_fields_c_na: 'fail',
  // RFC 6376 5.4: From has to be signed.
  ams_fields_h_empty: 'fail',
}

const scenarios: readonly Scenario[] = JSON.parse(readFileSync(FILE, 'utf8'))

for (const scenario of scenarios)
  describe(`ARC suite: ${scenario.description}`, () => {
    const TXT = Object.fromEntries(Object.entries(scenario['txt-records'] ?? {}).map(([name, text]) => [name, [text]]))
    const resolver = makeFakeResolver({ TXT })
    const verifiers = makeSignatureVerifiers({ ...signatureDefaults, resolver, clock: new ManualClock() })
    for (const [name, { description, message, cv }] of Object.entries(scenario.tests))
      test(`${name}: ${description}`, async () => {
        const { arc } = await verifyMessage(verifiers, messageOf(message))
        assert.equal(arc.result, OTHERWISE[name] ?? (cv ?? 'None').toLowerCase(), arc.problem ?? '')
      })
  })
