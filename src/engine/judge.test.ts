import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts, type Said } from '../../test/support/facts.ts'
import { openSession, type SessionOptions } from '../../test/support/judge_session.ts'
import type { Stage } from '../model/judge.ts'
import { restriction } from './restriction.ts'

const RCPT: Said = { recipient: 'user@here.example' }
const MAIL: Said = { sender: 'sender@there.example' }
const HELO: Said = { helo: 'client.example' }
const DATA: Said = { sender: 'sender@there.example', where: 'DATA', recipientCount: 1, recipient: 'user@here.example' }
const STEPS: readonly [Stage, Said][] = [
  ['client', {}],
  ['helo', HELO],
  ['sender', MAIL],
  ['recipient', RCPT],
  ['data', DATA],
  ['end_of_data', { ...DATA, where: 'END-OF-MESSAGE' }],
]

/** The replies of all stages of one mail, in order: "ok" or the code. */
async function wholeMail(options: SessionOptions): Promise<string> {
  const session = openSession(options)
  const replies: string[] = []
  for (const [stage, said] of STEPS) replies.push((await session.ask(stage, said)).slice(0, 3))
  return replies.map(reply => (reply === 'ok' ? 'ok ' : reply)).join(' ')
}

describe('which list is walked at which stage', () => {
  // biome-ignore format: columns
  const cases: readonly [delayed: 'yes' | 'no', list: string, replies: string][] = [
    //                                          client helo sender rcpt data eod
    ['yes', 'smtpd_client_restrictions',       'ok  ok  ok  554 ok  ok '],
    ['yes', 'smtpd_helo_restrictions',         'ok  ok  ok  554 ok  ok '],
    ['yes', 'smtpd_sender_restrictions',       'ok  ok  ok  554 ok  ok '],
    ['yes', 'smtpd_relay_restrictions',        'ok  ok  ok  554 ok  ok '],
    ['yes', 'smtpd_recipient_restrictions',    'ok  ok  ok  554 ok  ok '],
    ['yes', 'smtpd_data_restrictions',         'ok  ok  ok  ok  554 ok '],
    ['yes', 'smtpd_end_of_data_restrictions',  'ok  ok  ok  ok  ok  554'],
    ['yes', 'smtpd_etrn_restrictions',         'ok  ok  ok  ok  ok  ok '],
    ['no',  'smtpd_client_restrictions',       '554 ok  ok  ok  ok  ok '],
    ['no',  'smtpd_helo_restrictions',         'ok  554 ok  ok  ok  ok '],
    ['no',  'smtpd_sender_restrictions',       'ok  ok  554 ok  ok  ok '],
    ['no',  'smtpd_relay_restrictions',        'ok  ok  ok  554 ok  ok '],
    ['no',  'smtpd_recipient_restrictions',    'ok  ok  ok  554 ok  ok '],
    ['no',  'smtpd_data_restrictions',         'ok  ok  ok  ok  554 ok '],
  ]
  for (const [delayed, list, replies] of cases) {
    test(`smtpd_delay_reject = ${delayed}, ${list} = reject: ${replies}`, async () => {
      assert.equal(await wholeMail({ mainCf: `smtpd_delay_reject = ${delayed}\n${list} = reject` }), replies)
    })
  }

  test('ETRN takes the client and HELO lists with it', async () => {
    for (const list of ['client', 'helo', 'etrn']) {
      const session = openSession({ mainCf: `smtpd_${list}_restrictions = reject` })
      assert.match(await session.ask('etrn', { etrn: 'etrn.example' }), /^554 5\.7\.1 /)
    }
    const session = openSession({ mainCf: 'smtpd_sender_restrictions = reject\nsmtpd_recipient_restrictions = reject' })
    assert.equal(await session.ask('etrn', { etrn: 'etrn.example' }), 'ok')
  })

  test('the order at RCPT is client, helo, sender, relay, recipient', async () => {
    const lists = ['client', 'helo', 'sender', 'relay', 'recipient']
    for (const [at, first] of lists.entries()) {
      const mainCf = lists.slice(at).map(list => `smtpd_${list}_restrictions = reject`)
      const session = openSession({ mainCf: mainCf.join('\n') })
      const judged = await session.judgement('recipient', RCPT)
      assert.equal(judged.trace.steps.at(-1)?.list, `smtpd_${first}_restrictions`)
    }
  })

  test('an OK ends one list only', async () => {
    const session = openSession({
      mainCf:
        'smtpd_client_restrictions = permit\nsmtpd_helo_restrictions = permit\nsmtpd_recipient_restrictions = reject',
    })
    assert.match(await session.rcpt(), /^554/)
  })

  test('smtpd_relay_before_recipient_restrictions turns the last two around', async () => {
    for (const [value, list] of [
      ['yes', 'smtpd_relay_restrictions'],
      ['no', 'smtpd_recipient_restrictions'],
    ] as const) {
      const session = openSession({
        mainCf: `smtpd_relay_before_recipient_restrictions = ${value}
          smtpd_relay_restrictions = reject
          smtpd_recipient_restrictions = reject`,
      })
      const judged = await session.judgement('recipient', RCPT)
      assert.deepEqual(
        judged.trace.steps.map(step => step.list),
        [list],
      )
    }
  })

  // RFC 5321 4.5.1
  test('postmaster without a domain is let in before any list', async () => {
    const mainCf = ['client', 'helo', 'sender', 'relay', 'recipient'].map(list => `smtpd_${list}_restrictions = reject`)
    const session = openSession({ mainCf: mainCf.join('\n') })
    assert.equal(await session.rcpt({ recipient: 'PostMaster' }), 'ok')
    assert.match(await session.rcpt({ recipient: 'postmaster@here.example' }), /^554/)
  })

  test('without HELO the HELO list is not walked', async () => {
    const session = openSession({ mainCf: 'smtpd_helo_restrictions = reject' })
    assert.equal(await session.rcpt({ helo: null }), 'ok')
  })
})

const requested = (who: string): string => `450 4.7.0 <${who} rejected: defer_if_permit requested`

describe('deferrals across lists', () => {
  const client = 'unknown[192.0.2.1]>: Client host'
  // biome-ignore format: columns
  const cases: readonly [mainCf: string, reply: string][] = [
    ['smtpd_client_restrictions = defer_if_permit',                                          requested(client)],
    ['smtpd_helo_restrictions = defer_if_permit',                                            requested('client.example>: Helo command')],
    ['smtpd_sender_restrictions = defer_if_permit',                                          requested('sender@there.example>: Sender address')],
    ['smtpd_relay_restrictions = defer_if_permit',                                           requested('user@here.example>: Recipient address')],
    // The first cause counts, and a refusal further down wins.
    ['smtpd_client_restrictions = defer_if_permit\nsmtpd_sender_restrictions = defer_if_permit', requested(client)],
    ['smtpd_client_restrictions = defer_if_permit\nsmtpd_recipient_restrictions = permit',   requested(client)],
    ['smtpd_client_restrictions = defer_if_permit\nsmtpd_recipient_restrictions = reject',   '554 5.7.1 <user@here.example>: Recipient address rejected: Access denied'],
    // It lives for one list; but relay and recipient list are one here.
    ['smtpd_client_restrictions = defer_if_reject\nsmtpd_recipient_restrictions = reject',   '554 5.7.1 <user@here.example>: Recipient address rejected: Access denied'],
    ['smtpd_relay_restrictions = defer_if_reject\nsmtpd_recipient_restrictions = reject',    '450 4.7.0 <user@here.example>: Recipient address rejected: defer_if_reject requested'],
    // The check for unknown users comes after, and not at all when the mail is put off.
    ['smtpd_client_restrictions = defer_if_permit\nlocal_recipient_maps = hash:none',        requested(client)],
    ['smtpd_recipient_restrictions = defer_if_reject\nlocal_recipient_maps = hash:none',     '450 4.7.0 <user@here.example>: Recipient address rejected: defer_if_reject requested'],
    ['smtpd_client_restrictions = defer_if_reject\nlocal_recipient_maps = hash:none',        '550 5.1.1 <user@here.example>: Recipient address rejected: User unknown in local recipient table'],
  ]
  for (const [mainCf, reply] of cases) {
    test(`${mainCf.replace('\n', ', ')}: ${reply}`, async () => {
      const session = openSession({ mainCf, tables: { 'hash:none': {} } })
      assert.equal(await session.rcpt(), reply)
    })
  }

  test('are remembered from an earlier stage without smtpd_delay_reject', async () => {
    const session = openSession({
      mainCf: 'smtpd_delay_reject = no\nsmtpd_sender_restrictions = reject_unknown_sender_domain',
      dns: { fail: ['* there.example'] },
    })
    assert.equal(await session.ask('sender', MAIL), 'ok')
    const reply = '450 4.1.8 <sender@there.example>: Sender address rejected: Domain not found'
    assert.equal(await session.rcpt(), reply)
    assert.equal(await session.rcpt({ recipient: 'two@here.example' }), reply)
    // The next sender starts anew.
    assert.equal(await session.ask('sender', { sender: 'a@[192.0.2.1]' }), 'ok')
    assert.equal(await session.rcpt({ sender: 'a@[192.0.2.1]' }), 'ok')
  })

  test('of one recipient do not fall on the next, nor on DATA', async () => {
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_recipient_access hash:t',
      tables: { 'hash:t': { 'user@here.example': 'DEFER_IF_PERMIT' } },
    })
    assert.match(await session.rcpt(), /^450/)
    assert.equal(await session.rcpt({ recipient: 'other@here.example' }), 'ok')
    assert.match(await session.rcpt(), /^450/)
    assert.equal(await session.ask('data', DATA), 'ok')
  })

  test('of ETRN and DATA are made good at once', async () => {
    const session = openSession({
      mainCf: `smtpd_etrn_restrictions = defer_if_permit
        smtpd_data_restrictions = defer_if_permit
        smtpd_end_of_data_restrictions = defer_if_permit`,
    })
    assert.equal(await session.ask('etrn', { etrn: 'etrn.example' }), requested('etrn.example>: Etrn command'))
    assert.equal(await session.ask('data', DATA), '450 4.7.0 <DATA>: Data command rejected: defer_if_permit requested')
    assert.equal(
      await session.ask('end_of_data', { ...DATA, where: 'END-OF-MESSAGE' }),
      '450 4.7.0 <END-OF-MESSAGE>: End-of-data rejected: defer_if_permit requested',
    )
  })
})

describe('unknown users', () => {
  const tables = {
    'hash:users': { 'user@here.example': 'x' },
    'hash:ok': { 'nobody@here.example': 'OK', 'here.example': 'OK' },
  }
  const mainCf = 'local_recipient_maps = hash:users'
  const unknown = '550 5.1.1 <nobody@here.example>: Recipient address rejected: User unknown in local recipient table'
  const nobody: Said = { recipient: 'nobody@here.example' }

  // biome-ignore format: columns
  const cases: readonly [mainCf: string, reply: string][] = [
    ['',                                                                       unknown],
    ['smtpd_recipient_restrictions = permit',                                  unknown],
    ['smtpd_recipient_restrictions = check_recipient_access hash:ok',          unknown],
    ['smtpd_recipient_restrictions = warn_if_reject reject_unlisted_recipient', unknown],
    ['smtpd_recipient_restrictions = reject',                                  '554 5.7.1 <nobody@here.example>: Recipient address rejected: Access denied'],
    ['smtpd_reject_unlisted_recipient = no',                                   'ok'],
    ['smtpd_reject_unlisted_recipient = no\nsmtpd_recipient_restrictions = reject_unlisted_recipient', unknown],
    ['receive_override_options = no_unknown_recipient_checks',                 'ok'],
  ]
  for (const [own, reply] of cases) {
    test(`${own.replace('\n', ', ')}: ${reply}`, async () => {
      assert.equal(await openSession({ mainCf: `${mainCf}\n${own}`, tables }).rcpt(nobody), reply)
    })
  }

  test('VRFY asks the same', async () => {
    const session = openSession({ mainCf, tables })
    assert.equal(await session.rcpt({ ...nobody, sender: null, where: 'VRFY' }), unknown)
    assert.equal(await session.rcpt({ sender: null, where: 'VRFY' }), 'ok')
  })

  test('as senders are refused where smtpd_reject_unlisted_sender says so', async () => {
    const from: Said = { sender: 'nobody@here.example' }
    assert.equal(await openSession({ mainCf, tables }).rcpt(from), 'ok')
    const session = openSession({ mainCf: `${mainCf}\nsmtpd_reject_unlisted_sender = yes`, tables })
    const reply = '550 5.1.0 <nobody@here.example>: Sender address rejected: User unknown in local recipient table'
    assert.equal(await session.rcpt(from), reply)
    assert.equal(await session.rcpt({ sender: '' }), 'ok')
    const early = openSession({
      mainCf: `${mainCf}\nsmtpd_reject_unlisted_sender = yes\nsmtpd_delay_reject = no`,
      tables,
    })
    assert.equal(await early.ask('sender', from), reply)
  })

  test('a table that does not answer is our trouble, not theirs', async () => {
    const session = openSession({ mainCf: 'local_recipient_maps = hash:nowhere' })
    assert.equal(await session.rcpt(), '451 4.3.0 <user@here.example>: Temporary lookup failure')
  })
})

describe('DATA and end of data', () => {
  const lists = (list: string): string => `smtpd_data_restrictions = ${list}\nsmtpd_end_of_data_restrictions = ${list}`
  const tables = {
    'hash:t': { 'user@here.example': 'REJECT no', 'sender@there.example': 'REJECT no', '192.0.2.1': 'REJECT no' },
  }
  const both: readonly [Stage, string, string][] = [
    ['data', 'DATA', '<DATA>: Data command'],
    ['end_of_data', 'END-OF-MESSAGE', '<END-OF-MESSAGE>: End-of-data'],
  ]
  for (const [stage, where, who] of both) {
    // biome-ignore format: columns
    const cases: readonly [list: string, recipients: 1 | 2, reply: string][] = [
      ['reject',                         1, `554 5.7.1 ${who} rejected: Access denied`],
      ['defer',                          2, `450 4.3.2 ${who} rejected: Try again later`],
      // The recipient is known only when there is one.
      ['check_recipient_access hash:t',  1, '554 5.7.1 <user@here.example>: Recipient address rejected: no'],
      ['check_recipient_access hash:t',  2, 'ok'],
      ['check_sender_access hash:t',     2, '554 5.7.1 <sender@there.example>: Sender address rejected: no'],
      ['check_client_access hash:t',     2, '554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: no'],
      ['hash:t',                         1, '451 4.3.5 Server configuration error'],
      ['reject_multi_recipient_bounce',  2, 'ok'],
    ]
    for (const [list, recipients, reply] of cases) {
      test(`${where}, ${recipients} recipients, ${list}: ${reply}`, async () => {
        const session = openSession({ mainCf: lists(list), tables })
        const recipient = recipients === 1 ? 'user@here.example' : null
        const said: Said = { sender: 'sender@there.example', recipient, recipientCount: recipients, where }
        assert.equal(await session.ask(stage, said), reply)
      })
    }
  }
})

describe('our own faults', () => {
  const throwing = restriction({
    name: 'throwing',
    needs: 'sender',
    params: [],
    doc: 'Only for this test.',
    check() {
      throw new Error('out of order')
    },
  })

  test('a restriction that throws is 451, and says so', async () => {
    const session = openSession({ mainCf: 'smtpd_sender_restrictions = warn_if_reject throwing', extra: [throwing] })
    assert.equal(await session.rcpt(), '451 4.3.5 Server configuration error')
    assert.match(session.log[0] ?? '', /^warning: restriction throwing failed: Error: out of order/)
    assert.equal(session.log[1], 'reject: 451 4.3.5 Server configuration error')
  })

  test('a restriction that rejects its promise is the same', async () => {
    const rejecting = { ...throwing, name: 'rejecting', check: () => Promise.reject(new Error('later')) }
    const session = openSession({ mainCf: 'smtpd_sender_restrictions = rejecting', extra: [rejecting] })
    session.judge.lookAhead(makeFacts(MAIL))
    assert.equal(await session.rcpt(), '451 4.3.5 Server configuration error')
  })

  test('a resolver that throws is a lookup that failed', async () => {
    const session = openSession({
      mainCf:
        'smtpd_sender_restrictions = reject_unknown_sender_domain\nsmtpd_client_restrictions = reject_rbl_client x',
      resolver: {
        query() {
          throw new Error('no sockets')
        },
      },
    })
    assert.equal(await session.rcpt(), '450 4.1.8 <sender@there.example>: Sender address rejected: Domain not found')
  })

  test('whatever else goes wrong neither lets mail pass nor throws', async () => {
    const session = openSession({ mainCf: 'smtpd_recipient_restrictions = permit' })
    const facts = makeFacts(RCPT)
    const poisoned = {
      ...facts,
      get recipient(): string {
        throw new Error('bad facts')
      },
    }
    const judged = await session.judge.judge('recipient', poisoned)
    assert.equal(judged.reply, '451 4.3.0 Temporary lookup failure')
    const [event] = judged.events
    assert.ok(event?.kind === 'error')
    assert.match(event.text, /^judging RCPT failed: Error: bad facts/)
  })
})

describe('isAddressValid', () => {
  // biome-ignore format: columns
  const cases: readonly [address: string, smtputf8: boolean, valid: boolean][] = [
    ['',                     false, true],
    ['user',                 false, true],
    ['user@there.example',   false, true],
    ['user@[192.0.2.1]',     false, true],
    ['user@[192.0.2]',       false, false],
    ['user@192.0.2.1',       false, false],
    ['user@-there.example',  false, false],
    ['user@there..example',  false, false],
    ['grün@there.example',   false, true],
    ['user@grün.example',    false, false],
    ['user@grün.example',    true,  true],
  ]
  for (const [address, smtputf8, valid] of cases) {
    test(`<${address}>${smtputf8 ? ' with SMTPUTF8' : ''}: ${valid}`, async () => {
      const { judge } = openSession()
      assert.equal(await judge.isAddressValid(address, smtputf8, makeFacts({ helo: 'x' })), valid)
    })
  }

  test('a list that does not answer is no reason to call it invalid', async () => {
    const { judge } = openSession({ mainCf: 'mydestination = hash:nowhere' })
    assert.equal(await judge.isAddressValid('user@there.example', false, makeFacts()), true)
  })
})

describe('XCLIENT', () => {
  test('makes a new client of the session', async () => {
    const session = openSession({
      mainCf: 'smtpd_client_restrictions = permit_mynetworks, reject_unknown_client_hostname, reject',
    })
    assert.match(await session.rcpt(), /^450 4\.7\.25 .*\[192\.0\.2\.1\]$/)
    const own: Said = { client: '198.51.100.1' }
    session.judge.resetClient(makeFacts(own))
    assert.equal(await session.rcpt(own), 'ok')
    const told: Said = { client: '203.0.113.7', toldName: 'told.example', toldReverseName: 'told.example' }
    session.judge.resetClient(makeFacts(told))
    assert.match(await session.rcpt(told), /^554 5\.7\.1 <told\.example\[203\.0\.113\.7\]>: Client host rejected/)
  })

  test('forgets the deferrals of the old one', async () => {
    const session = openSession({
      mainCf: 'smtpd_delay_reject = no\nsmtpd_client_restrictions = check_client_access hash:t',
      tables: { 'hash:t': { '192.0.2.1': 'DEFER_IF_PERMIT' } },
    })
    await session.ask('client')
    await session.ask('sender', MAIL)
    assert.match(await session.rcpt(), /^450/)
    session.judge.resetClient(makeFacts({ client: '192.0.2.2' }))
    await session.ask('client', { client: '192.0.2.2' })
    await session.ask('sender', { client: '192.0.2.2', ...MAIL })
    assert.equal(await session.rcpt({ client: '192.0.2.2' }), 'ok')
  })
})
