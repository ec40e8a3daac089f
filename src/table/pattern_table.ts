import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import type { PatternError, PatternFlags, PatternOptions } from '../util/pattern.ts'
import type { TableContext } from './context.ts'
import { configurationFailure, failingTable, temporaryFailure, unavailableFailure } from './failing.ts'
import { type Condition, type PatternDialect, type PatternRule, readStatement } from './pattern_rule.ts'
import { fillIn } from './replacement.ts'
import { openRules, type RuleReport } from './rule_source.ts'
import { type RuleNode, RuleTree } from './rule_tree.ts'
import type { OpenTable } from './table.ts'

/** regexp_table(5). */
export function openRegexp(name: string, body: string, context: TableContext): OpenTable {
  return openPatterns({ name, body, context }, REGEXP)
}

/** pcre_table(5). */
export function openPcre(name: string, body: string, context: TableContext): OpenTable {
  return openPatterns({ name, body, context }, PCRE)
}

const REGEXP: PatternDialect = {
  options: letters => {
    const on = { extended: true, ignoreCase: true, newline: false }
    for (const letter of letters) {
      if (letter === 'i') on.ignoreCase = !on.ignoreCase
      else if (letter === 'm') on.newline = !on.newline
      else if (letter === 'x') on.extended = !on.extended
      else return { problem: `unknown regexp option "${letter}": skipping this rule` }
    }
    return { syntax: 'posix', ...on }
  },
  letters: /^[^ \t\n\v\f\r!]*/,
  secondPattern: true,
  unclosed: 'skipping this rule',
  compileError: error => error.message,
}

const PCRE_LETTERS: Readonly<Record<string, keyof PatternFlags>> = {
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'extended',
  E: 'dollarEndOnly',
  U: 'ungreedy',
}

const PCRE: PatternDialect = {
  options: readPcreLetters,
  letters: /^[^ \t\n\v\f\r]*/,
  secondPattern: false,
  unclosed: 'ignoring this rule',
  compileError: (error: PatternError) => `error in regex at offset ${error.offset}: ${error.message}`,
}

function readPcreLetters(
  letters: string,
  report: (text: string) => void,
): PatternOptions | { readonly problem: string } {
  const flags: Partial<PatternFlags> = { ignoreCase: true, dotAll: true }
  let anchored = false
  for (const letter of letters) {
    const flag = PCRE_LETTERS[letter]
    if (flag !== undefined) flags[flag] = flags[flag] !== true
    else if (letter === 'A') anchored = !anchored
    // PCRE_EXTRA; PCRE2 always is that strict.
    else if (letter === 'X') report('ignoring obsolete regexp option "X"')
    else return { problem: `unknown regexp option "${letter}": skipping this rule` }
  }
  return { syntax: 'pcre', flags, anchored }
}

type Node = RuleNode<PatternRule, Condition>

function openPatterns(
  table: { readonly name: string; readonly body: string; readonly context: TableContext },
  dialect: PatternDialect,
): OpenTable {
  const { name, body, context } = table
  const source = openRules<readonly Node[]>(table, { build: report => new PatternBuilder(dialect, report) })
  if ('problem' in source) return failingTable(name, context, { text: source.problem })
  const toldOverruns = new WeakSet<Condition>()
  const overrun = (condition: Condition): Lookup<string> => {
    const type = name.slice(0, name.indexOf(':'))
    const text = `${type} map ${body}, line ${condition.line}: backtracking limit exceeded`
    if (!toldOverruns.has(condition)) {
      toldOverruns.add(condition)
      const file = body.startsWith('{') ? null : body
      const remedy = 'make the pattern say one thing in one way only'
      context.warn({ severity: 'warning', table: name, file, line: condition.line, text, remedy })
    }
    return temporaryFailure(text)
  }
  return {
    name,
    kind: 'pattern',
    lookup: async key => {
      const content = await source.current()
      if (content.kind === 'unreadable') return unavailableFailure(content.text)
      const answer = search(content.value, key)
      if (answer === null) return ABSENT
      return 'overrun' in answer ? overrun(answer.overrun) : answer
    },
    ready: () => source.ready(),
    close: () => source.close(),
  }
}

type Answer = Lookup<string> | { readonly overrun: Condition } | null

function search(nodes: readonly Node[], key: string): Answer {
  for (const node of nodes) {
    const answer = node.kind === 'if' ? searchIf(node, key) : tryRule(node.rule, key)
    if (answer !== null) return answer
  }
  return null
}

function searchIf(node: Extract<Node, { kind: 'if' }>, key: string): Answer {
  const matched = node.condition.pattern.test(key)
  if (matched.kind === 'overrun') return { overrun: node.condition }
  return (matched.kind === 'match') === node.condition.match ? search(node.body, key) : null
}

function tryRule({ condition, second, replacement, utf8 }: PatternRule, key: string): Answer {
  const { pattern } = condition
  const matched = replacement.highest > 0 ? pattern.exec(key) : pattern.test(key)
  if (matched.kind === 'overrun') return { overrun: condition }
  if ((matched.kind === 'match') !== condition.match) return null
  if (second !== null) {
    const other = second.pattern.test(key)
    if (other.kind === 'overrun') return { overrun: second }
    if ((other.kind === 'match') !== second.match) return null
  }
  const value = fillIn(replacement, matched.kind === 'match' ? matched.groups : [])
  // A group may begin or end within a character; its decoded text then has the replacement character.
  const isText = (utf8 || /^[\x00-\x7f]*$/.test(value)) && !value.includes('\ufffd')
  return isText ? found(value) : configurationFailure(`key "${key}": non-UTF-8 value "${value}"`)
}

class PatternBuilder {
  readonly #dialect: PatternDialect
  readonly #report: RuleReport
  readonly #tree = new RuleTree<PatternRule, Condition>()

  constructor(dialect: PatternDialect, report: RuleReport) {
    this.#dialect = dialect
    this.#report = report
  }

  line(line: Parameters<RuleReport>[0]): void {
    const statement = readStatement(line, this.#dialect, {
      depth: this.#tree.depth,
      report: (text, remedy) => this.#report(line, text, remedy),
    })
    if (statement === null) return
    if (statement.kind === 'rule') this.#tree.add(statement.rule)
    else if (statement.kind === 'if') this.#tree.if(statement.condition, line)
    else this.#tree.endif()
  }

  finish(): readonly Node[] {
    return this.#tree.finish(this.#report)
  }
}
