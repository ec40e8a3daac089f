import { addOtherCase, type CharSet, charSet, complement, POSIX_CLASSES, singleChar, unite } from './pattern_charset.ts'
import { readEscape } from './pattern_escape.ts'
import type { Scanner } from './pattern_scanner.ts'

/** One item of a bracketed class: a character that may begin a range, or a set that may not. */
type ClassItem =
  | { readonly kind: 'char'; readonly code: number }
  | { readonly kind: 'set'; readonly set: CharSet }
  | null

/** A class, whose "[" has been taken. PCRE and Python. */
export function readClass(scanner: Scanner): CharSet {
  const negated = scanner.take('^')
  const sets: CharSet[] = []
  for (let first = true; ; first = false) {
    if (scanner.atEnd) scanner.fail('missing terminating ] for character class', scanner.text.length)
    if (!first && !scanner.quoting && scanner.peek() === ']') break
    const item = readItem(scanner)
    if (item === null) {
      // \E or an ignored blank does not make the next "]" an ordinary one.
      if (first && scanner.peek() === ']' && !scanner.quoting) {
        sets.push(singleChar(scanner.next().charCodeAt(0)))
      }
      continue
    }
    if (item.kind === 'set') {
      rejectRangeAfterSet(scanner)
      sets.push(item.set)
    } else {
      sets.push(readRange(scanner, item.code))
    }
  }
  scanner.next()
  let set = unite(...sets)
  if (scanner.flags.ignoreCase) set = addOtherCase(set, scanner.maxChar > 0xff)
  return negated ? complement(set, scanner.maxChar) : set
}

/** PCRE2: `[\d-z]` is an error, `[\d-]` is not. */
function rejectRangeAfterSet(scanner: Scanner): void {
  if (scanner.quoting || scanner.peek() !== '-') return
  const after = scanner.peek(1)
  if (after === ']' || after === '') return
  scanner.fail(
    scanner.syntax === 'pcre' ? 'invalid range in character class' : 'bad character range',
    scanner.syntax === 'pcre' ? scanner.at + 1 : scanner.at,
  )
}

function readRange(scanner: Scanner, first: number): CharSet {
  if (scanner.quoting || scanner.peek() !== '-' || scanner.peek(1) === ']' || scanner.peek(1) === '') {
    return singleChar(first)
  }
  scanner.next()
  let last = readItem(scanner)
  while (last === null) {
    if (scanner.peek() === ']' && !scanner.quoting) return unite(singleChar(first), singleChar(0x2d))
    last = readItem(scanner)
  }
  if (last.kind === 'set') return scanner.fail('invalid range in character class')
  if (last.code < first) {
    scanner.fail(
      scanner.syntax === 'pcre' ? 'range out of order in character class' : 'bad character range',
      scanner.at - 1,
    )
  }
  return charSet([[first, last.code]])
}

/** Null: something that stands for nothing (\E, a blank under xx). */
function readItem(scanner: Scanner): ClassItem {
  if (scanner.quoting) {
    if (scanner.take('\\E')) {
      scanner.quoting = false
      return null
    }
    return { kind: 'char', code: scanner.next().charCodeAt(0) }
  }
  if (scanner.syntax === 'pcre' && scanner.peek() === '[') {
    const named = readPosixClass(scanner)
    if (named !== null) return { kind: 'set', set: named }
  }
  const char = scanner.next()
  if (scanner.flags.extendedMore && (char === ' ' || char === '\t')) return null
  if (char !== '\\') return { kind: 'char', code: char.charCodeAt(0) }
  const escaped = readEscape(scanner, true)
  switch (escaped.kind) {
    case 'char':
      return escaped
    case 'set':
      return escaped
    case 'quote':
      scanner.quoting = true
      return null
    case 'nothing':
      return null
    case 'assert':
    case 'back':
    case 'back_name':
    case 'line_ending':
      return scanner.fail('escape sequence is invalid in character class')
  }
}

/** `[:alpha:]`, `[:^alpha:]`; PCRE's `[:word:]` and `[:ascii:]`. */
function readPosixClass(scanner: Scanner): CharSet | null {
  const rest = scanner.text.slice(scanner.at)
  if (/^\[([.=])[^\]]*?\1\]/.test(rest)) scanner.fail('POSIX collating elements are not supported')
  const match = /^\[:(\^?)([^:\]\\[]*):\]/.exec(rest)
  if (match === null) return null
  const [all, negated, name = ''] = match
  const set =
    name === 'word'
      ? unite(alnum(), singleChar(0x5f))
      : name === 'ascii'
        ? charSet([[0, 0x7f]])
        : POSIX_CLASSES.get(name)
  if (set === undefined) return scanner.fail('unknown POSIX class name', scanner.at + 2)
  scanner.at += all.length
  return negated === '' ? set : complement(set, scanner.maxChar)
}

function alnum(): CharSet {
  return POSIX_CLASSES.get('alnum') ?? { ranges: [] }
}
