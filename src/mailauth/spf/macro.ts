import { formatIp, type IpAddress } from '../../util/ip.ts'

/** The macro language of RFC 7208 7: parsed once per record, expanded per question. */

/** Literal text, or one macro-expand with its transformers. */
export type MacroPiece = string | MacroExpand

export interface MacroExpand {
  readonly letter: MacroLetter
  /** An upper-case letter: the value is URL escaped (RFC 7208 7.3). */
  readonly escape: boolean
  /** Right-hand parts to keep; 0: all. */
  readonly parts: number
  readonly reverse: boolean
  /** Where the value is split; "." when the record says nothing. */
  readonly delimiters: string
}

export type MacroLetter = 's' | 'l' | 'o' | 'd' | 'i' | 'p' | 'v' | 'h' | 'c' | 'r' | 't'

/** RFC 7208 7.2: c, r and t are for explanations only. */
const DOMAIN_LETTERS = 'slodipvh'
const EXPLAIN_LETTERS = `${DOMAIN_LETTERS}crt`
const EXPAND = /^([A-Za-z])([0-9]*)([rR]?)([-.+,/_=]*)$/
/** More parts than a name can have are as good as all. */
const MAX_PARTS = 128
/** RFC 7208 7.3 */
const NAME_LIMIT = 253
/** An explanation goes into one SMTP reply line; what is longer helps nobody. */
const EXPLANATION_LIMIT = 1000

/** A macro-string in pieces. */
export interface MacroString {
  readonly pieces: readonly MacroPiece[]
  /** Its last part is a macro-expand, %%, %_ or %- included. */
  readonly endsInMacro: boolean
}

/** Splits a macro-string; says what is wrong where it is none. `explain`: blanks and the letters c, r, t are allowed. */
export function parseMacros(text: string, explain: boolean): MacroString | string {
  const pieces: MacroPiece[] = []
  let literal = ''
  let endsInMacro = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    endsInMacro = code === 0x25
    if (code !== 0x25) {
      if (code < (explain ? 0x20 : 0x21) || code > 0x7e) return 'a character that may not stand there'
      literal += text.charAt(at)
      continue
    }
    const next = text.charAt(++at)
    if (next === '%') literal += '%'
    else if (next === '_') literal += ' '
    else if (next === '-') literal += '%20'
    else if (next === '{') {
      const end = text.indexOf('}', at)
      const expand = end < 0 ? null : parseExpand(text.slice(at + 1, end), explain)
      if (expand === null) return `a bad macro "${text.slice(at - 1, end < 0 ? at + 10 : end + 1)}"`
      if (literal !== '') pieces.push(literal)
      literal = ''
      pieces.push(expand)
      at = end
    } else return `a bad macro "%${next}"`
  }
  if (literal !== '') pieces.push(literal)
  return { pieces, endsInMacro }
}

function parseExpand(body: string, explain: boolean): MacroExpand | null {
  const [, name = '', digits = '', reverse = '', delimiters = ''] = EXPAND.exec(body) ?? []
  const letter = name.toLowerCase()
  if (name === '' || !isLetter(letter, explain)) return null
  // RFC 7208 7.3: the number must not be zero.
  if (/^0+$/.test(digits)) return null
  return {
    letter,
    escape: name !== letter,
    parts: digits === '' ? 0 : Math.min(Number(digits), MAX_PARTS),
    reverse: reverse !== '',
    delimiters: delimiters === '' ? '.' : delimiters,
  }
}

function isLetter(letter: string, explain: boolean): letter is MacroLetter {
  return (explain ? EXPLAIN_LETTERS : DOMAIN_LETTERS).includes(letter)
}

/** Whether any piece is one of these letters. */
export function usesLetter(pieces: readonly MacroPiece[], letters: string): boolean {
  return pieces.some(piece => typeof piece !== 'string' && letters.includes(piece.letter))
}

/** What the letters stand for. */
export interface MacroValues {
  readonly sender: string
  readonly localPart: string
  readonly senderDomain: string
  /** The domain whose record is being evaluated. */
  readonly domain: string
  readonly address: IpAddress
  /** Validated name of the client, or "unknown" (RFC 7208 7.3). */
  readonly clientName: string
  readonly helo: string
  readonly receiver: string
  /** Seconds since 1970. */
  readonly now: number
}

/** The domain that a domain-spec means: no trailing dot, left labels dropped while it is too long for a name. */
export function expandDomain(pieces: readonly MacroPiece[], values: MacroValues): string {
  let name = ''
  // From the right, because only the right side counts: a bomb of macros costs no more than a name.
  for (let at = pieces.length - 1; at >= 0 && name.length <= NAME_LIMIT + 1; at--) {
    const piece = pieces[at] ?? ''
    name = (typeof piece === 'string' ? piece : expandOne(piece, values)) + name
  }
  if (name.endsWith('.')) name = name.slice(0, -1)
  while (name.length > NAME_LIMIT) {
    const dot = name.indexOf('.', name.length - NAME_LIMIT - 1)
    if (dot < 0) return name
    name = name.slice(dot + 1)
  }
  return name
}

export function expandExplanation(pieces: readonly MacroPiece[], values: MacroValues): string {
  let text = ''
  for (const piece of pieces) {
    if (text.length > EXPLANATION_LIMIT) break
    text += typeof piece === 'string' ? piece : expandOne(piece, values)
  }
  return text.slice(0, EXPLANATION_LIMIT)
}

function expandOne(macro: MacroExpand, values: MacroValues): string {
  let value = letterValue(macro.letter, values)
  if (macro.parts !== 0 || macro.reverse || macro.delimiters !== '.') {
    let parts = splitAt(value, macro.delimiters)
    if (macro.reverse) parts.reverse()
    if (macro.parts !== 0) parts = parts.slice(-macro.parts)
    value = parts.join('.')
  }
  return macro.escape ? escapeUrl(value) : value
}

function splitAt(value: string, delimiters: string): string[] {
  if (delimiters === '.') return value.split('.')
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < value.length; at++) {
    if (!delimiters.includes(value.charAt(at))) continue
    parts.push(value.slice(start, at))
    start = at + 1
  }
  parts.push(value.slice(start))
  return parts
}

function letterValue(letter: MacroLetter, values: MacroValues): string {
  switch (letter) {
    case 's':
      return values.sender
    case 'l':
      return values.localPart
    case 'o':
      return values.senderDomain
    case 'd':
      return values.domain
    case 'i':
      return dottedAddress(values.address)
    case 'p':
      return values.clientName
    case 'v':
      return values.address.family === 4 ? 'in-addr' : 'ip6'
    case 'h':
      return values.helo
    case 'c':
      return formatIp(values.address)
    case 'r':
      return values.receiver
    case 't':
      return String(Math.floor(values.now))
  }
}

/** Dotted quad, or 32 nibbles with dots between them, upper case as RFC 7208 7.4 shows them. */
function dottedAddress(address: IpAddress): string {
  if (address.family === 4) return formatIp(address)
  const nibbles = address.words.map(word => word.toString(16).padStart(8, '0')).join('')
  return [...nibbles.toUpperCase()].join('.')
}

/** RFC 3986 2.3: everything but "unreserved" is escaped, octet by octet of UTF-8. */
function escapeUrl(value: string): string {
  if (/^[A-Za-z0-9\-._~]*$/.test(value)) return value
  let text = ''
  for (const octet of Buffer.from(value)) {
    const char = String.fromCharCode(octet)
    text += /[A-Za-z0-9\-._~]/.test(char) ? char : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
