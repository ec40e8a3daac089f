import type { Assertion } from './pattern_ast.ts'
import {
  type CharSet,
  complement,
  DIGITS,
  HORIZONTAL_SPACES,
  NEWLINE,
  SPACES,
  unicodeProperty,
  VERTICAL_SPACES,
  WORD_CHARS,
} from './pattern_charset.ts'
import type { Scanner } from './pattern_scanner.ts'

export type Escape =
  | { readonly kind: 'char'; readonly code: number }
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'back'; readonly number: number }
  | { readonly kind: 'back_name'; readonly name: string }
  /** \R: any line ending, not given back. */
  | { readonly kind: 'line_ending' }
  /** \K, \E: nothing to match. */
  | { readonly kind: 'nothing'; readonly letter: string }
  | { readonly kind: 'quote' }

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9 }
const NAME = /[A-Za-z_][A-Za-z0-9_]*/

/** Sets of \d \D \s \S \w \W \h \H \v \V, for bytes (C locale) or, in Python, text. */
export function classEscape(letter: string, scanner: Scanner): CharSet | null {
  const set = positiveClass(letter.toLowerCase(), scanner)
  if (set === null) return null
  return letter === letter.toLowerCase() ? set : complement(set, scanner.maxChar)
}

function positiveClass(letter: string, scanner: Scanner): CharSet | null {
  const unicode = scanner.maxChar > 0xff
  switch (letter) {
    case 'd':
      return unicode ? unicodeClass('d') : DIGITS
    case 'w':
      return unicode ? unicodeClass('w') : WORD_CHARS
    case 's':
      return unicode ? unicodeClass('s') : SPACES
    case 'h':
      return scanner.syntax === 'pcre' ? HORIZONTAL_SPACES : null
    case 'v':
      return scanner.syntax === 'pcre' ? VERTICAL_SPACES : null
    default:
      return null
  }
}

const unicodeSets = new Map<string, CharSet>()

/** Python's idea of \d, \w and \s in text. */
export function unicodeClass(letter: 'd' | 'w' | 's'): CharSet {
  let set = unicodeSets.get(letter)
  if (set === undefined) {
    const nothing: CharSet = { ranges: [] }
    const property = (name: string) => unicodeProperty(name, 0xffff) ?? nothing
    const sets = {
      d: () => property('Nd'),
      w: () => ({ ranges: [...property('L').ranges, ...property('N').ranges, [0x5f, 0x5f] as const] }),
      s: () => ({ ranges: [...property('White_Space').ranges, [0x1c, 0x1f] as const] }),
    }
    set = { ranges: sortedRanges(sets[letter]().ranges) }
    unicodeSets.set(letter, set)
  }
  return set
}

function sortedRanges(ranges: CharSet['ranges']): CharSet['ranges'] {
  return ranges.toSorted((a, b) => a[0] - b[0])
}

/** What follows a backslash, which has been taken. `inClass`: between brackets. */
export function readEscape(scanner: Scanner, inClass: boolean): Escape {
  const start = scanner.at
  if (scanner.atEnd) {
    scanner.fail(scanner.syntax === 'pcre' ? '\\ at end of pattern' : 'bad escape (end of pattern)')
  }
  const char = scanner.next()
  if (/[^A-Za-z0-9]/.test(char)) return { kind: 'char', code: char.charCodeAt(0) }
  if (/[0-9]/.test(char)) return readNumber(scanner, inClass)
  const set = classEscape(char, scanner)
  if (set !== null) return { kind: 'set', set }
  const control = CONTROL[char]
  if (control !== undefined) return { kind: 'char', code: control }
  if (char === 'x') return readHex(scanner)
  if (char === 'b' && inClass) return { kind: 'char', code: 8 }
  const special =
    scanner.syntax === 'pcre' ? readPcreLetter(char, scanner, inClass) : readPythonLetter(char, scanner, inClass)
  return special ?? unknownEscape(char, scanner, start)
}

function unknownEscape(char: string, scanner: Scanner, start: number): never {
  if (scanner.syntax === 'python') return scanner.fail(`bad escape \\${char}`, start)
  if (/[LlNUuF]/.test(char)) {
    return scanner.fail('PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u', start + 1)
  }
  return scanner.fail('unrecognized character follows \\', start)
}

function readPythonLetter(char: string, scanner: Scanner, inClass: boolean): Escape | null {
  if (char === 'v') return { kind: 'char', code: 11 }
  if (char === 'u') {
    const hex = scanner.takeMatch(/[0-9a-fA-F]{4}/y)
    return hex === null ? scanner.fail('incomplete escape \\u') : { kind: 'char', code: Number.parseInt(hex[0], 16) }
  }
  if (inClass) return null
  const assertions: Readonly<Record<string, Assertion>> = {
    b: 'word_boundary',
    B: 'not_word_boundary',
    A: 'start',
    Z: 'end',
  }
  const what = assertions[char]
  return what === undefined ? null : { kind: 'assert', what }
}

const PCRE_ASSERTIONS: Readonly<Record<string, Assertion>> = {
  b: 'word_boundary',
  B: 'not_word_boundary',
  A: 'start',
  // The search starts at the start of the subject.
  G: 'start',
  Z: 'end_or_newline',
  z: 'end',
}

function readPcreLetter(char: string, scanner: Scanner, inClass: boolean): Escape | null {
  switch (char) {
    case 'e':
      return { kind: 'char', code: 27 }
    case 'c':
      return readControl(scanner)
    case 'o':
      return readOctalBraces(scanner)
    case 'p':
    case 'P':
      return readProperty(char === 'P', scanner)
    case 'Q':
      return { kind: 'quote' }
    case 'E':
      return { kind: 'nothing', letter: 'E' }
    case 'N':
      if (scanner.peek() === '{' && !/^\{\d+(?:,\d*)?\}/.test(scanner.text.slice(scanner.at))) {
        if (!scanner.text.startsWith('{U+', scanner.at)) return unknownEscape('N', scanner, scanner.at - 1)
        return scanner.fail('\\N{U+dddd} is supported only in Unicode (UTF) mode')
      }
      return inClass
        ? scanner.fail('\\N is not supported in a class')
        : { kind: 'set', set: complement(NEWLINE, scanner.maxChar) }
  }
  if (inClass) return /[BRX]/.test(char) ? scanner.fail('escape sequence is invalid in character class') : null
  const what = PCRE_ASSERTIONS[char]
  if (what !== undefined) return { kind: 'assert', what }
  switch (char) {
    case 'R':
      return { kind: 'line_ending' }
    case 'K':
      return { kind: 'nothing', letter: 'K' }
    case 'C':
    case 'X':
      // Bytes: a grapheme and a code unit are one byte, but for CR LF, which is one grapheme.
      return char === 'X' ? { kind: 'line_ending' } : { kind: 'set', set: { ranges: [[0, scanner.maxChar]] } }
    case 'g':
      return readG(scanner)
    case 'k':
      return readK(scanner)
    default:
      return null
  }
}

function readControl(scanner: Scanner): Escape {
  if (scanner.atEnd) return scanner.fail('\\c at end of pattern')
  const code = scanner.next().toUpperCase().charCodeAt(0)
  if (code < 0x20 || code > 0x7e) return scanner.fail('\\c must be followed by a printable ASCII character')
  return { kind: 'char', code: code ^ 0x40 }
}

function readHex(scanner: Scanner): Escape {
  if (scanner.syntax === 'python') {
    const two = scanner.takeMatch(/[0-9a-fA-F]{2}/y)
    return two === null ? scanner.fail('incomplete escape \\x') : { kind: 'char', code: Number.parseInt(two[0], 16) }
  }
  const braces = scanner.takeMatch(/\{([0-9a-fA-F]+)\}/y)
  if (braces !== null) return { kind: 'char', code: checkedCode(Number.parseInt(braces[1] ?? '', 16), scanner) }
  const digits = scanner.takeMatch(/[0-9a-fA-F]{0,2}/y)?.[0] ?? ''
  return { kind: 'char', code: digits === '' ? 0 : Number.parseInt(digits, 16) }
}

function readOctalBraces(scanner: Scanner): Escape {
  const braces = scanner.takeMatch(/\{([0-7]+)\}/y)
  if (braces === null) return scanner.fail('missing opening brace after \\o')
  return { kind: 'char', code: checkedCode(Number.parseInt(braces[1] ?? '', 8), scanner) }
}

function checkedCode(code: number, scanner: Scanner): number {
  if (code > scanner.maxChar) scanner.fail('character code point value in \\x{} or \\o{} is too large')
  return code
}

function readProperty(negated: boolean, scanner: Scanner): Escape {
  const match = scanner.takeMatch(/\{(\^?)([A-Za-z_&]+)\}|([A-Z])/y)
  const name = match?.[2] ?? match?.[3]
  if (match === null || name === undefined) return scanner.fail('malformed \\P or \\p sequence')
  const set = propertySet(name, scanner.maxChar)
  if (set === null) return scanner.fail('unknown property after \\P or \\p')
  return { kind: 'set', set: negated !== (match[1] === '^') ? complement(set, scanner.maxChar) : set }
}

function propertySet(name: string, max: number): CharSet | null {
  if (name === 'Any') return { ranges: [[0, max]] }
  if (name === 'L&') return unicodeProperty('LC', max)
  return unicodeProperty(name, max) ?? unicodeProperty(`Script_Extensions=${name}`, max)
}

/** \0.. octal, \1 to \9 and more: back-reference or octal. */
function readNumber(scanner: Scanner, inClass: boolean): Escape {
  const start = scanner.at - 1
  const octal = (pattern: RegExp): Escape => {
    scanner.at = start
    const digits = scanner.takeMatch(pattern)?.[0] ?? ''
    const code = Number.parseInt(digits, 8)
    if (code > 0xff) scanner.fail('octal value is greater than \\377 in 8-bit non-UTF-8 mode')
    return { kind: 'char', code }
  }
  const first = scanner.text.charAt(start)
  if (first === '0' || (inClass && first < '8')) return octal(/[0-7]{1,3}/y)
  if (inClass)
    return scanner.syntax === 'pcre'
      ? { kind: 'char', code: first.charCodeAt(0) }
      : scanner.fail(`bad escape \\${first}`)
  scanner.at = start
  if (scanner.syntax === 'python') {
    if (/^[0-3][0-7][0-7]/.test(scanner.text.slice(start))) return octal(/[0-7]{3}/y)
    return { kind: 'back', number: Number(scanner.takeMatch(/[0-9]{1,2}/y)?.[0]) }
  }
  const number = Number(scanner.takeMatch(/[0-9]+/y)?.[0])
  // PCRE2: a number of two digits is a back-reference only when so many groups were opened before.
  if (number < 10 || first >= '8' || number <= scanner.groupCount) return { kind: 'back', number }
  return octal(/[0-7]{1,3}/y)
}

function readG(scanner: Scanner): Escape {
  const start = scanner.at
  const match = scanner.takeMatch(/\{([+-]?[0-9]+)\}|([+-]?[0-9]+)/y)
  const digits = match?.[1] ?? match?.[2]
  if (digits !== undefined) {
    const number = Number(digits)
    if (digits.startsWith('-')) return { kind: 'back', number: scanner.groupCount + 1 + number }
    return { kind: 'back', number: digits.startsWith('+') ? scanner.groupCount + number : number }
  }
  const named = scanner.takeMatch(new RegExp(`\\{(${NAME.source})\\}`, 'y'))
  if (named?.[1] !== undefined) return { kind: 'back_name', name: named[1] }
  if (/[<']/.test(scanner.peek())) {
    return scanner.refuse('a subroutine call', 'write the group out again', start)
  }
  return scanner.fail('a numbered reference must not be zero', start)
}

function readK(scanner: Scanner): Escape {
  const match = scanner.takeMatch(new RegExp(`\\{(${NAME.source})\\}|<(${NAME.source})>|'(${NAME.source})'`, 'y'))
  const name = match?.[1] ?? match?.[2] ?? match?.[3]
  if (name === undefined) {
    return scanner.fail('\\k is not followed by a braced, angle-bracketed, or quoted name')
  }
  return { kind: 'back_name', name }
}
