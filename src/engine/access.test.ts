import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import { makeFakeWorld } from '../../test/support/fake_world.ts'
import type { Subject, SubjectClass } from '../model/subject.ts'
import { accessVerdict, splitStatus } from './access.ts'
import { Door, SessionMemory } from './session_ask.ts'
import { describeVerdict, settleVerdict } from './settle.ts'

const FACTS = makeFacts({ recipient: 'u@here.example' })

function judge(
  value: string,
  mainCf = '',
  subject: Subject = { name: 'who', class: 'Client host' },
): [string, string[]] {
  const world = makeFakeWorld({ mainCf })
  const door = new Door(new SessionMemory(world), FACTS)
  const verdict = accessVerdict(value, { table: 'hash:t', key: 'key', subject }, { ask: door, config: world.config })
  const settled = settleVerdict(verdict, FACTS, subject)
  const told = settled.kind === 'permit' ? `permit by ${settled.access?.action ?? 'nothing'}` : describeVerdict(settled)
  return [told, door.notes.map(note => note.text)]
}

const R = '<who>: Client host rejected'
const LOOKUP_NOTES = (value: string): string[] => [
  `access table hash:t has entry with lookup table: ${value}`,
  'do not specify lookup tables inside SMTPD access maps',
  'define a restriction class and specify its name instead.',
]

describe('right-hand sides of access(5)', () => {
  // biome-ignore format: columns
  const cases: readonly [value: string, verdict: string, ...notes: string[]][] = [
    ['DUNNO',                         'dunno'],
    ['dunno and more',                'dunno'],
    ['OK',                            'permit by OK'],
    ['ok whatever',                   'permit by ok'],
    ['RELAY',                         'permit by RELAY'],
    ['REJECT',                        `554 5.7.1 ${R}: Access denied`],
    ['reject  \t no way ',            `554 5.7.1 ${R}: no way `],
    ['REJECT 5.7.9 no way',           `554 5.7.9 ${R}: no way`],
    ['REJECT 5.7.9',                  `554 5.7.9 ${R}: Access denied`],
    // The class of the status follows the code.
    ['REJECT 4.7.9 no way',           `554 5.7.9 ${R}: no way`],
    ['REJECT 2.0.0 no way',           `554 5.0.0 ${R}: no way`],
    ['REJECT 5.7 no way',             `554 5.7.1 ${R}: 5.7 no way`],
    ['REJECT 5.7.1234 no way',        `554 5.7.1 ${R}: 5.7.1234 no way`],
    ['REJECT 3.7.1 no way',           `554 5.7.1 ${R}: 3.7.1 no way`],
    ['REJECT 5.7.1: no way',          `554 5.7.1 ${R}: 5.7.1: no way`],
    ['DEFER',                         `450 4.7.1 ${R}: Access denied`],
    ['DEFER 4.2.1 busy',              `450 4.2.1 ${R}: busy`],
    ['DEFER_IF_PERMIT',               `defer_if_permit 450 4.7.1 ${R}: Service unavailable`],
    ['DEFER_IF_PERMIT 4.3.2 soon',    `defer_if_permit 450 4.3.2 ${R}: soon`],
    ['defer_if_reject',               `defer_if_reject 450 4.7.1 ${R}: Service unavailable`],
    ['DEFER_IF_REJECT soon',          `defer_if_reject 450 4.7.1 ${R}: soon`],
    ['450 4.7.1 later',               `450 4.7.1 ${R}: later`],
    ['450 later',                     `450 4.7.1 ${R}: later`],
    ['550 later',                     `550 5.7.1 ${R}: later`],
    ['450 5.7.1 later',               `450 4.7.1 ${R}: later`],
    ['550 5.7.1',                     `550 5.7.1 ${R}: Access denied`],
    ['421 bye',                       `421 4.7.1 ${R}: bye`],
    // Digits alone are a time stamp, not a code.
    ['450',                           'permit by 450'],
    ['550',                           'permit by 550'],
    ['250',                           'permit by 250'],
    ['20260101120000',                'permit by 20260101120000'],
    ['HOLD',                          'HOLD'],
    ['hold on',                       'HOLD on'],
    ['DISCARD',                       'DISCARD'],
    ['FILTER smtp:x',                 'FILTER smtp:x'],
    ['REDIRECT a@b',                  'REDIRECT a@b'],
    ['BCC a@b',                       'BCC a@b'],
    ['PREPEND X: y',                  'PREPEND X: y'],
    ['WARN',                          'WARN'],
    ['INFO it',                       'INFO it'],
    ['HANGUP',                        'HANGUP'],
    // Anything else is a list of restrictions, and may turn out to be none.
    ['permit_mynetworks, reject',     'restrictions: permit_mynetworks, reject'],
    ['250 text',                      'restrictions: 250 text'],
    ['600 text',                      'restrictions: 600 text'],
    ['45x text',                      'restrictions: 45x text'],
    ['550text',                       'restrictions: 550text'],
    ['OK: fine',                      '451 4.3.5 Server configuration error', ...LOOKUP_NOTES('OK: fine')],
    ['check_client_access hash:x',    '451 4.3.5 Server configuration error', ...LOOKUP_NOTES('check_client_access hash:x')],
    // In the dark ages an empty result was OK.
    ['',                              'permit by nothing', 'access table hash:t entry  has empty value'],
    [' , ,\t ',                       'permit by nothing', 'access table hash:t entry  , ,\t  has empty value'],
  ]
  for (const [value, verdict, ...notes] of cases) {
    test(`${JSON.stringify(value)}: ${verdict}`, () => {
      assert.deepEqual(judge(value), [verdict, notes])
    })
  }

  // biome-ignore format: columns
  const coded: readonly [value: string, mainCf: string, verdict: string][] = [
    ['REJECT',          'access_map_reject_code = 450', `450 4.7.1 ${R}: Access denied`],
    ['REJECT 5.7.9 no', 'access_map_reject_code = 450', `450 4.7.9 ${R}: no`],
    ['DEFER',           'access_map_defer_code = 421',  `421 4.7.1 ${R}: Access denied`],
    ['DEFER_IF_PERMIT', 'access_map_defer_code = 421',  `defer_if_permit 421 4.7.1 ${R}: Service unavailable`],
    ['DEFER_IF_REJECT', 'access_map_defer_code = 421',  `defer_if_reject 421 4.7.1 ${R}: Service unavailable`],
  ]
  for (const [value, mainCf, verdict] of coded) {
    test(`${value}, ${mainCf}: ${verdict}`, () => {
      assert.deepEqual(judge(value, mainCf), [verdict, []])
    })
  }
})

// RFC 3463 3.2: x.1.1 to x.1.6 are about recipients, x.1.7 and x.1.8 about senders. Postfix: smtpd_dsn_fix.
describe('an address status is made fit for what is rejected', () => {
  // biome-ignore format: columns
  const cases: readonly [status: string, sender: string, recipient: string, other: string][] = [
    ['1.0',  '1.0', '1.0', '0.0'],
    ['1.1',  '1.7', '1.1', '0.0'],
    ['1.2',  '1.8', '1.2', '0.0'],
    ['1.3',  '1.7', '1.3', '0.0'],
    ['1.4',  '1.7', '1.4', '0.0'],
    ['1.5',  '1.0', '1.5', '0.0'],
    ['1.6',  '1.7', '1.6', '0.0'],
    ['1.7',  '1.7', '1.3', '0.0'],
    ['1.8',  '1.8', '1.2', '0.0'],
    ['1.9',  '1.0', '1.0', '0.0'],
    ['1.10', '1.0', '1.0', '0.0'],
    ['2.1',  '2.1', '2.1', '2.1'],
    ['7.1',  '7.1', '7.1', '7.1'],
  ]
  for (const [status, ...wanted] of cases) {
    for (const [at, subject] of (['Sender address', 'Recipient address', 'Helo command'] as SubjectClass[]).entries()) {
      test(`5.${status} of a ${subject} is 5.${wanted[at]}`, () => {
        const [verdict, notes] = judge(`550 5.${status} no`, '', { name: 'who', class: subject })
        assert.equal(verdict, `550 5.${wanted[at]} <who>: ${subject} rejected: no`)
        const mapped = `mapping DSN status 5.${status} into ${subject} status 5.${wanted[at]}`
        assert.deepEqual(notes, wanted[at] === status ? [] : [mapped])
      })
    }
  }
})

test('splitStatus keeps the digits as they were written', () => {
  assert.deepEqual(splitStatus('  5.07.001  text'), { status: { class: '5', detail: '07.001' }, rest: 'text' })
  assert.deepEqual(splitStatus('text 5.7.1'), { status: null, rest: 'text 5.7.1' })
  assert.deepEqual(splitStatus(''), { status: null, rest: '' })
})
