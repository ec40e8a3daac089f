/** A part of the dialogues through `bin/postern serve`, supervisor, worker and log file included, against the recording. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { parseDialogueFile } from '../support/dialogue_file.ts'
import { equal, formatDifference, wanted } from '../support/difference.ts'
import { explain, readKnownDifferences } from '../support/known_differences.ts'
import { DIALOGUES } from '../support/lab.ts'
import { LabPool } from '../support/lab_pool.ts'
import { hold, startProgramSide } from '../support/side.ts'

const FILES = [
  'access-actions',
  'anvil-count',
  'anvil-rate',
  'bare-newline-reject',
  'ccert',
  'chunking',
  'default',
  'delivered-content',
  'guide-all',
  'guide-all-nodelay',
  'lost',
  'sasl',
  'tls',
  'verify-recipient',
  'verify-sender-defer',
]
const labs = new LabPool()
const known = readKnownDifferences()

describe('dialogues through the program', () => {
  for (const name of FILES) test(name, () => compare(name))
})
after(() => labs.close())

async function compare(name: string): Promise<void> {
  const file = parseDialogueFile(fs.readFileSync(path.join(DIALOGUES, `${name}.txt`), 'utf8'))
  const lab = await labs.take()
  const side = await startProgramSide(file, lab)
  try {
    const outcomes = await hold(side, file.dialogues)
    for (const [i, dialogue] of file.dialogues.entries()) {
      const want = wanted(dialogue)
      const got = outcomes[i]
      if (!got) throw new Error(`Cannot compare "${dialogue.name}": it was not held`)
      const title = `${name} / ${dialogue.name}`
      if (equal(want, got) || explain(title, { want, got }, known) !== null) continue
      assert.fail(`(- Postfix, + Postern)\n${formatDifference(title, dialogue, got)}`)
    }
  } finally {
    await side.stop()
    labs.give(lab)
  }
}
