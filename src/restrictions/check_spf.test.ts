import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import { openSession } from '../../test/support/judge_session.ts'
import { tellRestriction } from '../../test/support/restriction_cases.ts'
import type { Resolver } from '../dns/resolver.ts'

const DNS = {
  TXT: {
    'there.example': ['v=spf1 ip4:192.0.2.0/24 -all'],
    'fail.example': ['v=spf1 -all exp=why.fail.example'],
    'why.fail.example': ['%{i} may not send for %{o}'],
    'soft.example': ['v=spf1 ~all'],
    'broken.example': ['v=spf1 ipv4:192.0.2.1 -all'],
  },
  fail: ['TXT silent.example'],
} as const
const RECIPIENT = 'u@here.example'
const FAIL_TEXT =
  'Message rejected due to: 192.0.2.1 may not send for fail.example. Please see http://www.openspf.net/Why?s=mfrom;id=x@fail.example;ip=192.0.2.1;r=here.example'

function header(result: string, sender: string): string {
  return `Received-SPF: ${result} (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=client.example; envelope-from=${sender}; receiver=here.example`
}

describe('G22 check_spf', () => {
  const cases: readonly (readonly [sender: string, mainCf: string, verdict: string])[] = [
    ['s@there.example', '', `PREPEND ${header('Pass', 's@there.example')}`],
    ['s@soft.example', 'postern_spf_mail_from_reject = Fail', `PREPEND ${header('Softfail', 's@soft.example')}`],
    [
      'x@fail.example',
      'postern_spf_mail_from_reject = Fail',
      `550 5.7.23 <${RECIPIENT}>: Recipient address rejected: ${FAIL_TEXT}`,
    ],
    ['s@silent.example', 'postern_spf_mail_from_reject = Fail', `PREPEND ${header('Temperror', 's@silent.example')}`],
    [
      's@there.example',
      'postern_spf_mail_from_pass_restriction = permit_mynetworks, reject',
      'list permit_mynetworks, reject',
    ],
    ['x@fail.example', 'postern_spf_header_type = none', 'dunno'],
    ['x@fail.example', 'postern_spf_mail_from_reject = Fail\npostern_spf_test_only = yes', 'dunno'],
    [
      'x@fail.example',
      'postern_spf_whitelist = 192.0.2.1\npostern_spf_mail_from_reject = Fail',
      'PREPEND X-Comment: SPF skipped for whitelisted relay - client-ip=192.0.2.1; helo=client.example; envelope-from=x@fail.example; receiver=here.example',
    ],
  ]
  for (const [sender, mainCf, verdict] of cases) {
    test(`${sender} ${mainCf}`, async () => {
      const told = await tellRestriction('check_spf', { sender, recipient: RECIPIENT }, { dns: DNS, mainCf })
      assert.equal(told.verdict, verdict)
      if (verdict.startsWith('PREPEND')) assert.deepEqual(told.notes, [`prepend ${verdict.slice(8)} `])
    })
  }

  test('T10.6 by default nothing is refused by SPF alone, whatever the result', async () => {
    for (const sender of ['x@fail.example', 's@soft.example', 's@broken.example', 's@silent.example'])
      for (const helo of ['fail.example', 'broken.example', 'silent.example']) {
        const told = await tellRestriction('check_spf', { sender, helo, recipient: RECIPIENT }, { dns: DNS })
        assert.match(told.verdict, /^PREPEND Received-SPF: /)
      }
  })

  test('T14.1 a temperror is deferred when told to, and is never a 5xx', async () => {
    const said = { sender: 's@silent.example', recipient: RECIPIENT }
    const reject =
      'postern_spf_mail_from_reject = spf_not_pass\npostern_spf_helo_reject = spf_not_pass\npostern_spf_permerror_reject = yes'
    const skipped = await tellRestriction('check_spf', said, { dns: DNS, mainCf: reject })
    assert.match(skipped.verdict, /^PREPEND Received-SPF: Temperror/)
    const deferred = await tellRestriction('check_spf', said, {
      dns: DNS,
      mainCf: `${reject}\npostern_spf_temperror_defer = yes`,
    })
    assert.match(
      deferred.verdict,
      /^defer_if_permit 450 4\.7\.24 .*Message deferred due to: SPF Temporary Error: TXT silent\.example: SERVFAIL/,
    )
  })

  test('T14.2 a permerror goes on by default; where it is refused the term that broke it is named', async () => {
    const said = { sender: 's@broken.example', recipient: RECIPIENT }
    const strict = 'postern_spf_mail_from_reject = Fail'
    const marked = await tellRestriction('check_spf', said, { dns: DNS, mainCf: strict })
    assert.match(marked.verdict, /^PREPEND Received-SPF: Permerror/)
    const refused = await tellRestriction('check_spf', said, {
      dns: DNS,
      mainCf: `${strict}\npostern_spf_permerror_reject = yes`,
    })
    assert.match(refused.verdict, /^550 5\.7\.24 .*broken\.example: an unknown mechanism in "ipv4:192\.0\.2\.1"/)
  })

  test('G22 a message has one header, whatever the number of its recipients', async () => {
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_spf, reject_unauth_destination',
      dns: DNS,
    })
    const first = await session.judgement('recipient', { sender: 's@there.example', recipient: RECIPIENT })
    const second = await session.judgement('recipient', { sender: 's@there.example', recipient: 'v@here.example' })
    assert.equal(first.effects.prepend.length, 1)
    assert.equal(second.effects.prepend.length, 1)
    assert.equal(session.log.filter(line => line.includes('prepend Received-SPF')).length, 1)
  })

  test('the HELO name is asked at HELO, the sender at MAIL, and neither of a client that is skipped', async () => {
    const asked: string[] = []
    const resolver: Resolver = {
      query: async (name, type) => {
        asked.push(`${type} ${name}`)
        return { status: 'absent', reason: 'nxdomain', secondsLeft: 60 }
      },
    }
    const session = openSession({ mainCf: 'smtpd_recipient_restrictions = check_spf', resolver })
    session.judge.lookAhead(makeFacts({ client: '127.0.0.1', helo: 'skip.example', sender: 's@skip.example' }))
    session.judge.lookAhead(makeFacts({ helo: 'helo.example' }))
    await new Promise(setImmediate)
    assert.deepEqual(
      asked.filter(question => question.startsWith('TXT')),
      ['TXT helo.example'],
    )
    session.judge.lookAhead(makeFacts({ helo: 'helo.example', sender: 's@there.example' }))
    await new Promise(setImmediate)
    assert.deepEqual(
      asked.filter(question => question.startsWith('TXT')),
      ['TXT helo.example', 'TXT there.example'],
    )
  })

  test('HELO name and sender are asked ahead, each once, and traced', async () => {
    const asked: string[] = []
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_spf, reject_unauth_destination',
      dns: DNS,
    })
    const said = { helo: 'helo.example', sender: 's@there.example', recipient: RECIPIENT }
    const { trace } = await session.judgement('recipient', said)
    for (const step of trace.steps)
      asked.push(...step.questions.map(({ door, question, answer }) => `${door} ${question}: ${answer}`))
    assert.deepEqual(
      asked.filter(line => line.startsWith('spf')),
      ['spf helo helo.example: none', 'spf mailfrom there.example: pass by ip4:192.0.2.0/24'],
    )
  })
})
