/** postern_state_directory: the pid file and what became of the last reload. Other parts keep their own files there. */
import { accessSync, chownSync, constants, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDirectories } from '../store/make_directories.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'
import { CommandError, NEGATIVE } from './exit_status.ts'
import type { UserIds } from './identity.ts'

/** What the running gateway tells `postern reload`. */
export interface Status {
  readonly pid: number
  /** Counts the configurations that were tried, good or bad. */
  readonly loads: number
  /** Problems of the last one; none: it is in use. */
  readonly problems: readonly string[]
}

/** Makes the directory if need be. CommandError when that is not possible. */
export function makeStateDirectory(directory: string, owner: UserIds | null): void {
  try {
    makeDirectories(directory, 0o700)
    if (owner !== null && process.getuid?.() === 0) chownSync(directory, owner.uid, owner.gid)
  } catch (error) {
    throw new CommandError(unusable(directory, errnoText(error)), NEGATIVE)
  }
}

function unusable(directory: string, why: string): string {
  return `cannot use postern_state_directory "${directory}": ${why}; name a directory that this user can make and write`
}

/**
 * Writes the pid file, by which `postern reload` finds us. Two gateways may share a directory (another port, another
 * configuration): the first keeps the file. A warning then, else null. CommandError where nothing can be written.
 */
export function writePidFile(directory: string): string | null {
  const running = readPid(directory)
  if (running !== null && running !== process.pid && isGateway(running)) {
    return `another gateway (process ${running}) has ${directory}/postern.pid: "postern reload" reaches that one; for this one say kill -HUP ${process.pid}, or give it a postern_state_directory of its own`
  }
  const path = join(directory, 'postern.pid')
  try {
    writeFileSync(path, `${process.pid}\n`)
    return null
  } catch (error) {
    const reason = `cannot write ${path}: ${errnoText(error)}`
    // Mail goes on without it.
    if (isFull(error))
      return `${reason}: "postern reload" will not find this gateway; for it say kill -HUP ${process.pid}`
    const closed = closedParent(directory)
    const user = process.getuid?.()
    if (closed === null) throw new CommandError(unusable(directory, `${reason}, for user ${user}`), NEGATIVE)
    throw new CommandError(
      `cannot use postern_state_directory "${directory}": user ${user} may not enter ${closed}; let it in, or name another directory`,
      NEGATIVE,
    )
  }
}

/** Why this process cannot use another postern_state_directory, which is made if need be; null: it can. */
export function whyUnwritable(directory: string): string | null {
  try {
    makeDirectories(directory, 0o700)
    accessSync(directory, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return unusable(directory, errnoText(error))
  }
}

function isFull(error: unknown): boolean {
  return errnoCode(error) === 'ENOSPC' || errnoCode(error) === 'EDQUOT'
}

/** The topmost directory on the way that this process may not enter; null: it may enter all. */
function closedParent(directory: string): string | null {
  const parent = dirname(directory)
  const above = parent === directory ? null : closedParent(parent)
  if (above !== null) return above
  try {
    accessSync(directory, constants.X_OK)
    return null
  } catch {
    return directory
  }
}

export function removePidFile(directory: string): void {
  if (readPid(directory) !== process.pid) return
  for (const name of ['postern.pid', 'postern.status']) rmSync(join(directory, name), { force: true })
}

/** The process that the pid file names, whether or not it runs; null: there is none. */
export function readPid(directory: string): number | null {
  const text = readOrNull(join(directory, 'postern.pid'))
  const pid = Number(text?.trim())
  return text !== null && Number.isInteger(pid) && pid > 1 ? pid : null
}

/** Why this user cannot tell whether a gateway runs; null: it can be told. */
export function whyHidden(directory: string): string | null {
  const path = join(directory, 'postern.pid')
  try {
    readFileSync(path)
    return null
  } catch (error) {
    return errnoCode(error) === 'ENOENT' ? null : `cannot read ${path}: ${errnoText(error)}`
  }
}

/** Whether a gateway runs under this number: after a crash or a reboot it may be anybody's. */
export function isGateway(pid: number): boolean {
  if (!isAlive(pid)) return false
  const command = readOrNull(`/proc/${pid}/cmdline`)
  // Without /proc the number must do.
  return command === null || /postern/.test(command)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Whole or not at all, so that a reader never sees half of it. Not at all where another gateway has the pid file. Why it could not be
 * written, or null.
 */
export function writeStatus(directory: string, status: Status): string | null {
  if (readPid(directory) !== status.pid) return null
  const path = join(directory, 'postern.status')
  try {
    writeFileSync(`${path}.new`, JSON.stringify(status))
    renameSync(`${path}.new`, path)
    return null
  } catch (error) {
    return `cannot write ${path}: ${errnoText(error)}: "postern reload" cannot tell what became of it`
  }
}

export function readStatus(directory: string): Status | null {
  const text = readOrNull(join(directory, 'postern.status'))
  // Our own supervisor wrote it, whole.
  return text === null ? null : (JSON.parse(text) as Status)
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
