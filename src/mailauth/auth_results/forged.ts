import { parseAuthResults } from './parse.ts'

/**
 * Whether an Authentication-Results header of a message that comes from outside claims to be ours (RFC 8601 5). Too much is taken for
 * ours rather than too little: whoever reads the header after us may be sloppy.
 */
export function claimsOurName(value: string, authservId: string): boolean {
  const ours = authservId.toLowerCase()
  const id = parseAuthResults(value)?.authservId.toLowerCase() ?? ''
  // "mx.example.org/QUEUEID" is OpenDMARC's AuthservIDWithJobID.
  if (id === ours || id.startsWith(`${ours}/`)) return true
  // Our name before the first ";", in whatever wrapping: quotes, comments, other words.
  const head = value.split(';', 1)[0] ?? ''
  const words = head.toLowerCase().split(/[\s()"'\\<>,/=]+/)
  return words.some(word => word === ours || word === `${ours}.`)
}
