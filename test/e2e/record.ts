/**
 * Writes down what a real Postfix answers and logs: node test/e2e/record.ts [--check] [NAME …]
 * With --check nothing is written: differences to the recording are printed.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Dialogue } from '../support/dialogue_file.ts'
import { formatDialogueFile, parseDialogueFile } from '../support/dialogue_file.ts'
import { formatDifference, same } from '../support/difference.ts'
import { DIALOGUES, type Lab, openLab } from '../support/lab.ts'
import type { Outcome } from '../support/side.ts'
import { hold, startPostfixSide } from '../support/side.ts'

const JOBS = 4

const args = process.argv.slice(2)
const check = args.includes('--check')
const wanted = args.filter(arg => !arg.startsWith('--'))
const names = fs
  .readdirSync(DIALOGUES)
  .filter(name => name.endsWith('.txt'))
  .map(name => name.slice(0, -4))
  .filter(name => wanted.length === 0 || wanted.includes(name))

const counts = { same: 0, different: 0 }
await Promise.all(Array.from({ length: JOBS }, worker))
process.stdout.write(`${counts.same} same, ${counts.different} different\n`)
process.exit(counts.different > 0 && check ? 1 : 0)

async function worker(): Promise<void> {
  const lab = await openLab()
  for (let name = names.shift(); name !== undefined; name = names.shift()) await recordFile(name, lab)
  lab.close()
}

async function recordFile(name: string, lab: Lab): Promise<void> {
  const file = path.join(DIALOGUES, `${name}.txt`)
  const parsed = parseDialogueFile(fs.readFileSync(file, 'utf8'))
  const side = await startPostfixSide(parsed, lab)
  const outcomes = await hold(side, parsed.dialogues)
  await side.stop()
  const dialogues = parsed.dialogues.map((dialogue, i) => {
    const outcome = outcomes[i]
    if (!outcome) throw new Error(`Cannot record "${dialogue.name}": it was not held`)
    if (same(dialogue, outcome)) counts.same++
    else {
      counts.different++
      process.stdout.write(formatDifference(`${name} / ${dialogue.name}`, dialogue, outcome))
    }
    return withOutcome(dialogue, outcome)
  })
  if (!check) fs.writeFileSync(file, formatDialogueFile({ config: parsed.config, dialogues }))
}

function withOutcome(dialogue: Dialogue, outcome: Outcome): Dialogue {
  const steps = dialogue.steps
    .filter(step => step.kind !== 'extra')
    .map((step, i) => ({ ...step, want: outcome.transcript[i] ?? [] }))
  const extra = outcome.transcript[steps.length]
  const all = extra && extra.length > 0 ? [...steps, { kind: 'extra' as const, options: {}, want: extra }] : steps
  return { ...dialogue, steps: all, log: outcome.log, mail: outcome.mail }
}
