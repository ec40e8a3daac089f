import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import type { ListVerdict } from '../engine/list_judge.ts'
import { NO_EFFECTS } from '../model/judge.ts'
import { policyAction } from './action.ts'

const FACTS = makeFacts({ recipient: 'you@here.example' })
const VERDICT: ListVerdict = {
  refusal: null,
  deferIfPermit: null,
  deferIfReject: null,
  hangup: false,
  effects: NO_EFFECTS,
  events: [],
  trace: { steps: [] },
}

// biome-ignore format: columns
const cases: readonly [what: string, verdict: Partial<ListVerdict>, action: string, left: readonly string[]][] = [
  ['nothing, or a permit', {}, 'DUNNO', []],
  ['a refusal', { refusal: '550 5.7.1 Client host rejected: go away' }, '550 5.7.1 Client host rejected: go away', []],
  ['a refusal with what Postfix puts in front', { refusal: '554 5.7.1 <you@here.example>: Recipient address rejected: Access denied' }, '554 5.7.1 Access denied', []],
  ['the recipient of somebody else', { refusal: '554 5.7.1 <me@here.example>: Recipient address rejected: no' }, '554 5.7.1 <me@here.example>: Recipient address rejected: no', []],
  ['defer_if_permit', { deferIfPermit: '450 4.2.0 <you@here.example>: Recipient address rejected: Greylisted' }, 'DEFER_IF_PERMIT 4.2.0 Greylisted', []],
  ['defer_if_reject', { deferIfReject: '450 4.7.1 later' }, 'DEFER_IF_REJECT 4.7.1 later', []],
  ['both are a plain deferral', { deferIfPermit: '450 4.7.1 one', deferIfReject: '450 4.7.1 two' }, '450 4.7.1 one', []],
  ['hangup', { hangup: true, refusal: '550 5.7.1 no' }, 'HANGUP', []],
  ['a refusal before anything else', { refusal: '550 5.7.1 no', effects: { ...NO_EFFECTS, hold: true } }, '550 5.7.1 no', []],
  ['DISCARD', { effects: { ...NO_EFFECTS, discard: true, hold: true } }, 'DISCARD', []],
  ['REDIRECT', { effects: { ...NO_EFFECTS, redirect: 'a@b', filter: 'smtp:c' } }, 'REDIRECT a@b', ['FILTER smtp:c']],
  ['FILTER', { effects: { ...NO_EFFECTS, filter: 'smtp:c', hold: true } }, 'FILTER smtp:c', ['HOLD']],
  ['HOLD', { effects: { ...NO_EFFECTS, hold: true, prepend: ['X-A: 1'] } }, 'HOLD', ['PREPEND X-A: 1']],
  ['PREPEND', { effects: { ...NO_EFFECTS, prepend: ['X-A: 1', 'X-B: 2'], bcc: ['d@e'] } }, 'PREPEND X-A: 1', ['PREPEND X-B: 2', 'BCC d@e']],
  ['BCC', { effects: { ...NO_EFFECTS, bcc: ['d@e'] } }, 'BCC d@e', []],
  ['a deferral, whatever else: nothing is taken', { deferIfPermit: '450 4.2.0 later', effects: { ...NO_EFFECTS, hold: true, prepend: ['X-A: 1'] } }, 'DEFER_IF_PERMIT 4.2.0 later', []],
  ['a deferral that counts only if others refuse, and an action', { deferIfReject: '450 4.7.1 later', effects: { ...NO_EFFECTS, prepend: ['X-A: 1'] } }, 'DEFER_IF_REJECT 4.7.1 later', ['PREPEND X-A: 1']],
]
for (const [what, verdict, action, left] of cases) {
  test(`G17 one action for ${what}: ${action}`, () => {
    assert.deepEqual(policyAction({ ...VERDICT, ...verdict }, FACTS), { action, left })
  })
}
