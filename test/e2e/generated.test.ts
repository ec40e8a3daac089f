/**
 * Random configurations and sessions, with Postfix and Postern side by side. A short run by default, at least 5,000 sessions with
 * POSTERN_SLOW=1. POSTERN_SEED=N repeats a run. A session that differs is shrunk: the smallest that still does is shown, ready to be
 * put into test/e2e/dialogues.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type DialogueFile, formatDialogueFile } from '../support/dialogue_file.ts'
import { equal, formatDifference } from '../support/difference.ts'
import type { Lab } from '../support/lab.ts'
import { LabPool } from '../support/lab_pool.ts'
import { postfixUnavailable, postfixVersion } from '../support/real_postfix.ts'
import { shrink } from '../support/shrink.ts'
import { hold, type Outcome, type Side, startPosternSide, startPostfixSide } from '../support/side.ts'
import { generateFile, SESSIONS_PER_FILE } from './generate.ts'

const SLOW_SESSIONS = 6000
const FAST_SESSIONS = 500
const SHORT_SEED = 1
const FILES_AT_ONCE = 4
/** After so many differing sessions the rest would tell nothing new. */
const ENOUGH_FAILURES = 8

const obstacle = postfixUnavailable() ?? (postfixVersion().startsWith('3.7.') ? null : 'this Postfix is not 3.7')
const slow = process.env['POSTERN_SLOW'] === '1'
// The short run repeats itself, so that a change is judged by what it changes; the slow one looks for what nobody has seen.
const seed = Number(process.env['POSTERN_SEED'] ?? (slow ? Date.now() % 1_000_000_000 : SHORT_SEED))
const sessions = Number(process.env['POSTERN_SESSIONS'] ?? (slow ? SLOW_SESSIONS : FAST_SESSIONS))
const labs = new LabPool()
let failures = 0
let held = 0

describe(`generated sessions, POSTERN_SEED=${seed}`, { skip: obstacle ?? false, concurrency: FILES_AT_ONCE }, () => {
  for (let i = 0; i < Math.ceil(sessions / SESSIONS_PER_FILE); i++) {
    test(`configuration ${seed + i}`, () => compare(generateFile(seed + i), seed + i))
  }
})

test('as many sessions as promised', { skip: obstacle ?? false }, context => {
  context.diagnostic(`${held} generated sessions held with Postfix and Postern, seed ${seed}`)
  assert.ok(held >= sessions || failures > 0)
})

after(() => labs.close())

async function compare(file: DialogueFile, fileSeed: number): Promise<void> {
  if (failures >= ENOUGH_FAILURES) return
  const both = await holdBoth(file)
  held += file.dialogues.length
  const differing = file.dialogues.findIndex((_, i) => differs(both, i))
  if (differing < 0) return
  failures++
  const found = await shrink(file, differing, async candidate => {
    const outcomes = await holdBoth(candidate)
    return differs(outcomes, candidate.dialogues.length - 1)
  })
  const again = await holdBoth(found)
  const last = found.dialogues.length - 1
  const [dialogue, want, got] = [found.dialogues[last], again.postfix[last], again.postern[last]]
  if (!dialogue || !want || !got) throw new Error('Cannot show the difference: nothing was held')
  assert.fail(
    `POSTERN_SEED=${fileSeed} POSTERN_SESSIONS=${SESSIONS_PER_FILE} repeats it (- Postfix, + Postern)\n` +
      `${formatDifference(dialogue.name, dialogue, got, want)}\n${formatDialogueFile(found)}`,
  )
}

interface Both {
  readonly postfix: readonly Outcome[]
  readonly postern: readonly Outcome[]
}

function differs(both: Both, i: number): boolean {
  const [postfix, postern] = [both.postfix[i], both.postern[i]]
  // A configuration that Postfix cannot run (a class without a definition, by shrinking) is no difference.
  if (postfix?.log.some(line => line.includes(': fatal: '))) return false
  return !postfix || !postern || !equal(comparable(postfix), comparable(postern))
}

/**
 * Log lines that depend on what an smtpd process did before: words behind "permit" are told when it starts ("start-warnings"), a
 * failed DNS list question when it is not in the cache of the process.
 */
const OF_THE_PROCESS = /^smtpd: warning: (restriction `.*' after `.*' is ignored$|\S+: RBL lookup error: )/

/** Where one address type fails and the other has no data, the C library forgets the failure; Postern calls it temporary. */
const HALF_FAILED =
  /^(smtpd: warning: .* aservfail\.example.*: )(No address associated with hostname|Temporary failure in name resolution)$/

function comparable(outcome: Outcome): Outcome {
  const log = outcome.log
    .filter(line => !OF_THE_PROCESS.test(line))
    .map(line => line.replace(HALF_FAILED, '$1no address'))
  return { ...outcome, log }
}

async function holdBoth(file: DialogueFile): Promise<Both> {
  const [postfix, postern] = await Promise.all([holdWith(file, startPostfixSide), holdWith(file, startPosternSide)])
  return { postfix, postern }
}

async function holdWith(
  file: DialogueFile,
  start: (file: DialogueFile, lab: Lab) => Promise<Side>,
): Promise<readonly Outcome[]> {
  const lab = await labs.take()
  const side = await start(file, lab)
  try {
    return await hold(side, file.dialogues)
  } finally {
    await side.stop()
    labs.give(lab)
  }
}
