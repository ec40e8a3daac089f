/**
 * Postern beside a real Postfix: the same dialogues, the same replies and log lines.
 * POSTERN_DIALOGUES=default,guide-* runs some of the files. Without a Postfix 3.7 the recorded answers stand for it.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import type { DialogueFile } from '../support/dialogue_file.ts'
import { parseDialogueFile } from '../support/dialogue_file.ts'
import { equal, formatDifference, wanted } from '../support/difference.ts'
import { explain, type KnownDifference, readKnownDifferences } from '../support/known_differences.ts'
import { DIALOGUES } from '../support/lab.ts'
import { LabPool } from '../support/lab_pool.ts'
import { postfixUnavailable, postfixVersion } from '../support/real_postfix.ts'
import { hold, type Outcome, type Side, startPosternSide, startPostfixSide } from '../support/side.ts'

/** The recordings are of this version; others say some things differently. */
const RECORDED_VERSION = '3.7.'
const FILES_AT_ONCE = 4
/** A failing file tells so many dialogues in full. */
const SHOWN = 5

const obstacle = postfixUnavailable() ?? otherVersion()
const known = readKnownDifferences()
const seen = new Set<KnownDifference>()
/** Files in which Postern takes an answer of a DNS list for an error. */
const listErrors = new Set<string>()
const labs = new LabPool()
const filter = process.env['POSTERN_DIALOGUES']
let held = 0

function otherVersion(): string | null {
  const version = postfixVersion()
  return version.startsWith(RECORDED_VERSION)
    ? null
    : `this Postfix is ${version}, the recordings are of ${RECORDED_VERSION}x`
}

describe('the same as Postfix', { concurrency: FILES_AT_ONCE }, () => {
  for (const name of dialogueFiles()) {
    test(name, context => compareFile(name, context))
  }
})
after(() => labs.close())

test('every difference that docs/compatibility.md lists occurs', { skip: filter !== undefined }, context => {
  context.diagnostic(
    `${held} dialogues held ${obstacle === null ? 'with Postfix and Postern' : `with Postern only: ${obstacle}`}`,
  )
  assert.deepEqual(
    known.filter(difference => !seen.has(difference)).map(difference => difference.name),
    [],
  )
})

/** The one difference in judgement that a parameter turns off: then there is none. */
test('with postern_dns_list_safe_answers = no DNS lists count as in Postfix', {
  skip: filter !== undefined,
}, async () => {
  const files = dialogueFiles().filter(name => listErrors.has(name))
  assert.ok(files.length > 0)
  for (const name of files) {
    const file = readFile(name)
    const outcomes = await holdWith(file, (one, lab) =>
      startPosternSide(one, lab, ['postern_dns_list_safe_answers=no']),
    )
    for (const [i, dialogue] of file.dialogues.entries()) {
      const got = outcomes[i]
      assert.ok(
        got && equal(wanted(dialogue), got),
        formatDifference(`${name} / ${dialogue.name}`, dialogue, got ?? wanted(dialogue)),
      )
    }
  }
})

function readFile(name: string): DialogueFile {
  return parseDialogueFile(fs.readFileSync(path.join(DIALOGUES, `${name}.txt`), 'utf8'))
}

function dialogueFiles(): readonly string[] {
  const names = fs
    .readdirSync(DIALOGUES)
    .filter(name => name.endsWith('.txt'))
    .map(name => name.slice(0, -4))
  if (filter === undefined) return names
  const patterns = filter.split(',').map(word => new RegExp(`^${word.replaceAll('*', '.*')}$`))
  return names.filter(name => patterns.some(pattern => pattern.test(name)))
}

async function compareFile(name: string, context: TestContext): Promise<void> {
  const file = readFile(name)
  const [reference, postern] = await Promise.all([referenceFor(name, file), holdWith(file, startPosternSide)])
  const differences: string[] = []
  for (const [i, dialogue] of file.dialogues.entries()) {
    const want = reference[i]
    const got = postern[i]
    if (!want || !got) throw new Error(`Cannot compare "${name} / ${dialogue.name}": it was not held`)
    held++
    if (equal(want, got)) continue
    const title = `${name} / ${dialogue.name}`
    const reasons = explain(title, { want, got }, known)
    if (reasons === null) differences.push(formatDifference(title, dialogue, got, want))
    else noteReasons(name, reasons)
  }
  if (differences.length === 0) return
  context.diagnostic(`${differences.length} of ${file.dialogues.length} dialogues differ`)
  assert.fail(
    `${differences.length} dialogues differ (- Postfix, + Postern):\n${differences.slice(0, SHOWN).join('\n')}`,
  )
}

function noteReasons(name: string, reasons: readonly KnownDifference[]): void {
  for (const reason of reasons) {
    seen.add(reason)
    if (reason.name === 'dns-list-errors') listErrors.add(name)
  }
}

/**
 * What Postfix says now, which must be what was recorded. A busy machine can disturb a dialogue: then the file is held once more.
 */
async function referenceFor(name: string, file: DialogueFile): Promise<readonly Outcome[]> {
  if (obstacle !== null) return file.dialogues.map(wanted)
  let live = await holdWith(file, startPostfixSide)
  if (!isAsRecorded(file, live)) live = await holdWith(file, startPostfixSide)
  const strays = file.dialogues.filter((dialogue, i) => !equal(wanted(dialogue), live[i] ?? wanted(dialogue)))
  assert.deepEqual(
    strays.map(dialogue => dialogue.name),
    [],
    `${name}: Postfix differs from its recording; if it is right: node test/e2e/record.ts ${name}`,
  )
  return live
}

function isAsRecorded(file: DialogueFile, live: readonly Outcome[]): boolean {
  return file.dialogues.every((dialogue, i) => live[i] !== undefined && equal(wanted(dialogue), live[i]))
}

async function holdWith(
  file: DialogueFile,
  start: (file: DialogueFile, lab: Awaited<ReturnType<LabPool['take']>>) => Promise<Side>,
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
