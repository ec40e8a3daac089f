import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openSession } from '../../test/support/judge_session.ts'
import { tellRestriction } from '../../test/support/restriction_cases.ts'

const SERVER = 'inet:127.0.0.1:10023'

describe('check_policy_service', () => {
  // biome-ignore format: columns
  const cases: readonly [action: string, verdict: string, ...notes: string[]][] = [
    ['DUNNO',                     'dunno'],
    ['dunno whatever',            'dunno'],
    ['OK',                        'permit'],
    ['1234567',                   'permit'],
    ['REJECT',                    '554 5.7.1 <u@here.example>: Recipient address rejected: Access denied'],
    ['REJECT 5.7.9 go away',      '554 5.7.9 <u@here.example>: Recipient address rejected: go away'],
    ['450 4.2.0 later',           '450 4.2.0 <u@here.example>: Recipient address rejected: later'],
    ['DEFER_IF_PERMIT greylisted','defer_if_permit 450 4.7.1 <u@here.example>: Recipient address rejected: greylisted'],
    ['DEFER_IF_REJECT',           'defer_if_reject 450 4.7.1 <u@here.example>: Recipient address rejected: Service unavailable'],
    ['PREPEND X-Grey: no',        'PREPEND X-Grey: no'],
    ['permit_mynetworks, reject', 'list permit_mynetworks, reject'],
    ['check_client_access hash:x','fault 451 4.3.5 Server configuration error',
                                  'access table inet:127.0.0.1:10023 has entry with lookup table: check_client_access hash:x',
                                  'do not specify lookup tables inside SMTPD access maps',
                                  'define a restriction class and specify its name instead.'],
  ]
  for (const [action, verdict, ...notes] of cases) {
    test(`action "${action}": ${verdict}`, async () => {
      const told = await tellRestriction(
        `check_policy_service ${SERVER}`,
        { recipient: 'u@here.example' },
        { policy: { [SERVER]: action } },
      )
      assert.deepEqual(told, { verdict, notes })
    })
  }

  // biome-ignore format: columns
  const silent: readonly [mainCf: string, verdict: string][] = [
    ['',                                              '451 4.3.5 <u@here.example>: Recipient address rejected: Server configuration problem'],
    ['smtpd_policy_service_default_action = DUNNO',   'dunno'],
    ['smtpd_policy_service_default_action = 421 bye', '421 4.7.1 <u@here.example>: Recipient address rejected: bye'],
  ]
  for (const [mainCf, verdict] of silent) {
    test(`a server that does not answer, ${mainCf}: ${verdict}`, async () => {
      const told = await tellRestriction(`check_policy_service ${SERVER}`, { recipient: 'u@here.example' }, { mainCf })
      assert.deepEqual(told, { verdict, notes: [] })
    })
  }

  test('names the server without its options, and is about what its list is about', async () => {
    const told = await tellRestriction(
      `check_policy_service { ${SERVER}, timeout=10s }`,
      { helo: 'h.example' },
      { policy: { [`{ ${SERVER}, timeout=10s }`]: 'REDIRECT nobody' }, list: 'Helo command' },
    )
    assert.equal(told.verdict, 'REDIRECT nobody')
  })

  test('is asked once for each time the walk gets there, and never ahead', async () => {
    const session = openSession({
      mainCf: `smtpd_recipient_restrictions = check_policy_service ${SERVER}, reject`,
      policy: { [SERVER]: 'DUNNO' },
    })
    await session.rcpt()
    await session.rcpt({ recipient: 'other@here.example' })
    assert.deepEqual(session.world.policyAsked, [SERVER, SERVER])
  })
})
