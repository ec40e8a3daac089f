/** Becoming an ordinary user once the privileged ports are open. */
import { spawnSync } from 'node:child_process'
import { CommandError, NEGATIVE } from './exit_status.ts'

export interface UserIds {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** The user that postern_user names; null when there is nothing to become. CommandError when there is no such user. */
export function findUser(name: string): UserIds | null {
  if (name === '') return null
  // id(1) asks all of the machine's user databases; /etc/passwd is only one of them.
  const [uid, gid] = ['-u', '-g'].map(
    what => spawnSync('id', [what, '--', name], { encoding: 'utf8' }).stdout?.trim() ?? '',
  )
  if (!uid || !gid) throw new CommandError(`cannot become postern_user "${name}": there is no such user`, NEGATIVE)
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** Becomes the user for good, with its groups. CommandError when that is not allowed. */
export function becomeUser(user: UserIds): void {
  // @types/node has forgotten initgroups. None of these exist on Windows, for which Postern is not.
  const unixProcess = process as typeof process & { initgroups?(user: string, group: number): void }
  if (process.getuid?.() === user.uid) return
  try {
    unixProcess.initgroups?.(user.name, user.gid)
    process.setgid?.(user.gid)
    process.setuid?.(user.uid)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`cannot become postern_user "${user.name}": ${reason}`, NEGATIVE)
  }
}
