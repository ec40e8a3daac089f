/** ESMTP parameters of RFC 3461, as Postfix checks them. */
import { decodeXtext } from '../util/xtext.ts'

/** RFC 6533 3: utf-8-addr-xtext, with \x{HEX} for characters. */
function isUxtext(text: string): boolean {
  if (/\\x\{(?![0-9A-Fa-f]*\})/.test(text)) return false
  return [...text.matchAll(/\\x\{([0-9A-Fa-f]*)\}/g)].every(match => Number.parseInt(match[1] || '0', 16) <= 0x10ffff)
}

/** "NEVER", or any of SUCCESS, FAILURE, DELAY; null: anything else. A strange word is told. Postfix: dsn_notify_mask(3). */
export function parseNotify(text: string, warn: (text: string) => void = () => undefined): readonly string[] | null {
  const words = text.split(/[,\s]+/).filter(word => word !== '')
  const known = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY']
  const stranger = words.find(word => !known.includes(word.toUpperCase()))
  if (stranger !== undefined) warn(`unknown DSN NOTIFY command value "${stranger}" in "${text}"`)
  if (words.length === 0 || stranger !== undefined) return null
  const unique = known.filter(word => words.some(each => each.toUpperCase() === word))
  return unique.includes('NEVER') && unique.length > 1 ? null : unique
}

export function parseRet(text: string): 'FULL' | 'HDRS' | null {
  const upper = text.toUpperCase()
  return upper === 'FULL' || upper === 'HDRS' ? upper : null
}

/** ENVID: xtext of printable characters. */
export function isEnvid(text: string): boolean {
  const decoded = decodeXtext(text)
  return decoded !== null && decoded !== '' && /^[\x20-\x7e]*$/.test(decoded)
}

/** "rfc822;user+40example.org", "utf-8;…". */
export function isOrcpt(text: string): boolean {
  const semicolon = text.indexOf(';')
  if (semicolon < 1) return false
  const address = text.slice(semicolon + 1)
  return text.slice(0, semicolon).toLowerCase() === 'utf-8' ? isUxtext(address) : decodeXtext(address) !== null
}
