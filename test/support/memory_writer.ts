/**
 * A process that notes as fast as it can until it is killed: node memory_writer.ts DIRECTORY PREFIX COUNT [compact]
 * Prints "N" when everything up to attempt N of this prefix has been acknowledged, in one write(2) each.
 */
import fs from 'node:fs'
import { openEmbeddedMemory } from '../../src/store/embedded/memory.ts'
import { sleep, systemClock } from '../../src/util/clock.ts'
import { errnoCode } from '../../src/util/errno_text.ts'
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
  await tell(`${n + BATCH}\n`)
}
await memory.close()

/** One write(2), which the parent has even if we are killed right after it. Its pipe is full while it looks at what others wrote. */
async function tell(text: string): Promise<void> {
  for (;;) {
    try {
      fs.writeSync(1, text)
      return
    } catch (error) {
      if (errnoCode(error) !== 'EAGAIN') throw error
    }
    await sleep(systemClock, 1)
  }
}

async function compactOnAndOn(): Promise<void> {
  for (;;) {
    await memory.compact()
    await sleep(systemClock, 1)
  }
}
