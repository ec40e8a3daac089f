import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import type { FakeZone } from '../../test/support/fake_resolver.ts'
import { openSession } from '../../test/support/judge_session.ts'
import { openMessageBench } from '../../test/support/message_bench.ts'
import type { Facts } from '../model/facts.ts'
import type { Judgement } from '../model/judge.ts'
import type { MessageVerdict } from '../model/mail_auth.ts'

const ZONE: FakeZone = {
  TXT: {
    '_dmarc.reject.example': ['v=DMARC1; p=reject'],
    '_dmarc.quarantine.example': ['v=DMARC1; p=quarantine'],
  },
  fail: ['TXT _dmarc.down.example'],
}
const SETTINGS = 'smtpd_end_of_data_restrictions = check_dmarc, reject'
const ALL_ELSE = '554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied'

async function judgedAs(message: MessageVerdict | null | undefined): Promise<Judgement> {
  const { judge } = openSession({ mainCf: SETTINGS })
  const said = makeFacts({ recipient: 'user@here.example', where: 'END-OF-MESSAGE' })
  const facts: Facts = message === undefined ? said : { ...said, message }
  return judge.judge('end_of_data', facts)
}

describe('T10.4 G23 check_dmarc', () => {
  const cases: readonly (readonly [from: string, mainCf: string, reply: string])[] = [
    ['reject.example', '', '550 5.7.1 rejected by DMARC policy for reject.example'],
    ['reject.example', 'postern_dmarc_reject_failures = no', ALL_ELSE],
    ['reject.example', 'postern_dmarc_reject_string = 100% %s', '550 5.7.1 100% reject.example'],
    ['quarantine.example', '', ALL_ELSE],
    ['none.example', '', ALL_ELSE],
    ['down.example', '', ALL_ELSE],
    [
      'down.example',
      'postern_dmarc_temperror = defer',
      '451 4.7.1 cannot evaluate the DMARC policy of down.example now, try again later',
    ],
  ]
  for (const [from, mainCf, reply] of cases)
    test(`${from} ${mainCf}`, async () => {
      const verdict = await openMessageBench(ZONE, mainCf).judge(`From: a@${from}\n\nx\n`)
      assert.equal((await judgedAs(verdict)).reply, reply)
    })

  test('held, with its reason in the log', async () => {
    const verdict = await openMessageBench(ZONE, 'postern_dmarc_hold_quarantined = yes').judge(
      'From: a@quarantine.example\n\n',
    )
    const judgement = await judgedAs(verdict)
    assert.equal(judgement.effects.hold, true)
    assert.equal(judgement.reply, ALL_ELSE)
  })

  test('a message that could not be verified goes on', async () => {
    assert.equal((await judgedAs(null)).reply, ALL_ELSE)
    assert.equal((await judgedAs(undefined)).reply, ALL_ELSE)
  })

  test('in another list it does nothing, and says so', async () => {
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_dmarc, permit\nsmtpd_relay_restrictions = permit',
    })
    assert.equal(await session.rcpt(), 'ok')
    assert.match(session.log.join('\n'), /warning: check_dmarc does nothing here: the message comes later/)
  })
})
