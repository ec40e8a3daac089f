/**
 * A process that notes as fast as it can until it is killed: node memory_writer.ts DIRECTORY PREFIX COUNT [compact]
 * Prints "N" when everything up to attempt N of this prefix has been acknowledged, in one write(2) each.
 */
import fs from 'node:fs'
import { openEmbeddedMemory } from '../../src/store/embedded/memory.ts'
import { sleep, systemClock } from '../../src/util/clock.ts'
import { systemRandom } from '../../src/util/random.ts'
import { LIFETIMES, RULES } from './memory_rules.ts'

const BATCH = 20
const [, , directory = '', prefix = '', count = '', mode = ''] = process.argv

const memory = await openEmbeddedMemory({
  directory,
  lifetimes: LIFETIMES,
  sync: false,
  clock: systemClock,
  random: systemRandom,
  pid: process.pid,
  use: 'command',
  onProblem: text => process.stderr.write(`${text}\n`),
})
const now = Math.floor(systemClock.now() / 1000)
if (mode === 'compact') void compactOnAndOn()
for (let n = 0; n < Number(count); n += BATCH) {
  const answers = await Promise.all([
    ...Array.from({ length: BATCH }, (_, i) =>
      memory.note({ triplet: `${prefix}/${n + i}`, client: `${prefix}`, now, rules: RULES }),
    ),
    memory.touch('client', 'everybody', now),
  ])
  for (const answer of answers) if (answer.status !== 'found') throw new Error(JSON.stringify(answer))
  fs.writeSync(1, `${n + BATCH}\n`)
}
await memory.close()

async function compactOnAndOn(): Promise<void> {
  for (;;) {
    await memory.compact()
    await sleep(systemClock, 1)
  }
}
