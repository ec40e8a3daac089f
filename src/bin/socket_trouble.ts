/** Why a Unix socket cannot be made: bind(2), as Node has it, says "Permission denied" to everything. */
import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoCode } from '../util/errno_text.ts'

/** unix(7): sun_path has 108 bytes, the one that ends it included. */
const LONGEST_PATH = 107

/** One sentence with what to do; null: it is as the system says. `path` is absolute. */
export function explainSocketTrouble(path: string): string | null {
  const size = Buffer.byteLength(path)
  if (size > LONGEST_PATH)
    return `the path has ${size} bytes, and a socket's may have ${LONGEST_PATH}: name a shorter one`
  const directory = dirname(path)
  const missing = missingDirectory(directory)
  if (missing !== null) return missing
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isSocket())
      return `there is ${found.isDirectory() ? 'a directory' : 'a file'} of that name, which is no socket: remove it, or name another path`
    accessSync(directory, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return errnoCode(error) === 'EROFS'
      ? `the file system of ${directory} is read-only: name another path`
      : `user ${process.geteuid?.()} may make no files in ${directory}: change its owner, group or mode, or name another path`
  }
}

function missingDirectory(directory: string): string | null {
  try {
    return statSync(directory).isDirectory() ? null : `${directory} is no directory: name another path`
  } catch (error) {
    const code = errnoCode(error)
    const parent = dirname(directory)
    if (code === 'ENOENT' && parent !== directory)
      return missingDirectory(parent) ?? `there is no directory ${directory}: make it, or name another path`
    return code === 'EACCES'
      ? `user ${process.geteuid?.()} may not look into ${parent}: let it in, or name another path`
      : null
  }
}
