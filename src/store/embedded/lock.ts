/**
 * Who may tidy the directory up: one process at a time. Node has no flock(2), and a single file whose dead owner's is taken away by
 * the next one has a moment in which two of them have it: the second takes away what the first has just made.
 *
 * So each shows a file of its own, and then looks for others: of two, at least the later one sees the other's. When both do, both
 * step back, and come again.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../../util/errno_text.ts'
import { isOwnerGone, type Owner } from './owner.ts'

const PREFIX = 'compaction-'
const SUFFIX = '.lock'
const EMPTY_MS = 10_000

export interface Attempt {
  /** That no other attempt has. */
  readonly letters: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The name of the file that shows that we have the lock; null: another process that runs has it. Throws when none can be made. */
export function takeLock(directory: string, owner: Owner, { letters, now }: Attempt): string | null {
  const name = `${PREFIX}${letters}${SUFFIX}`
  const path = join(directory, name)
  // Whole from the moment that others see it.
  fs.writeFileSync(`${path}.new`, JSON.stringify(owner), { mode: 0o600 })
  fs.renameSync(`${path}.new`, path)
  if (!isAnotherThere(directory, name, { self: owner, now })) return name
  releaseLock(directory, name)
  return null
}

/** It has not been taken from us: by a process in another container, which cannot see whether we run. */
export function holdsLock(directory: string, name: string): boolean {
  return fs.existsSync(join(directory, name))
}

export function releaseLock(directory: string, name: string): void {
  fs.rmSync(join(directory, name), { force: true })
}

function isAnotherThere(
  directory: string,
  own: string,
  { self, now }: { readonly self: Owner; readonly now: number },
): boolean {
  let isThere = false
  for (const name of fs.readdirSync(directory)) {
    if (name === own || !name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) continue
    // No name is used twice: who takes it away takes nothing from anybody who lives.
    if (isAbandoned(join(directory, name), self, now)) fs.rmSync(join(directory, name), { force: true })
    else isThere = true
  }
  return isThere
}

function isAbandoned(path: string, self: Owner, now: number): boolean {
  try {
    const silentMs = now - fs.statSync(path).mtimeMs
    const text = fs.readFileSync(path, 'utf8')
    // A power cut can leave an empty file under the name.
    if (text === '') return silentMs > EMPTY_MS
    // takeLock wrote it.
    return isOwnerGone(JSON.parse(text) as Owner, self, silentMs)
  } catch (error) {
    // It has just been given back; the next attempt sees that.
    if (errnoCode(error) === 'ENOENT') return false
    if (error instanceof SyntaxError) return true
    throw error
  }
}
