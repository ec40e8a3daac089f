import { mailhostAddr } from '../mail/hostname.ts'
import { DUNNO, reject, type Verdict } from '../model/verdict.ts'

/** Refuses an address in HELO, with or without brackets, that is none. RFC 5321 4.1.3. */
export function rejectInvalidHostaddr(name: string, code: number): Verdict {
  const bare = name.startsWith('[') && name.endsWith(']') && name.length > 2 ? name.slice(1, -1) : name
  if (mailhostAddr(bare) !== null) return DUNNO
  return reject(code, '5.2', `<${name}>: Helo command rejected: invalid ip address`)
}
