/** One run at a time, whoever begins it: the gateway or somebody at a terminal. */
import fs from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../../util/errno_text.ts'
import { currentOwner, isOwnerGone, type Owner } from '../embedded/owner.ts'
import { makeDirectories } from '../make_directories.ts'

/** Where a pid means nothing to us, a lock so old belongs to nobody: no run lasts as long. */
const STALE_MS = 6 * 3600 * 1000

/** Takes the lock; the release, or null when another process that runs has it. Throws other errors. */
export function takeRunLock(directory: string, pid: number, now: number): (() => void) | null {
  makeDirectories(directory, 0o700)
  const path = join(directory, 'run.lock')
  const self = currentOwner(pid)
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      fs.writeFileSync(path, JSON.stringify(self), { flag: 'wx', mode: 0o600 })
      return () => fs.rmSync(path, { force: true })
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error
    }
    if (!isStale(path, self, now)) return null
    fs.rmSync(path, { force: true })
  }
  return null
}

function isStale(path: string, self: Owner, now: number): boolean {
  const silentMs = now - (fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  if (silentMs > STALE_MS) return true
  try {
    // Written above; half of it, when its process was killed in between, is no JSON.
    return isOwnerGone(JSON.parse(fs.readFileSync(path, 'utf8')) as Owner, self, silentMs)
  } catch {
    return silentMs > 10_000
  }
}
