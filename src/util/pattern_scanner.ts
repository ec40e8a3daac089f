import { PatternError, type PatternNode } from './pattern_ast.ts'

export type PerlSyntax = 'pcre' | 'python'

/** Options that may change inside a pattern, `(?i-s)`. */
export interface PatternFlags {
  /** i: letters match both cases. */
  ignoreCase: boolean
  /** m: ^ and $ at each line. */
  multiline: boolean
  /** s: the dot matches a line feed too. */
  dotAll: boolean
  /** x: white space and # comments do not count. */
  extended: boolean
  /** xx: blanks in a class do not count either. */
  extendedMore: boolean
  /** U: quantifiers are lazy unless a ? follows. */
  ungreedy: boolean
  /** J: names may repeat. */
  duplicateNames: boolean
  /** n: plain parentheses do not capture. */
  noCapture: boolean
  /** E of pcre_table(5), PCRE2_DOLLAR_ENDONLY. */
  dollarEndOnly: boolean
}

/** A reference by name or number, checked when all groups are known. */
export interface Reference {
  readonly name: string | null
  readonly number: number
  readonly offset: number
  readonly groups: number[]
}

export interface ScannerOptions {
  readonly syntax: PerlSyntax
  readonly maxChar: number
  readonly flags: PatternFlags
  readonly readChoice: (scanner: Scanner, branchReset: boolean) => PatternNode
}

/** Where the parser of a Perl-like pattern stands. */
export class Scanner {
  readonly text: string
  readonly syntax: PerlSyntax
  /** 0xff: the pattern matches bytes. */
  readonly maxChar: number
  flags: PatternFlags
  at = 0
  groupCount = 0
  depth = 0
  /** Between \Q and \E. */
  quoting = false
  readonly names = new Map<string, number[]>()
  readonly references: Reference[] = []
  readonly #readChoice: ScannerOptions['readChoice']

  constructor(text: string, options: ScannerOptions) {
    this.text = text
    this.syntax = options.syntax
    this.maxChar = options.maxChar
    this.flags = options.flags
    this.#readChoice = options.readChoice
  }

  /** Alternatives up to ")" or the end; groups hold them, and they hold groups. */
  readChoice(branchReset: boolean): PatternNode {
    return this.#readChoice(this, branchReset)
  }

  get atEnd(): boolean {
    return this.at >= this.text.length
  }

  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead)
  }

  next(): string {
    return this.text.charAt(this.at++)
  }

  /** Takes `expected` if it comes next. */
  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  /** Takes what the sticky expression matches here. */
  takeMatch(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at
    const match = sticky.exec(this.text)
    if (match !== null) this.at += match[0].length
    return match
  }

  fail(message: string, offset = this.at): never {
    throw new PatternError(message, offset)
  }

  refuse(what: string, remedy: string, offset = this.at): never {
    throw new PatternError(`${what} is not supported`, offset, remedy)
  }

  /** A back-reference, or the group of a condition; its groups are filled in when the whole pattern is read. */
  refer(target: { name: string } | { number: number }, offset: number): Reference {
    const reference: Reference = {
      name: 'name' in target ? target.name : null,
      number: 'number' in target ? target.number : 0,
      offset,
      groups: [],
    }
    this.references.push(reference)
    return reference
  }

  backReference(target: { name: string } | { number: number }, offset: number): PatternNode {
    return { kind: 'back', groups: this.refer(target, offset).groups, ignoreCase: this.flags.ignoreCase }
  }

  resolveReferences(): void {
    for (const { name, number, offset, groups } of this.references) {
      const named = name === null ? [number] : this.names.get(name)
      if (named === undefined || named.some(index => index < 1 || index > this.groupCount)) {
        const message =
          this.syntax === 'pcre' ? 'reference to non-existent subpattern' : `invalid group reference ${name ?? number}`
        throw new PatternError(message, offset)
      }
      groups.push(...named)
    }
  }
}
