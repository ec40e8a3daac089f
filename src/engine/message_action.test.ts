import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Said } from '../../test/support/facts.ts'
import { openSession } from '../../test/support/judge_session.ts'
import { type MessageEffects, NO_EFFECTS } from '../model/judge.ts'

const WHO = '<user@here.example>: Recipient address'
const ENTRY = 'access table hash:t entry "user@here.example"'

describe('actions of an access table at RCPT', () => {
  // biome-ignore format: columns
  const cases: readonly [action: string, effects: Partial<MessageEffects>, ...log: string[]][] = [
    ['HOLD',                          { hold: true },                  `hold: ${WHO} triggers HOLD action`],
    ['hold suspicious',               { hold: true },                  `hold: ${WHO} suspicious`],
    ['DISCARD',                       { discard: true },               `discard: ${WHO} triggers DISCARD action`],
    ['DISCARD spam',                  { discard: true },               `discard: ${WHO} spam`],
    ['FILTER smtp:[127.0.0.1]:10025', { filter: 'smtp:[127.0.0.1]:10025' }, `filter: ${WHO} triggers FILTER smtp:[127.0.0.1]:10025`],
    ['FILTER',                        {},                              `warning: ${ENTRY} has FILTER entry without value`],
    ['FILTER nowhere',                {},                              `warning: ${ENTRY} requires transport:destination`],
    ['REDIRECT a@b.example',          { redirect: 'a@b.example' },     `redirect: ${WHO} triggers REDIRECT a@b.example`],
    ['REDIRECT nobody',               {},                              `warning: ${ENTRY} requires user@domain target`],
    ['REDIRECT',                      {},                              `warning: ${ENTRY} requires user@domain target`],
    ['BCC a@b.example',               { bcc: ['a@b.example'] },        `bcc: ${WHO} triggers BCC a@b.example`],
    ['BCC nobody',                    {},                              `warning: ${ENTRY} requires user@domain target`],
    ['PREPEND X-Spam: maybe',         { prepend: ['X-Spam: maybe'] }],
    ['PREPEND X-Spam : maybe',        { prepend: ['X-Spam : maybe'] }],
    ['PREPEND maybe',                 {},                              `warning: ${ENTRY} requires header: text`],
    ['PREPEND two words: no',         {},                              `warning: ${ENTRY} requires header: text`],
    ['PREPEND',                       {},                              `warning: ${ENTRY} requires header: text`],
    ['WARN look here',                {},                              'warn: look here'],
    ['WARN',                          {},                              'warn: '],
    ['INFO for the record',           {},                              'info: for the record'],
  ]
  for (const [action, effects, ...log] of cases) {
    test(`${action}: ${JSON.stringify(effects)}`, async () => {
      const session = openSession({
        mainCf: 'smtpd_recipient_restrictions = check_recipient_access hash:t',
        tables: { 'hash:t': { 'user@here.example': action } },
      })
      const judged = await session.judgement('recipient', { recipient: 'user@here.example' })
      assert.equal(judged.reply, null)
      assert.deepEqual(judged.effects, { ...NO_EFFECTS, ...effects })
      assert.deepEqual(session.log, log)
    })
  }
})

test('HANGUP ends the session without a reply', async () => {
  const session = openSession({
    mainCf: 'smtpd_recipient_restrictions = check_recipient_access hash:t, reject',
    tables: { 'hash:t': { 'user@here.example': 'HANGUP now' } },
  })
  assert.equal(await session.rcpt(), 'hangup')
  assert.deepEqual(session.log, ['hangup: now'])
})

describe('where actions are skipped', () => {
  const skipped = (action: string): string =>
    `warning: access table hash:t: with smtpd_delay_reject=no, action ${action} is always skipped in Client host or Helo command restrictions`
  const actions = ['HOLD', 'DISCARD', 'FILTER smtp:x', 'REDIRECT a@b.example', 'BCC a@b.example', 'PREPEND X: y']
  for (const action of actions) {
    const name = action.split(' ')[0] ?? ''
    test(`${action} outside a transaction`, async () => {
      const session = openSession({
        mainCf: 'smtpd_delay_reject = no\nsmtpd_client_restrictions = check_client_access hash:t',
        tables: { 'hash:t': { '192.0.2.1': action } },
      })
      assert.equal(await session.ask('client'), 'ok')
      assert.deepEqual(session.log, [skipped(name)])
      // With smtpd_delay_reject the same list is walked within one.
    })

    test(`${action} in the client list at RCPT`, async () => {
      const session = openSession({
        mainCf: 'smtpd_client_restrictions = check_client_access hash:t',
        tables: { 'hash:t': { '192.0.2.1': action } },
      })
      const judged = await session.judgement('recipient', { recipient: 'user@here.example' })
      assert.notDeepEqual(judged.effects, NO_EFFECTS)
    })

    test(`${action} at ETRN`, async () => {
      const session = openSession({
        mainCf: 'smtpd_etrn_restrictions = check_etrn_access hash:t',
        tables: { 'hash:t': { 'etrn.example': action } },
      })
      assert.equal(await session.ask('etrn', { etrn: 'etrn.example' }), 'ok')
      const warning =
        name === 'PREPEND'
          ? skipped('PREPEND')
          : `warning: access table hash:t: action ${name} is unavailable in smtpd_etrn_restrictions`
      assert.deepEqual(session.log, [warning])
    })
  }

  test('PREPEND after the message has come', async () => {
    const session = openSession({
      mainCf: 'smtpd_end_of_data_restrictions = check_client_access hash:t',
      tables: { 'hash:t': { '192.0.2.1': 'PREPEND X: y' } },
    })
    const said: Said = { recipient: 'user@here.example', where: 'END-OF-MESSAGE' }
    assert.equal(await session.ask('end_of_data', said), 'ok')
    assert.deepEqual(session.log, [
      'warning: access table hash:t: action PREPEND must be used before smtpd_end_of_data_restrictions',
    ])
  })
})

describe('what a message gathers', () => {
  const tables = {
    'hash:t': {
      'one@here.example': 'BCC first@b.example',
      'two@here.example': 'BCC second@b.example',
      'three@here.example': 'REDIRECT a@b.example',
      'four@here.example': 'REDIRECT c@d.example',
      'five@here.example': 'HOLD',
      'six@here.example': 'DISCARD',
    },
  }
  const mainCf = 'smtpd_recipient_restrictions = check_recipient_access hash:t, reject_unauth_destination'

  test('grows from recipient to recipient until the transaction ends', async () => {
    const session = openSession({ mainCf, tables })
    for (const name of ['one', 'two', 'three', 'four', 'five'])
      await session.rcpt({ recipient: `${name}@here.example` })
    const { effects } = await session.judgement('data', { recipient: null, sender: 'a@b.example', where: 'DATA' })
    const wanted = { ...NO_EFFECTS, bcc: ['first@b.example', 'second@b.example'], redirect: 'c@d.example', hold: true }
    assert.deepEqual(effects, wanted)
    session.judge.resetTransaction()
    const fresh = await session.judgement('recipient', { recipient: 'else@here.example' })
    assert.deepEqual(fresh.effects, NO_EFFECTS)
  })

  test('is held once, whoever says so', async () => {
    const session = openSession({ mainCf, tables })
    await session.rcpt({ recipient: 'five@here.example' })
    await session.rcpt({ recipient: 'five@here.example' })
    assert.deepEqual(session.log, ['hold: <five@here.example>: Recipient address triggers HOLD action'])
  })

  test('is let in whole once it is to be discarded, relaying included', async () => {
    const session = openSession({ mainCf: `${mainCf}\nlocal_recipient_maps = hash:users`, tables })
    assert.equal(await session.rcpt({ recipient: 'six@here.example' }), 'ok')
    assert.equal(await session.rcpt({ recipient: 'u@elsewhere.example' }), 'ok')
    assert.equal(await session.rcpt({ recipient: 'nobody@here.example' }), 'ok')
    session.judge.resetTransaction()
    assert.equal(
      await session.rcpt({ recipient: 'u@elsewhere.example' }),
      '554 5.7.1 <u@elsewhere.example>: Relay access denied',
    )
  })
})
