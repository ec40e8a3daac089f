import { setFlagsFromString } from 'node:v8'
import type { ParsedPattern } from './pattern_ast.ts'
import { emitPattern, loopsForgetGroups } from './pattern_emit.ts'
import { longestEnd } from './pattern_longest.ts'
import { type Found, Matcher } from './pattern_matcher.ts'
import { parsePerlPattern } from './pattern_perl.ts'
import { type PosixOptions, parsePosixPattern } from './pattern_posix.ts'
import { compileProgram, type Program } from './pattern_program.ts'
import type { PatternFlags, PerlSyntax } from './pattern_scanner.ts'

export { PatternError } from './pattern_ast.ts'
export type { PatternFlags } from './pattern_scanner.ts'

/*
 * Patterns that others wrote (pcre:, regexp:, fail2ban filters) on text that strangers sent, with a bound on the time.
 *
 * A pattern is parsed into a tree whatever its syntax. Plain regular expressions become a JavaScript RegExp, which V8
 * runs by backtracking and, when that gets out of hand, by its linear engine: the flags below. V8 does not count the steps
 * inside a loop over one set, so that 10,000 times back took it 90 ms on a line of 4 KiB; 100 times are more than a pattern
 * takes that somebody wrote for such lines. That engine takes no
 * flag "i", so letters stand for both cases in the source. What JavaScript cannot say or V8 cannot bound (look-around,
 * back-references, atomic groups, conditions, counts above 16) runs in a matcher of our own, which counts its steps. The matcher also finds groups where JavaScript's differ from Perl's or glibc's.
 */
setFlagsFromString('--enable-experimental-regexp-engine')
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
setFlagsFromString('--regexp-backtracks-before-fallback=100')

export type PatternOptions =
  | {
      readonly syntax: PerlSyntax
      readonly flags?: Partial<PatternFlags>
      /** The match must begin at the start of the subject. */
      readonly anchored?: boolean
      /** The source has one character per byte already; else it is text and matched as UTF-8. Not for 'python'. */
      readonly bytes?: boolean
    }
  | ({ readonly syntax: 'posix'; readonly bytes?: boolean } & PosixOptions)

export type PatternResult =
  /** Groups by number, 0 the whole match; null where a group took no part. Empty if they were not asked for. */
  | { readonly kind: 'match'; readonly groups: readonly (string | null)[] }
  | { readonly kind: 'none' }
  /** The pattern would take too long on this subject. */
  | { readonly kind: 'overrun' }

const NONE: PatternResult = { kind: 'none' }
const MATCH: PatternResult = { kind: 'match', groups: [] }

const NO_FLAGS: PatternFlags = {
  ignoreCase: false,
  multiline: false,
  dotAll: false,
  extended: false,
  extendedMore: false,
  ungreedy: false,
  duplicateNames: false,
  noCapture: false,
  dollarEndOnly: false,
}

/** A compiled pattern. Matching is synchronous and ends within a few milliseconds whatever the subject, a line of 4 KiB in one or two. */
export class Pattern {
  readonly groupCount: number
  readonly names: ReadonlyMap<string, readonly number[]>
  readonly #parsed: ParsedPattern
  readonly #syntax: PatternOptions['syntax']
  readonly #script: Script | null
  readonly #groupsByMatcher: boolean
  #program: Program | null = null
  #matcher: Matcher | null = null

  /** Throws PatternError for a pattern that is wrong or cannot be translated. */
  constructor(source: string, options: PatternOptions) {
    this.#syntax = options.syntax
    this.#parsed = parse(source, options)
    this.groupCount = this.#parsed.groupCount
    this.names = this.#parsed.names
    this.#script = scriptFor(this.#parsed)
    this.#groupsByMatcher = options.syntax === 'posix' || loopsForgetGroups(this.#parsed.root)
    if (this.#script === null) this.#useMatcher()
  }

  test(subject: string): PatternResult {
    return this.#find(this.#encode(subject), false)
  }

  exec(subject: string): PatternResult {
    return this.#find(this.#encode(subject), true)
  }

  #find(subject: string, wantGroups: boolean): PatternResult {
    const script = this.#script
    if (script === null || (script.needsOneLine && subject.includes('\n'))) return this.#match(subject, wantGroups)
    if (!wantGroups) return script.regExp.test(subject) ? MATCH : NONE
    const match = script.regExp.exec(subject)
    if (match === null) return NONE
    if (this.#groupsByMatcher && this.groupCount > 0) {
      const better = this.#match(subject, true)
      if (better.kind === 'match') return better
    }
    return { kind: 'match', groups: Array.from(match, text => (text === undefined ? null : this.#decode(text))) }
  }

  #match(subject: string, wantGroups: boolean): PatternResult {
    const { matcher, program } = this.#useMatcher()
    let found = matcher.search(subject)
    if (found.kind !== 'match') return found
    if (!wantGroups) return MATCH
    if (this.#syntax === 'posix') found = this.#longest(found, { subject, matcher, program })
    return this.#groups(found, subject)
  }

  /** POSIX: of all matches that begin leftmost the longest; its groups as glibc finds them, first possibility first. */
  #longest(found: Found, where: { subject: string; matcher: Matcher; program: Program }): Found {
    const start = found.kind === 'match' ? (found.spans[0] ?? 0) : 0
    if (!where.program.memoizable) return found
    const end = longestEnd(where.program, where.subject, start)
    const longest = where.matcher.search(where.subject, { from: start, here: true, end })
    return longest.kind === 'match' ? longest : found
  }

  #groups(found: Found, subject: string): PatternResult {
    if (found.kind !== 'match') return found
    const groups: (string | null)[] = []
    for (let i = 0; i <= this.groupCount; i++) {
      const start = found.spans[2 * i] ?? -1
      const end = found.spans[2 * i + 1] ?? -1
      groups.push(start < 0 || end < start ? null : this.#decode(subject.slice(start, end)))
    }
    return { kind: 'match', groups }
  }

  #useMatcher(): { matcher: Matcher; program: Program } {
    this.#program ??= compileProgram(this.#parsed, this.#syntax === 'posix' ? 'reject' : 'accept')
    this.#matcher ??= new Matcher(this.#program)
    return { matcher: this.#matcher, program: this.#program }
  }

  #encode(subject: string): string {
    return this.#syntax === 'python' ? subject : toByteString(subject)
  }

  #decode(text: string): string {
    return this.#syntax === 'python' || isAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8')
  }
}

function parse(source: string, options: PatternOptions): ParsedPattern {
  const text = options.syntax === 'python' || options.bytes === true ? source : toByteString(source)
  if (options.syntax === 'posix') return parsePosixPattern(text, options)
  return parsePerlPattern(text, {
    syntax: options.syntax,
    flags: { ...NO_FLAGS, ...options.flags },
    anchored: options.anchored ?? false,
    maxChar: options.syntax === 'python' ? 0xffff : 0xff,
  })
}

/** The pattern as a RegExp that V8 can bound. */
interface Script {
  readonly regExp: RegExp
  /** Not for subjects with line feeds. */
  readonly needsOneLine: boolean
}

function scriptFor(parsed: ParsedPattern): Script | null {
  const emitted = emitPattern(parsed.root, parsed.maxChar)
  if (emitted === null) return null
  const source = parsed.anchored ? `^(?:${emitted.source})` : emitted.source
  return isLinear(source) ? { ...emitted, regExp: new RegExp(source) } : null
}

/** V8's flag "l" refuses what its linear engine cannot run. */
function isLinear(source: string): boolean {
  try {
    new RegExp(source, 'l')
    return true
  } catch {
    return false
  }
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

/** The UTF-8 form with one character per byte. */
function toByteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}
