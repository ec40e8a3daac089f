import { Pattern, PatternError, type PatternOptions } from '../util/pattern.ts'
import { trimBlanks } from '../util/words.ts'
import type { LogicalLine } from './logical_lines.ts'
import { parseReplacement, type Replacement } from './replacement.ts'
import { readNegation, ruleKind } from './rule_tree.ts'

/** A pattern and what it must do: match, or with `!` not match. */
export interface Condition {
  readonly pattern: Pattern
  readonly match: boolean
  readonly line: number
}

export interface PatternRule {
  readonly condition: Condition
  /** regexp: only, `/one/!/other/`: both must hold. */
  readonly second: Condition | null
  readonly replacement: Replacement
  /** Postfix refuses to answer with what is not UTF-8. */
  readonly utf8: boolean
}

export type Statement =
  | { readonly kind: 'rule'; readonly rule: PatternRule }
  | { readonly kind: 'if'; readonly condition: Condition }
  | { readonly kind: 'endif' }

/** What regexp: and pcre: do differently. */
export interface PatternDialect {
  /** Options of the letters behind the closing delimiter; a text says what is wrong. */
  readonly options: (letters: string, report: Report) => PatternOptions | { readonly problem: string }
  /** The letters end at white space, or at a "!" too. */
  readonly letters: RegExp
  readonly secondPattern: boolean
  /** "ignoring this rule" or "skipping this rule" when the closing delimiter is missing. */
  readonly unclosed: string
  readonly compileError: (error: PatternError) => string
}

export type Report = (text: string, remedy?: string) => void

/** Reads one line; null: it is skipped, which is told. `depth`: how many `if` are open. */
export function readStatement(
  line: LogicalLine,
  dialect: PatternDialect,
  context: { depth: number; report: Report },
): Statement | null {
  const text = trimBlanks(line.text)
  if (!/^[A-Za-z0-9]/.test(text)) return readRule({ ...line, text }, dialect, context.report)
  switch (ruleKind(text)) {
    case 'if':
      return readIf({ ...line, text }, dialect, context.report)
    case 'endif':
      return readEndif(text, context)
    case 'rule':
      context.report('ignoring unrecognized request')
      return null
  }
}

function readEndif(text: string, { depth, report }: { depth: number; report: Report }): Statement | null {
  if (depth === 0) {
    report('ignoring ENDIF without matching IF')
    return null
  }
  if (text.slice(5).trim() !== '') report('ignoring extra text after ENDIF')
  return { kind: 'endif' }
}

function readIf(line: LogicalLine, dialect: PatternDialect, report: Report): Statement | null {
  const source = readSource(line.text.slice(2), dialect, report)
  if (source === null) return null
  const rest = trimBlanks(source.rest)
  if (rest !== '') {
    report(`ignoring extra text after IF statement: "${rest}"`)
    report('do not prepend whitespace to statements between IF and ENDIF')
  }
  const condition = compile(source, line, { dialect, report })
  return condition === null ? null : { kind: 'if', condition }
}

function readRule(line: LogicalLine, dialect: PatternDialect, report: Report): Statement | null {
  const first = readSource(line.text, dialect, report)
  if (first === null) return null
  const other =
    dialect.secondPattern && first.rest.startsWith('!') ? readSource(first.rest, dialect, report) : undefined
  if (other === null) return null
  const value = trimBlanks((other ?? first).rest)
  if (value === '') report('no replacement text: using empty string')
  const replacement = parseReplacement(value)
  if ('problem' in replacement) {
    report(replacement.problem)
    report('bad replacement syntax: skipping this rule')
    return null
  }
  if (replacement.highest > 0 && !first.match) {
    report('$number found in negative match replacement text: skipping this rule')
    return null
  }
  const condition = compile(first, line, { dialect, report })
  if (condition === null) return null
  if (replacement.highest > condition.pattern.groupCount) {
    report(`out of range replacement index "${replacement.highest}": skipping this rule`)
    return null
  }
  const second = other === undefined ? null : compile(other, line, { dialect, report })
  if (other !== undefined && second === null) return null
  return { kind: 'rule', rule: { condition, second, replacement, utf8: line.utf8 } }
}

interface PatternSource {
  readonly match: boolean
  readonly source: string
  readonly options: PatternOptions
  readonly rest: string
}

/** `! /pattern/letters`: any character can delimit. */
function readSource(text: string, dialect: PatternDialect, report: Report): PatternSource | null {
  const { match, rest: body } = readNegation(text)
  if (body === '') {
    report('no regexp: skipping this rule')
    return null
  }
  const delimiter = body.charAt(0)
  let end = 1
  while (end < body.length && body.charAt(end) !== delimiter) end += body.charAt(end) === '\\' ? 2 : 1
  if (end >= body.length) {
    report(`no closing regexp delimiter "${delimiter}": ${dialect.unclosed}`)
    return null
  }
  const after = body.slice(end + 1)
  const letters = dialect.letters.exec(after)?.[0] ?? ''
  const options = dialect.options(letters, report)
  if ('problem' in options) {
    report(options.problem)
    return null
  }
  return { match, source: body.slice(1, end), options, rest: after.slice(letters.length) }
}

function compile(
  { match, source, options }: PatternSource,
  line: LogicalLine,
  { dialect, report }: { dialect: PatternDialect; report: Report },
): Condition | null {
  try {
    return { pattern: new Pattern(source, { ...options, bytes: !line.utf8 }), match, line: line.line }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    report(dialect.compileError(error), error.remedy ?? undefined)
    return null
  }
}
