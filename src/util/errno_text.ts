import { getSystemErrorMap } from 'node:util'

/** strerror(3) of glibc for what a socket or a file can say; Postfix logs carry these words ("%m"). */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'Permission denied'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EAGAIN', 'Resource temporarily unavailable'],
  ['ECONNABORTED', 'Software caused connection abort'],
  ['ECONNREFUSED', 'Connection refused'],
  ['ECONNRESET', 'Connection reset by peer'],
  ['EDQUOT', 'Disk quota exceeded'],
  ['EEXIST', 'File exists'],
  ['EFBIG', 'File too large'],
  ['EHOSTUNREACH', 'No route to host'],
  ['EIO', 'Input/output error'],
  ['EISDIR', 'Is a directory'],
  ['EMFILE', 'Too many open files'],
  ['ENETUNREACH', 'Network is unreachable'],
  ['ENFILE', 'Too many open files in system'],
  ['ENOENT', 'No such file or directory'],
  ['ENOSPC', 'No space left on device'],
  ['ENOTDIR', 'Not a directory'],
  ['ENOTSOCK', 'Socket operation on non-socket'],
  ['EPERM', 'Operation not permitted'],
  ['EPIPE', 'Broken pipe'],
  ['EROFS', 'Read-only file system'],
  ['ETIMEDOUT', 'Connection timed out'],
])

/** "ECONNREFUSED" of a Node error; '' when it carries none. */
export function errnoCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** A failed system call in the words of strerror(3): "Connection refused". */
export function errnoText(error: unknown): string {
  const code = errnoCode(error)
  const known = TEXTS.get(code)
  if (known !== undefined) return known
  for (const [name, message] of getSystemErrorMap().values()) {
    if (name === code) return message.charAt(0).toUpperCase() + message.slice(1)
  }
  return error instanceof Error ? error.message : String(error)
}
