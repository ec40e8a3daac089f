/**
 * Takes the lock of the memory in DIRECTORY again and again, and ends as if it had been killed while it has it. Prints how often it
 * had it, or that somebody else had it at the same time.
 *
 *     node lock_taker.ts DIRECTORY
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { releaseLock, takeLock } from '../../src/store/embedded/lock.ts'
import { currentOwner } from '../../src/store/embedded/owner.ts'

const TIMES = 20
const [directory = ''] = process.argv.slice(2)
const inside = join(directory, 'inside')
const owner = currentOwner(process.pid)
let taken = 0
for (let i = 0; taken < TIMES; i++) {
  const lock = takeLock(directory, owner, { letters: `${process.pid}-${i}`, now: Date.now() })
  if (lock === null) continue
  taken++
  try {
    fs.writeFileSync(inside, '', { flag: 'wx' })
    fs.readdirSync(directory)
    fs.rmSync(inside)
  } catch (error) {
    process.stdout.write(`two have it: ${String(error)}\n`)
    break
  }
  if (taken < TIMES) releaseLock(directory, lock)
}
if (taken === TIMES) process.stdout.write(`${taken}\n`)
process.kill(process.pid, 'SIGKILL')
