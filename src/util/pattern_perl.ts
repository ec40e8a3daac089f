import {
  choice,
  EMPTY,
  fixedLength,
  type ParsedPattern,
  type PatternNode,
  type RepeatNode,
  sequence,
} from './pattern_ast.ts'
import {
  addOtherCase,
  charsOf,
  complement,
  NEWLINE,
  singleChar,
  VERTICAL_SPACES,
  WORD_CHARS,
} from './pattern_charset.ts'
import { readClass } from './pattern_class.ts'
import { readEscape, unicodeClass } from './pattern_escape.ts'
import { readGroup } from './pattern_group.ts'
import { type PatternFlags, type PerlSyntax, Scanner } from './pattern_scanner.ts'

export interface PerlOptions {
  readonly syntax: PerlSyntax
  readonly flags: PatternFlags
  readonly anchored: boolean
  readonly maxChar: number
}

/** PCRE2's limit on counts; Python's is larger than anything useful. */
const MAX_REPEAT = 65535

/** Parses a PCRE or Python pattern. Throws PatternError in PCRE2's words. */
export function parsePerlPattern(text: string, options: PerlOptions): ParsedPattern {
  const scanner = new Scanner(text, { ...options, flags: { ...options.flags }, readChoice })
  if (scanner.syntax === 'pcre' && /^\(\*[A-Z][A-Z0-9_]*(=\d+)?\)/.test(text) && !/^\(\*(F|FAIL|ACCEPT)\)/.test(text)) {
    scanner.refuse('an option at the start of the pattern, (*…)', 'leave it out')
  }
  const root = readChoice(scanner)
  if (!scanner.atEnd) scanner.fail('unmatched closing parenthesis')
  scanner.resolveReferences()
  checkLookBehinds(root, scanner)
  return {
    root,
    groupCount: scanner.groupCount,
    names: scanner.names,
    anchored: options.anchored,
    maxChar: scanner.maxChar,
    wordChars: scanner.maxChar > 0xff ? unicodeClass('w') : WORD_CHARS,
  }
}

/** Alternatives up to ")" or the end. Options set inside hold for the rest of them. */
function readChoice(scanner: Scanner, branchReset = false): PatternNode {
  const first = scanner.groupCount
  let highest = first
  const items: PatternNode[] = []
  do {
    if (branchReset) scanner.groupCount = first
    items.push(readSequence(scanner))
    highest = Math.max(highest, scanner.groupCount)
  } while (!scanner.quoting && scanner.take('|'))
  scanner.groupCount = highest
  return choice(items)
}

function readSequence(scanner: Scanner): PatternNode {
  const items: PatternNode[] = []
  /** Whether a quantifier may follow the last item. */
  let repeatable = false
  while (!scanner.atEnd) {
    if (!scanner.quoting) {
      if (scanner.peek() === '|' || scanner.peek() === ')') break
      if (skipIgnored(scanner)) continue
      const count = readCount(scanner)
      if (count !== null) {
        const last = items.pop()
        if (!repeatable || last === undefined) {
          return scanner.fail(
            scanner.syntax === 'pcre' ? 'quantifier does not follow a repeatable item' : 'nothing to repeat',
            scanner.at - 1,
          )
        }
        items.push(readRepeat(scanner, last, count))
        repeatable = false
        continue
      }
    }
    const isGroup = !scanner.quoting && scanner.peek() === '('
    const atom = readAtom(scanner)
    if (atom === null) continue
    items.push(atom)
    repeatable = isGroup || (atom.kind !== 'assert' && atom !== EMPTY)
  }
  return sequence(items)
}

/** White space and comments of an extended pattern; \E without \Q. */
function skipIgnored(scanner: Scanner): boolean {
  if (scanner.flags.extended) {
    if (scanner.takeMatch(/[ \t\n\v\f\r]+/y) !== null) return true
    if (scanner.takeMatch(/#[^\n]*(?:\n|$)/y) !== null) return true
  }
  return scanner.syntax === 'pcre' && scanner.take('\\E')
}

interface Count {
  readonly min: number
  readonly max: number
}

function readCount(scanner: Scanner): Count | null {
  if (scanner.take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
  if (scanner.take('+')) return { min: 1, max: Number.POSITIVE_INFINITY }
  if (scanner.take('?')) return { min: 0, max: 1 }
  if (scanner.peek() !== '{') return null
  // PCRE2 before 10.43 takes {,n} as text; Python as {0,n}.
  const braces = scanner.syntax === 'pcre' ? /\{(\d+)(,?)(\d*)\}/y : /\{(\d*)(,?)(\d*)\}/y
  const start = scanner.at
  const match = scanner.takeMatch(braces)
  if (match === null) return null
  const [all, low = '', comma, high = ''] = match
  if (all === '{}' || (low === '' && comma === '')) {
    scanner.at = start
    return null
  }
  const min = low === '' ? 0 : Number(low)
  const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high)
  if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY)) {
    scanner.fail('number too big in {} quantifier', start + 1)
  }
  if (max < min) {
    scanner.fail(
      scanner.syntax === 'pcre' ? 'numbers out of order in {} quantifier' : 'min repeat greater than max repeat',
      scanner.at - 1,
    )
  }
  return { min, max }
}

function readRepeat(scanner: Scanner, body: PatternNode, count: Count): PatternNode {
  let mode: RepeatNode['mode'] = scanner.flags.ungreedy ? 'lazy' : 'greedy'
  if (scanner.take('?')) mode = scanner.flags.ungreedy ? 'greedy' : 'lazy'
  else if (scanner.take('+')) mode = 'possessive'
  // PCRE2: an assertion is matched once at most, however often it is asked for.
  if (body.kind === 'look' && scanner.syntax === 'pcre') {
    return count.min > 0 ? body : { kind: 'repeat', body, min: 0, max: 1, mode }
  }
  return { kind: 'repeat', body, min: count.min, max: count.max, mode }
}

/** One item; null: it stands for nothing and takes no quantifier's place. */
function readAtom(scanner: Scanner): PatternNode | null {
  if (scanner.quoting) {
    if (scanner.take('\\E')) {
      scanner.quoting = false
      return null
    }
    return literal(scanner, scanner.next().charCodeAt(0))
  }
  const char = scanner.next()
  const { multiline, dotAll, dollarEndOnly } = scanner.flags
  switch (char) {
    case '^':
      return {
        kind: 'assert',
        what: multiline ? (scanner.syntax === 'pcre' ? 'line_start' : 'posix_line_start') : 'start',
      }
    case '$':
      return { kind: 'assert', what: multiline ? 'line_end' : dollarEndOnly ? 'end' : 'end_or_newline' }
    case '.':
      return { kind: 'set', set: dotAll ? { ranges: [[0, scanner.maxChar]] } : complement(NEWLINE, scanner.maxChar) }
    case '[':
      return readBracket(scanner)
    case '(':
      return readGroup(scanner)
    case '\\':
      return readBackslash(scanner)
    default:
      return literal(scanner, char.charCodeAt(0))
  }
}

function readBracket(scanner: Scanner): PatternNode {
  if (scanner.syntax === 'pcre') {
    if (scanner.take('[:<:]]')) return { kind: 'assert', what: 'word_start' }
    if (scanner.take('[:>:]]')) return { kind: 'assert', what: 'word_end' }
  }
  return { kind: 'set', set: readClass(scanner) }
}

function literal(scanner: Scanner, code: number): PatternNode {
  const set = singleChar(code)
  return { kind: 'set', set: scanner.flags.ignoreCase ? addOtherCase(set, scanner.maxChar > 0xff) : set }
}

function readBackslash(scanner: Scanner): PatternNode | null {
  const start = scanner.at
  const escaped = readEscape(scanner, false)
  switch (escaped.kind) {
    case 'char':
      return literal(scanner, escaped.code)
    case 'set':
      return escaped
    case 'assert':
      return escaped
    case 'back':
      return scanner.backReference({ number: escaped.number }, start)
    case 'back_name':
      return scanner.backReference({ name: escaped.name }, start)
    case 'line_ending':
      return LINE_ENDING
    case 'quote':
      scanner.quoting = true
      return null
    case 'nothing':
      return escaped.letter === 'E' ? null : EMPTY
  }
}

/** PCRE's \R. */
const LINE_ENDING: PatternNode = {
  kind: 'atomic',
  body: choice([
    sequence([
      { kind: 'set', set: charsOf('\r') },
      { kind: 'set', set: charsOf('\n') },
    ]),
    { kind: 'set', set: VERTICAL_SPACES },
  ]),
}

/** A look-behind steps back by the length of what it looks for. */
function checkLookBehinds(node: PatternNode, scanner: Scanner): void {
  if (node.kind === 'look' && !node.ahead) {
    const branches = node.body.kind === 'choice' && scanner.syntax === 'pcre' ? node.body.items : [node.body]
    if (branches.some(branch => fixedLength(branch) === null)) {
      scanner.fail(
        scanner.syntax === 'pcre'
          ? 'lookbehind assertion is not fixed length'
          : 'look-behind requires fixed-width pattern',
        0,
      )
    }
  }
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      for (const item of node.items) checkLookBehinds(item, scanner)
      break
    case 'repeat':
    case 'group':
    case 'look':
    case 'atomic':
      checkLookBehinds(node.body, scanner)
      break
    case 'if_group':
      checkLookBehinds(node.yes, scanner)
      checkLookBehinds(node.no, scanner)
      break
    case 'set':
    case 'assert':
    case 'back':
    case 'fail':
      break
  }
}
