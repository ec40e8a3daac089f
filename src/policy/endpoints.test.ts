import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ListVerdict } from '../engine/list_judge.ts'
import type { Event } from '../model/event.ts'
import type { GreylistAnswer, GreylistRequest } from '../model/greylist.ts'
import { NO_EFFECTS } from '../model/judge.ts'
import type { SpfRequest } from '../model/spf.ts'
import { parseRequest } from './codec.ts'
import { decideByGreylist, decideByList, decideBySpf } from './endpoints.ts'

const REQUEST = parseRequest(
  'request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.7\nclient_name=mail.there.example\nhelo_name=mail.there.example\nsender=a@there.example\nrecipient=b@here.example\ninstance=1.2\netrn_domain=',
).request

const shown = (event: Event): string =>
  'text' in event ? `${'daemon' in event ? event.daemon : ''}: ${event.text}` : event.kind

describe('check_greylist alone', () => {
  const greylist = (answer: GreylistAnswer) => {
    const asked: GreylistRequest[] = []
    const log: string[] = []
    const greylisting = {
      decide: (request: GreylistRequest) => {
        asked.push(request)
        return Promise.resolve(answer)
      },
      noteCorrespondent: () => Promise.resolve(),
    }
    return { asked, log, decide: decideByGreylist({ greylisting, spf: null, emit: event => log.push(shown(event)) }) }
  }
  const WAIT: GreylistAnswer = {
    status: 'greylist',
    reason: 'new',
    action: 'DEFER_IF_PERMIT 4.2.0 wait',
    log: ['action=greylist'],
  }

  test("G18 gives Postgrey's answer and its log line", async () => {
    const { decide, log, asked } = greylist(WAIT)
    assert.equal(await decide(REQUEST), 'DEFER_IF_PERMIT 4.2.0 wait')
    assert.deepEqual(log, ['postgrey: action=greylist'])
    const { clientAddress, sender, recipient, instance, hasEtrnDomain, testTime } = asked[0] ?? assert.fail()
    assert.deepEqual(
      [clientAddress, sender, recipient, instance, hasEtrnDomain, testTime],
      ['192.0.2.7', 'a@there.example', 'b@here.example', '1.2', true, undefined],
    )
  })

  test('G18 prepends the header, or lets pass', async () => {
    const pass = { status: 'pass', reason: 'triplet found', log: [] } as const
    assert.equal(await greylist({ ...pass, prepend: 'X-Greylist: x' }).decide(REQUEST), 'PREPEND X-Greylist: x')
    assert.equal(await greylist({ ...pass, prepend: null }).decide(REQUEST), 'DUNNO')
  })

  test('T5.1 a memory that does not answer lets pass, and the log tells it', async () => {
    const failed = { status: 'failed', reason: 'the disk is full' } as const
    const { decide, log } = greylist({ ...failed, warning: 'the disk is full; 7 more in the last 60 s' })
    assert.equal(await decide(REQUEST), 'DUNNO')
    assert.deepEqual(log, ['postgrey: not greylisted: the disk is full; 7 more in the last 60 s'])
    const again = greylist({ ...failed, warning: null })
    assert.deepEqual([await again.decide(REQUEST), again.log], ['DUNNO', []])
  })

  test('names the attribute that is missing, as Postgrey does, and asks nobody', async () => {
    const { decide, log, asked } = greylist(WAIT)
    assert.equal(await decide({ ...REQUEST, client_name: undefined, sender: undefined }), 'DUNNO')
    assert.deepEqual([log, asked], [['postgrey: attribute missing: client_name'], []])
  })

  test('cuts values where Postgrey cuts them, and takes its time for tests', async () => {
    const { decide, asked } = greylist(WAIT)
    await decide({ ...REQUEST, sender: 'x'.repeat(600), policy_test_time: '1700000000', etrn_domain: undefined })
    assert.deepEqual(
      [asked[0]?.sender.length, asked[0]?.testTime, asked[0]?.hasEtrnDomain],
      [512, 1_700_000_000, false],
    )
  })
})

test("G22 check_spf alone gives policyd-spf's answer and its log line", async () => {
  const asked: SpfRequest[] = []
  const log: string[] = []
  const decide = decideBySpf({
    decide: request => {
      asked.push(request)
      return Promise.resolve({ action: 'prepend Received-SPF: Pass', log: ['prepend Received-SPF: Pass'] })
    },
    emit: event => log.push(shown(event)),
  })
  assert.equal(await decide(REQUEST), 'prepend Received-SPF: Pass')
  assert.deepEqual(log, ['policyd-spf: prepend Received-SPF: Pass'])
  assert.deepEqual(asked, [
    {
      instance: '1.2',
      address: '192.0.2.7',
      helo: 'mail.there.example',
      sender: 'a@there.example',
      recipient: 'b@here.example',
      queueId: '',
    },
  ])
})

describe('a whole list', () => {
  const VERDICT: ListVerdict = {
    refusal: null,
    deferIfPermit: null,
    deferIfReject: null,
    hangup: false,
    effects: NO_EFFECTS,
    events: [],
    trace: { steps: [] },
  }

  test('logs under its own name, so that no refusal counts twice beside those of the Postfix that asks', async () => {
    const log: string[] = []
    const events: Event[] = [
      { kind: 'info', text: 'prepend Received-SPF: None', daemon: 'policyd-spf' },
      { kind: 'warning', text: 'odd' },
      {
        kind: 'verdict',
        whatsup: 'reject',
        queueId: null,
        where: 'RCPT',
        client: 'unknown[192.0.2.7]',
        text: '550 5.7.1 no',
        sender: null,
        recipient: null,
        protocol: null,
        helo: null,
      },
    ]
    const decide = decideByList(
      facts =>
        Promise.resolve({
          ...VERDICT,
          refusal: `550 5.7.1 <${facts.recipient}>: Recipient address rejected: no`,
          events,
        }),
      event => log.push(shown(event)),
    )
    assert.equal(await decide(REQUEST), '550 5.7.1 no')
    assert.deepEqual(log, [
      'policyd-spf: prepend Received-SPF: None',
      'postern/policy: odd',
      'postern/policy: 550 5.7.1 no',
    ])
  })

  test('tells what an answer has no room for', async () => {
    const log: string[] = []
    const effects = { ...NO_EFFECTS, hold: true, prepend: ['X-A: 1'] }
    const decide = decideByList(
      () => Promise.resolve({ ...VERDICT, effects }),
      event => log.push(shown(event)),
    )
    assert.equal(await decide(REQUEST), 'HOLD')
    assert.deepEqual(log, [
      'postern/policy: a policy answer has room for one action: "HOLD" was sent, and not "PREPEND X-A: 1"',
    ])
    await decide(REQUEST)
    assert.equal(log.length, 2)
  })

  test('tells once that there is room for one header, and nothing of mail that is not taken', async () => {
    const log: string[] = []
    const effects = { ...NO_EFFECTS, prepend: ['X-A: 1', 'X-B: 2'] }
    let verdict: ListVerdict = { ...VERDICT, deferIfPermit: '450 4.2.0 later', effects }
    const decide = decideByList(
      () => Promise.resolve(verdict),
      event => log.push(shown(event)),
    )
    assert.equal(await decide(REQUEST), 'DEFER_IF_PERMIT 4.2.0 later')
    assert.deepEqual(log, [])
    verdict = { ...VERDICT, effects }
    for (const _ of [1, 2, 3]) assert.equal(await decide(REQUEST), 'PREPEND X-A: 1')
    assert.deepEqual(log, [
      'postern/policy: a policy answer has room for one action: "PREPEND X-A: 1" was sent, and not "PREPEND X-B: 2"; other headers that are left out will not be told',
    ])
  })
})
