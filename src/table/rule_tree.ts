import type { LogicalLine } from './logical_lines.ts'
import type { RuleReport } from './rule_source.ts'

/** Rules as they nest: an `if` holds all up to its `endif`, or to the end of the table when there is none. */
export type RuleNode<Rule, Condition> =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'if'; readonly condition: Condition; readonly body: readonly RuleNode<Rule, Condition>[] }

interface OpenIf<Rule, Condition> {
  readonly line: LogicalLine
  readonly nodes: RuleNode<Rule, Condition>[]
}

/** Nests the flat rules of cidr:, regexp: and pcre: tables. */
export class RuleTree<Rule, Condition> {
  readonly #root: RuleNode<Rule, Condition>[] = []
  readonly #stack: OpenIf<Rule, Condition>[] = []

  /** How many `if` are open. */
  get depth(): number {
    return this.#stack.length
  }

  add(rule: Rule): void {
    this.#top().push({ kind: 'rule', rule })
  }

  if(condition: Condition, line: LogicalLine): void {
    const nodes: RuleNode<Rule, Condition>[] = []
    this.#top().push({ kind: 'if', condition, body: nodes })
    this.#stack.push({ line, nodes })
  }

  endif(): void {
    this.#stack.pop()
  }

  finish(report: RuleReport): readonly RuleNode<Rule, Condition>[] {
    for (const open of this.#stack.toReversed()) report(open.line, 'IF has no matching ENDIF')
    return this.#root
  }

  #top(): RuleNode<Rule, Condition>[] {
    return this.#stack.at(-1)?.nodes ?? this.#root
  }
}

/** Which statement a line is: `if` and `endif` in any case, not followed by a letter or digit. */
export function ruleKind(text: string): 'if' | 'endif' | 'rule' {
  if (/^if(?![A-Za-z0-9])/i.test(text)) return 'if'
  return /^endif(?![A-Za-z0-9])/i.test(text) ? 'endif' : 'rule'
}

/** Takes `!` and white space off the front; `match` is false after an odd number of `!`. */
export function readNegation(text: string): { readonly match: boolean; readonly rest: string } {
  const marks = /^[! \t\n\v\f\r]*/.exec(text)?.[0] ?? ''
  return { match: marks.replaceAll(/[^!]/g, '').length % 2 === 0, rest: text.slice(marks.length) }
}
