import { fixedLength, isNullable, type PatternNode, type RepeatNode, someNode } from './pattern_ast.ts'
import { type CharSet, complement, onlyChar } from './pattern_charset.ts'

/** A pattern as the source of a JavaScript RegExp without flags. */
export interface EmittedPattern {
  readonly source: string
  /** Has ^, $ or \Z, which JavaScript takes the same only while the subject has no line feed. */
  readonly needsOneLine: boolean
}

/**
 * JavaScript source for a pattern of plain regular expressions; null for one with look-around, back-references, atomic
 * groups or conditions.
 */
export function emitPattern(root: PatternNode, maxChar: number): EmittedPattern | null {
  if (someNode(root, isBeyondRegular)) return null
  const emitter = new Emitter(maxChar)
  const source = emitter.emit(root)
  if (source.length > MAX_SOURCE) return null
  return { source, needsOneLine: someNode(root, isLineAssertion) }
}

/** Larger sources take long to compile and more to run than the matcher of our own. */
const MAX_SOURCE = 60_000

function isBeyondRegular(node: PatternNode): boolean {
  switch (node.kind) {
    case 'look':
    case 'atomic':
    case 'back':
    case 'if_group':
      return true
    case 'repeat':
      return node.mode === 'possessive'
    case 'assert':
      return node.what === 'word_start' || node.what === 'word_end'
    case 'set':
    case 'sequence':
    case 'choice':
    case 'group':
    case 'fail':
      return false
  }
}

function isLineAssertion(node: PatternNode): boolean {
  if (node.kind !== 'assert') return false
  return ['line_start', 'posix_line_start', 'line_end', 'end_or_newline'].includes(node.what)
}

/** Whether JavaScript, which forgets the groups of earlier rounds of a loop, finds other groups than Perl and glibc. */
export function loopsForgetGroups(root: PatternNode): boolean {
  return someNode(root, node => {
    if (node.kind !== 'repeat' || node.max <= 1) return false
    if (isNullable(node.body)) return true
    const inner = node.body.kind === 'group' ? node.body.body : node.body
    return someNode(inner, below => below.kind === 'group')
  })
}

const ASSERTIONS: Readonly<Record<string, string>> = {
  start: '^',
  line_start: '^',
  posix_line_start: '^',
  end: '$',
  line_end: '$',
  end_or_newline: '$',
  word_boundary: '\\b',
  not_word_boundary: '\\B',
}

class Emitter {
  readonly #maxChar: number
  #length = 0

  constructor(maxChar: number) {
    this.#maxChar = maxChar
  }

  emit(node: PatternNode): string {
    if (this.#length > MAX_SOURCE) return ''
    const text = this.#node(node)
    this.#length += text.length
    return text
  }

  #node(node: PatternNode): string {
    switch (node.kind) {
      case 'set':
        return emitSet(node.set, this.#maxChar)
      case 'sequence':
        return node.items.map(item => (item.kind === 'choice' ? `(?:${this.emit(item)})` : this.emit(item))).join('')
      case 'choice':
        return node.items.map(item => this.emit(item)).join('|')
      case 'group':
        return `(${this.emit(node.body)})`
      case 'repeat':
        return this.#repeat(node)
      case 'assert':
        return ASSERTIONS[node.what] ?? ''
      case 'fail':
        return '[]'
      case 'look':
      case 'atomic':
      case 'back':
      case 'if_group':
        return ''
    }
  }

  #repeat(node: RepeatNode): string {
    const body = this.emit(node.body)
    const atom = isAtom(node.body) ? body : `(?:${body})`
    const lazy = node.mode === 'lazy' ? '?' : ''
    if (node.max === 0) return '(?:)'
    return `${atom}${countSuffix(node)}${lazy}`
  }
}

function isAtom(node: PatternNode): boolean {
  return node.kind === 'set' || node.kind === 'group'
}

function countSuffix({ min, max }: RepeatNode): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  return min === max ? `{${min}}` : `{${min},${max}}`
}

/** One character, a class, or its complement when that is shorter. */
export function emitSet(set: CharSet, maxChar: number): string {
  const code = onlyChar(set)
  if (code >= 0) return emitChar(code)
  const positive = emitRanges(set)
  if (positive === '') return '[]'
  const negative = emitRanges(complement(set, maxChar))
  return negative.length < positive.length ? `[^${negative}]` : `[${positive}]`
}

function emitRanges(set: CharSet): string {
  return set.ranges
    .map(([first, last]) => {
      if (first === last) return emitChar(first)
      return last === first + 1 ? emitChar(first) + emitChar(last) : `${emitChar(first)}-${emitChar(last)}`
    })
    .join('')
}

function emitChar(code: number): string {
  const char = String.fromCharCode(code)
  if (/[A-Za-z0-9_@ ]/.test(char)) return char
  return code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`
}

/** Whether a match can be had only at the very start, so that other places need not be tried. */
export function startsAtStart(root: PatternNode, maxChar: number): boolean {
  // PCRE: a leading ".*" that takes everything need not be tried again further on, but for back-references to it.
  const leadingStar = !someNode(root, node => node.kind === 'back')
  return beginsAtStart(root, { maxChar, leadingStar })
}

function beginsAtStart(node: PatternNode, how: { maxChar: number; leadingStar: boolean }): boolean {
  switch (node.kind) {
    case 'assert':
      return node.what === 'start'
    case 'sequence': {
      const first = node.items.find(item => fixedLength(item) !== 0 || isStart(item))
      return first !== undefined && beginsAtStart(first, how)
    }
    case 'choice':
      return node.items.every(item => beginsAtStart(item, how))
    case 'group':
      return beginsAtStart(node.body, how)
    case 'atomic':
      return beginsAtStart(node.body, { ...how, leadingStar: false })
    case 'repeat':
      if (node.min > 0) return beginsAtStart(node.body, how)
      return how.leadingStar && node.mode !== 'possessive' && takesEverything(node, how.maxChar)
    case 'set':
    case 'look':
    case 'back':
    case 'if_group':
    case 'fail':
      return false
  }
}

function takesEverything({ body, max }: RepeatNode, maxChar: number): boolean {
  const [range] = body.kind === 'set' ? body.set.ranges : []
  return max === Number.POSITIVE_INFINITY && range !== undefined && range[0] === 0 && range[1] === maxChar
}

function isStart(node: PatternNode): boolean {
  return node.kind === 'assert' && node.what === 'start'
}
