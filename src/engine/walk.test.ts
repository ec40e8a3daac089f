import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Said } from '../../test/support/facts.ts'
import type { FakeTable } from '../../test/support/fake_world.ts'
import { openSession } from '../../test/support/judge_session.ts'
import { restriction } from './restriction.ts'

const WHO = '<user@here.example>: Recipient address'
const DENIED = `554 5.7.1 ${WHO} rejected: Access denied`
const LATER = `450 4.3.2 ${WHO} rejected: Try again later`
const MAYBE = `450 4.7.0 ${WHO} rejected: defer_if_permit requested`
const MAYBE_NOT = `450 4.7.0 ${WHO} rejected: defer_if_reject requested`
const SERVER_ERROR = '451 4.3.5 Server configuration error'
const CLASSES = `
  smtpd_restriction_classes = strict, lax, soft, greedy, testing, inner, broken, loop
  strict = reject
  lax = permit
  soft = reject_unknown_sender_domain
  greedy = warn_if_reject reject, defer
  testing = warn_if_reject inner
  inner = reject, permit
  broken = nonsense
  loop = loop`

type WalkCase = readonly [list: string, reply: string, ...log: string[]]

interface Setting {
  readonly mainCf?: string
  readonly tables?: Record<string, FakeTable>
  readonly said?: Said
}

/** Each case is one smtpd_recipient_restrictions with what the client and the log get to see. */
function testWalks(title: string, setting: Setting, cases: readonly WalkCase[]): void {
  describe(title, () => {
    for (const [list, reply, ...log] of cases) {
      test(`${list}: ${reply}`, async () => {
        const session = openSession({
          mainCf: `${CLASSES}\n${setting.mainCf ?? ''}\nsmtpd_recipient_restrictions = ${list}`,
          tables: setting.tables ?? {},
        })
        assert.equal(await session.rcpt(setting.said), reply)
        assert.deepEqual(session.log, log)
      })
    }
  })
}

const rejected = (text: string): string => `reject: ${text}`

// biome-ignore format: columns
testWalks('order', {}, [
  ['permit',                        'ok'],
  ['reject',                        DENIED, rejected(DENIED)],
  ['defer',                         LATER,  rejected(LATER)],
  ['permit_mynetworks, reject',     DENIED, rejected(DENIED)],
  ['permit, reject',                'ok',   "warning: restriction `reject' after `permit' is ignored"],
  ['reject, permit',                DENIED, rejected(DENIED), "warning: restriction `permit' after `reject' is ignored"],
  ['DEFER, Permit',                 LATER,  rejected(LATER), "warning: restriction `Permit' after `defer' is ignored"],
  ['lax, reject',                   'ok'],
  ['strict, permit',                DENIED, rejected(DENIED)],
])

// biome-ignore format: columns
testWalks('faults', {}, [
  ['nonsense',                      SERVER_ERROR, 'warning: unknown smtpd restriction: "nonsense"', rejected(SERVER_ERROR)],
  // Found only when the walk gets there.
  ['permit, nonsense',              'ok',         "warning: restriction `nonsense' after `permit' is ignored"],
  ['broken',                        SERVER_ERROR, 'warning: unknown smtpd restriction: "nonsense"', rejected(SERVER_ERROR)],
  // warn_if_reject cannot soften our own faults.
  ['warn_if_reject nonsense',       SERVER_ERROR, 'warning: unknown smtpd restriction: "nonsense"', rejected(SERVER_ERROR)],
  ['loop',                          SERVER_ERROR, 'warning: restriction class loop leads to itself', rejected(SERVER_ERROR)],
  ['reject_rbl_client',             'ok',         'warning: restriction reject_rbl_client requires domain name argument'],
  ['sleep soon',                    SERVER_ERROR, 'warning: restriction sleep must be followed by number', rejected(SERVER_ERROR)],
])

// biome-ignore format: columns
testWalks('defer_if_permit and defer_if_reject', { tables: { 'hash:second': { 'user@here.example': 'DEFER_IF_PERMIT second' } } }, [
  ['defer_if_permit',                                   MAYBE,     rejected(MAYBE)],
  ['defer_if_permit, permit',                           MAYBE,     rejected(MAYBE)],
  ['defer_if_permit, reject',                           DENIED,    rejected(DENIED)],
  // The first cause is the one told.
  ['defer_if_permit, check_recipient_access hash:second', MAYBE,   rejected(MAYBE)],
  ['check_recipient_access hash:second, defer_if_permit', `450 4.7.1 ${WHO} rejected: second`, rejected(`450 4.7.1 ${WHO} rejected: second`)],
  ['defer_if_reject',                                   'ok'],
  ['defer_if_reject, permit',                           'ok'],
  ['defer_if_reject, reject',                           MAYBE_NOT, rejected(MAYBE_NOT)],
  ['defer_if_reject, defer',                            LATER,     rejected(LATER)],
  ['defer_if_reject, reject_unlisted_recipient, reject', MAYBE_NOT, rejected(MAYBE_NOT)],
  // With both there is nothing left to find out.
  ['defer_if_permit, defer_if_reject, nonsense',        MAYBE,     rejected(MAYBE)],
  ['defer_if_reject, defer_if_permit, nonsense',        MAYBE,     rejected(MAYBE)],
  // Faults are not turned.
  ['defer_if_reject, nonsense',                         SERVER_ERROR, 'warning: unknown smtpd restriction: "nonsense"', rejected(SERVER_ERROR)],
])

const warned = (text: string): string => `reject_warning: ${text}`

// biome-ignore format: columns
testWalks('warn_if_reject', { tables: { 'hash:t': { 'user@here.example': 'inner', 'a@b.example': 'permit' }, 'hash:off': { 'user@here.example': 'DEFER_IF_PERMIT' } } }, [
  ['warn_if_reject reject',                             'ok',   warned(DENIED)],
  ['warn_if_reject reject, reject',                     DENIED, warned(DENIED), rejected(DENIED), ],
  ['warn_if_reject defer, permit',                      'ok',   warned(LATER)],
  ['warn_if_reject warn_if_reject reject, reject',      DENIED, warned(DENIED), rejected(DENIED)],
  ['warn_if_reject permit, reject',                     'ok',   "warning: restriction `reject' after `permit' is ignored"],
  ['warn_if_reject permit_mynetworks, reject',          DENIED, rejected(DENIED)],
  ['reject_unlisted_recipient, warn_if_reject',         'ok'],
  // A deferral would be none if it were only warned of.
  ['warn_if_reject defer_if_permit, permit',            'ok',   warned(MAYBE)],
  ['warn_if_reject check_recipient_access hash:off',    'ok',   warned(`450 4.7.1 ${WHO} rejected: Service unavailable`)],
  // But a failed permit still protects from refusal.
  ['warn_if_reject defer_if_reject, reject',            MAYBE_NOT, rejected(MAYBE_NOT)],
  // It covers all of a class, and all of a list in a table's answer, and ends with it.
  ['warn_if_reject inner, reject',                      'ok',   warned(DENIED)],
  ['warn_if_reject check_recipient_access hash:t, reject', 'ok', warned(DENIED)],
  ['testing, reject',                                   'ok',   warned(DENIED)],
  ['warn_if_reject greedy, reject',                     DENIED, warned(DENIED), warned(LATER), rejected(DENIED)],
  ['greedy',                                            LATER,  warned(DENIED), rejected(LATER)],
])

// biome-ignore format: columns
testWalks('soft_bounce', { mainCf: 'soft_bounce = yes\naccess_map_reject_code = 501', tables: { 'hash:t': { 'user@here.example': 'REJECT 5.5.2 no' } } }, [
  ['reject',                                            `454 4.7.1 ${WHO} rejected: Access denied`, rejected(`454 4.7.1 ${WHO} rejected: Access denied`)],
  ['check_recipient_access hash:t',                     `401 4.5.2 ${WHO} rejected: no`, rejected(`401 4.5.2 ${WHO} rejected: no`)],
  ['warn_if_reject reject',                             'ok', warned(`454 4.7.1 ${WHO} rejected: Access denied`)],
  ['defer',                                             LATER, rejected(LATER)],
])

test('a code that refuses nobody becomes a temporary refusal', async () => {
  const session = openSession({
    mainCf: `relay_domains_reject_code = 450
      smtpd_recipient_restrictions = defer_unauth_destination`,
  })
  assert.equal(await session.rcpt({ recipient: 'u@elsewhere.example' }), '450 4.7.1 Service unavailable')
  assert.deepEqual(session.log, [
    'warning: SMTP reply code configuration error: 350 3.7.1 <u@elsewhere.example>: Relay access denied',
    'reject: 450 4.7.1 Service unavailable',
  ])
})

describe('texts', () => {
  test('are sent whole, as Postfix does though it means to cut them at 510 bytes', async () => {
    const text = 'x'.repeat(900)
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_recipient_access hash:t',
      tables: { 'hash:t': { 'user@here.example': `REJECT ${text}` } },
    })
    assert.equal(await session.rcpt(), `554 5.7.1 ${WHO} rejected: ${text}`)
  })

  // biome-ignore format: columns
  const cases: readonly [utf8: 'yes' | 'no', text: string, shown: string][] = [
    ['yes', 'a\tb\x07c\x7fd\r\ne', 'a b c d  e'],
    ['yes', 'grün',                'grün'],
    ['no',  'grün',                'gr  n'],
  ]
  for (const [utf8, text, shown] of cases) {
    test(`smtputf8_enable = ${utf8}: ${JSON.stringify(text)} becomes "${shown}"`, async () => {
      const session = openSession({
        mainCf: `smtputf8_enable = ${utf8}\nsmtpd_recipient_restrictions = check_recipient_access hash:t`,
        tables: { 'hash:t': { 'user@here.example': `REJECT ${text}` } },
      })
      assert.equal(await session.rcpt(), `554 5.7.1 ${WHO} rejected: ${shown}`)
    })
  }
})

describe('lists in answers', () => {
  const tables: Record<string, FakeTable> = {
    'hash:list': { 'user@here.example': 'permit_mynetworks, check_it', '192.0.2.1': 'own' },
    'hash:mine': { '192.0.2.1': 'REJECT own', 'user@here.example': 'REJECT other' },
    'hash:again': { 'user@here.example': 'again' },
  }

  test('a bare table in a class is the kind of the list, whatever table named the class', async () => {
    const session = openSession({
      mainCf: `smtpd_restriction_classes = own
        own = hash:mine
        smtpd_recipient_restrictions = check_client_access hash:list`,
      tables,
    })
    // The reply stays about what the table judged.
    assert.equal(await session.rcpt(), `554 5.7.1 ${WHO} rejected: other`)
  })

  test('words of a class that a client table names are about the client', async () => {
    const session = openSession({
      mainCf: `smtpd_restriction_classes = own
        own = reject
        smtpd_recipient_restrictions = check_client_access hash:list`,
      tables,
    })
    assert.equal(await session.rcpt(), '554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied')
  })

  test('end after a hundred levels', async () => {
    const session = openSession({
      mainCf: `smtpd_restriction_classes = again
        again = check_recipient_access hash:again
        smtpd_recipient_restrictions = again`,
      tables,
    })
    assert.equal(await session.rcpt(), SERVER_ERROR)
    assert.ok(session.log.length <= 3, session.log.join('\n'))
  })

  test('may not let in where the table itself may not', async () => {
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_sender_mx_access hash:mx',
      dns: { MX: { 'there.example': ['0 mx.example'] }, A: { 'mx.example': ['192.0.2.9'] } },
      tables: { 'hash:mx': { 'mx.example': 'permit_mynetworks, permit' } },
    })
    assert.equal(await session.rcpt(), SERVER_ERROR)
    assert.deepEqual(session.log.slice(0, 3), [
      'warning: restriction check_sender_mx_access returns OK for sender@there.example',
      'warning: this is not allowed for security reasons',
      'warning: use DUNNO instead of OK if you want to make an exception',
    ])
  })

  test('let in for a routed recipient no more than an OK would', async () => {
    const session = openSession({
      mainCf: 'smtpd_recipient_restrictions = check_recipient_access hash:t, reject',
      tables: { 'hash:t': { 'here.example': 'permit', 'relay.example': 'permit' } },
    })
    assert.equal(await session.rcpt(), 'ok')
    const routed = 'user%elsewhere.example@relay.example'
    assert.equal(
      await session.rcpt({ recipient: routed }),
      `554 5.7.1 <${routed}>: Recipient address rejected: Access denied`,
    )
  })
})

describe('smtpd_log_access_permit_actions', () => {
  const dns = { A: { '1.2.0.192.wl.example': ['127.0.0.2'] } }
  const tables = { 'hash:t': { 'user@here.example': 'OK fine', '192.0.2.1': 'relay' } }
  // biome-ignore format: columns
  const cases: readonly [actions: string, list: string, ...log: string[]][] = [
    ['',                    'permit'],
    ['permit_mynetworks',   'permit'],
    ['Permit',              'permit',                        'permit: action=permit for Recipient address=user@here.example '],
    ['static:all',          'permit',                        'permit: action=permit for Recipient address=user@here.example '],
    ['permit_auth_destination', 'permit_auth_destination',   'permit: action=permit_auth_destination for Recipient address=user@here.example '],
    // Whom it lets in, not whose list it stands in.
    ['permit_dnswl_client', 'permit_dnswl_client wl.example', 'permit: action=permit_dnswl_client for Client host=unknown[192.0.2.1] '],
    ['permit_mynetworks',   'permit_mynetworks',             'permit: action=permit_mynetworks for Client host=unknown[192.0.2.1] '],
    ['ok, relay',           'check_recipient_access hash:t', 'permit: action=OK for Recipient address=user@here.example from hash:t'],
    ['ok, relay',           'check_client_access hash:t',    'permit: action=relay for Client host=unknown[192.0.2.1] from hash:t'],
    ['ok',                  'check_client_access hash:t'],
    // What a deferral overrules is not told.
    ['static:all',          'defer_if_permit, permit',       `reject: ${MAYBE}`],
  ]
  for (const [actions, list, ...log] of cases) {
    test(`${actions}, list ${list}: ${log.length} lines`, async () => {
      const session = openSession({
        mainCf: `smtpd_log_access_permit_actions = ${actions}
          mynetworks = 192.0.2.0/24
          smtpd_recipient_restrictions = ${list}`,
        dns,
        tables,
      })
      await session.rcpt()
      assert.deepEqual(session.log, log)
    })
  }
})

test('a check that has notes to make says them before its verdict, each time the walk meets it', async () => {
  const noisy = restriction({
    name: 'noisy',
    needs: 'client',
    params: [],
    doc: 'Only for this test.',
    check({ ask }) {
      ask.warn('careful')
      ask.info('by the way')
      return { kind: 'reject', reply: { code: 550, detail: '7.1', text: 'no' } }
    },
  })
  const session = openSession({ mainCf: 'smtpd_recipient_restrictions = noisy', extra: [noisy] })
  await session.rcpt()
  await session.rcpt({ recipient: 'two@here.example' })
  const once = ['warning: careful', 'info: by the way', 'reject: 550 5.7.1 no']
  assert.deepEqual(session.log, [...once, ...once])
})

test('the trace tells each step with its depth, argument, outcome and questions', async () => {
  const session = openSession({
    mainCf: `smtpd_restriction_classes = inner
      inner = permit_mynetworks, check_recipient_access hash:t
      smtpd_recipient_restrictions = reject_rbl_client bl.example, inner, reject`,
    tables: { 'hash:t': { 'user@here.example': 'HOLD' } },
  })
  const { trace } = await session.judgement('recipient', { recipient: 'user@here.example' })
  const steps = trace.steps.map(({ list, restriction: name, argument, depth, outcome }) =>
    [depth, list, name, argument, outcome].join(' | '),
  )
  assert.deepEqual(steps, [
    '0 | smtpd_recipient_restrictions | reject_rbl_client | bl.example | dunno',
    '0 | smtpd_recipient_restrictions | inner |  | restriction class',
    '1 | inner | permit_mynetworks |  | dunno',
    '1 | inner | check_recipient_access | hash:t | HOLD',
    '0 | smtpd_recipient_restrictions | reject |  | 554 5.7.1 <user@here.example>: Recipient address rejected: Access denied',
  ])
  const [question] = trace.steps[0]?.questions ?? []
  assert.deepEqual(
    { ...question, atMs: 0, tookMs: 0 },
    { door: 'dns', question: 'A 1.2.0.192.bl.example', answer: 'absent (NXDOMAIN)', atMs: 0, tookMs: 0 },
  )
})
