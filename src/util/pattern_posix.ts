import { choice, EMPTY, type ParsedPattern, PatternError, type PatternNode, sequence } from './pattern_ast.ts'
import {
  addOtherCase,
  type CharSet,
  complement,
  NEWLINE,
  SPACES,
  singleChar,
  unite,
  WORD_CHARS,
} from './pattern_charset.ts'
import { readPosixBracket } from './pattern_posix_bracket.ts'

export interface PosixOptions {
  /** Extended (regex(7)) or basic expressions. */
  readonly extended: boolean
  readonly ignoreCase: boolean
  /** REG_NEWLINE: lines count for ^ and $, and "." and [^…] do not match a line feed. */
  readonly newline: boolean
}

/** glibc: RE_DUP_MAX */
const MAX_REPEAT = 32767
const MAX_DEPTH = 250

type TokenKind =
  | 'char'
  | 'any'
  | 'bracket'
  | 'open'
  | 'close'
  | 'or'
  | 'star'
  | 'plus'
  | 'question'
  | 'interval'
  | 'back'
  | 'anchor'
  | 'class'
  | 'end'

interface Token {
  readonly kind: TokenKind
  /** The character, without its backslash. */
  readonly char: string
  readonly length: number
  readonly escaped: boolean
}

/** Parses a regex(7) pattern with GNU's extensions, in the C locale, as glibc's regcomp(3) does. Throws PatternError. */
export function parsePosixPattern(text: string, options: PosixOptions): ParsedPattern {
  const parser = new PosixParser(text, options)
  const root = parser.parse()
  return {
    root,
    groupCount: parser.groupCount,
    names: new Map(),
    anchored: false,
    maxChar: 0xff,
    wordChars: WORD_CHARS,
  }
}

class PosixParser {
  readonly #text: string
  readonly #options: PosixOptions
  #at = 0
  #depth = 0
  /** Groups that are closed: what back-references may name. */
  #complete: ReadonlySet<number> = new Set()
  groupCount = 0

  constructor(text: string, options: PosixOptions) {
    this.#text = text
    this.#options = options
  }

  parse(): PatternNode {
    const root = this.#choice()
    if (this.#at < this.#text.length) this.#fail('Unmatched ) or \\)')
    return root
  }

  #choice(): PatternNode {
    // A branch cannot refer to groups of the branches beside it.
    const before = this.#complete
    const items = [this.#branch()]
    let after = this.#complete
    while (this.#token().kind === 'or') {
      this.#take(this.#token())
      this.#complete = before
      items.push(this.#branch())
      after = new Set([...after, ...this.#complete])
    }
    this.#complete = after
    return choice(items)
  }

  #branch(): PatternNode {
    const start = this.#at
    const items: PatternNode[] = []
    for (;;) {
      const token = this.#token(this.#at === start)
      if (token.kind === 'end' || token.kind === 'or') break
      // RE_UNMATCHED_RIGHT_PAREN_ORD: a ")" without "(" is itself, in extended syntax.
      if (token.kind === 'close' && (this.#depth > 0 || !this.#options.extended)) break
      items.push(this.#expression(token, this.#at === start))
    }
    return sequence(items)
  }

  #expression(token: Token, first: boolean): PatternNode {
    this.#take(token)
    switch (token.kind) {
      case 'open':
        return this.#repeated(this.#group())
      case 'bracket':
        return this.#repeated({ kind: 'set', set: this.#bracket() })
      case 'any':
        return this.#repeated({ kind: 'set', set: this.#dot() })
      case 'class':
        return this.#repeated({ kind: 'set', set: gnuClass(token.char) })
      case 'back':
        return this.#repeated(this.#back(Number(token.char)))
      case 'anchor':
        // glibc: no repetition of an anchor; "^*" is an error or, in basic syntax, a star.
        return this.#anchor(token)
      case 'star':
      case 'plus':
      case 'question':
      case 'interval':
        if (this.#options.extended || token.kind === 'interval') this.#fail('Invalid preceding regular expression')
        return this.#repeated(this.#literal(token.char))
      case 'char':
      case 'close':
        return this.#repeated(this.#literal(token.char))
      case 'or':
      case 'end':
        return first ? EMPTY : this.#fail('Invalid regular expression')
    }
  }

  #group(): PatternNode {
    if (++this.#depth > MAX_DEPTH) this.#fail('Regular expression too big')
    const index = ++this.groupCount
    const body = this.#choice()
    const close = this.#token()
    if (close.kind !== 'close') this.#fail('Unmatched ( or \\(')
    this.#take(close)
    this.#depth--
    this.#complete = new Set([...this.#complete, index])
    return { kind: 'group', index, body }
  }

  #back(number: number): PatternNode {
    if (!this.#complete.has(number)) this.#fail('Invalid back reference')
    return { kind: 'back', groups: [number], ignoreCase: this.#options.ignoreCase }
  }

  #repeated(item: PatternNode): PatternNode {
    let node = item
    for (;;) {
      const token = this.#token()
      let count: { min: number; max: number } | null = null
      if (token.kind === 'star') count = { min: 0, max: Number.POSITIVE_INFINITY }
      else if (token.kind === 'plus') count = { min: 1, max: Number.POSITIVE_INFINITY }
      else if (token.kind === 'question') count = { min: 0, max: 1 }
      if (count !== null) this.#take(token)
      else if (token.kind === 'interval') count = this.#interval(token)
      else return node
      node = { kind: 'repeat', body: node, min: count.min, max: count.max, mode: 'greedy' }
      // glibc: basic syntax takes no count after a count.
      const again = this.#token().kind
      if (!this.#options.extended && (again === 'star' || again === 'interval')) {
        this.#fail('Invalid preceding regular expression')
      }
    }
  }

  #interval(token: Token): { min: number; max: number } {
    this.#take(token)
    const close = this.#options.extended ? '\\}' : '\\\\\\}'
    const match = new RegExp(`^(\\d*)(,?)(\\d*)${close}`).exec(this.#text.slice(this.#at))
    if (match === null) return this.#fail(intervalProblem(this.#text.slice(this.#at), this.#options.extended))
    const [all, low = '', comma = '', high = ''] = match
    if (low === '' && comma === '') return this.#fail('Invalid content of \\{\\}')
    const min = Number(low)
    const max = comma === '' ? min : high === '' ? Number.POSITIVE_INFINITY : Number(high)
    if (max < min) this.#fail('Invalid content of \\{\\}')
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Number.POSITIVE_INFINITY))
      this.#fail('Regular expression too big')
    this.#at += all.length
    return { min, max }
  }

  #anchor(token: Token): PatternNode {
    const { newline } = this.#options
    if (!token.escaped) {
      if (token.char === '^') return { kind: 'assert', what: newline ? 'posix_line_start' : 'start' }
      return { kind: 'assert', what: newline ? 'line_end' : 'end' }
    }
    const what = GNU_ANCHORS[token.char]
    return what === undefined ? this.#fail('Invalid regular expression') : { kind: 'assert', what }
  }

  #dot(): CharSet {
    // RE_DOT_NOT_NULL
    const nul = singleChar(0)
    return complement(this.#options.newline ? unite(nul, NEWLINE) : nul, 0xff)
  }

  #bracket(): CharSet {
    const { set, length } = readPosixBracket(this.#text, this.#at, this.#options)
    this.#at += length
    return set
  }

  #literal(char: string): PatternNode {
    const set = singleChar(char.charCodeAt(0))
    return { kind: 'set', set: this.#options.ignoreCase ? addOtherCase(set, false) : set }
  }

  #take(token: Token): void {
    this.#at += token.length
  }

  /** The next token; `starts`: a branch begins here, where basic syntax takes ^ as an anchor. */
  #token(starts = false): Token {
    const char = this.#text.charAt(this.#at)
    if (char === '') return { kind: 'end', char, length: 0, escaped: false }
    if (char === '\\') return this.#escapedToken()
    const kind = this.#options.extended ? EXTENDED_TOKENS[char] : BASIC_TOKENS[char]
    if (kind !== undefined) return { kind, char, length: 1, escaped: false }
    if (char === '^' && (this.#options.extended || starts)) return { kind: 'anchor', char, length: 1, escaped: false }
    if (char === '$' && (this.#options.extended || /^\$(?:$|\\\)|\\\|)/.test(this.#text.slice(this.#at)))) {
      return { kind: 'anchor', char, length: 1, escaped: false }
    }
    return { kind: 'char', char, length: 1, escaped: false }
  }

  #escapedToken(): Token {
    const char = this.#text.charAt(this.#at + 1)
    if (char === '') return this.#fail('Trailing backslash')
    const kind =
      (this.#options.extended ? undefined : BASIC_ESCAPES[char]) ??
      (GNU_ANCHORS[char] !== undefined ? 'anchor' : undefined) ??
      (/[wWsS]/.test(char) ? 'class' : undefined) ??
      (/[1-9]/.test(char) ? 'back' : 'char')
    return { kind, char, length: 2, escaped: true }
  }

  #fail(message: string): never {
    throw new PatternError(message, this.#at)
  }
}

const EXTENDED_TOKENS: Readonly<Record<string, TokenKind>> = {
  '.': 'any',
  '[': 'bracket',
  '(': 'open',
  ')': 'close',
  '|': 'or',
  '*': 'star',
  '+': 'plus',
  '?': 'question',
  '{': 'interval',
}
const BASIC_TOKENS: Readonly<Record<string, TokenKind>> = { '.': 'any', '[': 'bracket', '*': 'star' }
const BASIC_ESCAPES: Readonly<Record<string, TokenKind>> = {
  '(': 'open',
  ')': 'close',
  '|': 'or',
  '+': 'plus',
  '?': 'question',
  '{': 'interval',
}
const GNU_ANCHORS: Readonly<
  Record<string, 'start' | 'end' | 'word_boundary' | 'not_word_boundary' | 'word_start' | 'word_end'>
> = {
  '`': 'start',
  "'": 'end',
  b: 'word_boundary',
  B: 'not_word_boundary',
  '<': 'word_start',
  '>': 'word_end',
}

/** glibc reads up to the "}" or the second comma before it complains. */
function intervalProblem(rest: string, extended: boolean): string {
  const closed = extended ? /^(?:\d*,)?[^,}]*[,}]/ : /^(?:\d*,)?(?:[^,\\]|\\[^}])*(?:,|\\\})/
  return !closed.test(rest) ? 'Unmatched \\{' : 'Invalid content of \\{\\}'
}

function gnuClass(letter: string): CharSet {
  const set = letter.toLowerCase() === 'w' ? WORD_CHARS : SPACES
  return letter === letter.toLowerCase() ? set : complement(set, 0xff)
}
