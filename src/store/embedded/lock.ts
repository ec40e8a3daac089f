/** Who may tidy the directory up. Two that do at once, by a race of a moment, lose nothing (files.ts, overlappingBases). */
import fs from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../../util/errno_text.ts'
import { isOwnerGone, type Owner } from './owner.ts'

const NAME = 'compaction.lock'

/** What the lock file says now that we hold it; null: another process that runs has it. Throws other errors. */
export function takeLock(directory: string, owner: Owner, now: number): string | null {
  const path = join(directory, NAME)
  const text = JSON.stringify({ ...owner, taken: now })
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      fs.writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
      return text
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error
    }
    if (!isStale(path, owner, now)) return null
    fs.rmSync(path, { force: true })
  }
  return null
}

export function holdsLock(directory: string, text: string): boolean {
  return readOrNull(join(directory, NAME)) === text
}

export function releaseLock(directory: string, text: string): void {
  if (holdsLock(directory, text)) fs.rmSync(join(directory, NAME), { force: true })
}

function isStale(path: string, self: Owner, now: number): boolean {
  const text = readOrNull(path)
  if (text === null) return true
  const silentMs = now - (fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  try {
    // takeLock wrote it; half of it, when its process was killed in between, is no JSON.
    return isOwnerGone(JSON.parse(text) as Owner, self, silentMs)
  } catch {
    return silentMs > 10_000
  }
}

function readOrNull(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
