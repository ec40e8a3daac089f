import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import { type Cidr, CidrSet, cidrContains, parseCidr } from '../util/cidr.ts'
import { type IpAddress, parseIpExactly } from '../util/ip.ts'
import { trimBlanks } from '../util/words.ts'
import type { TableContext } from './context.ts'
import { failingTable, unavailableFailure } from './failing.ts'
import type { LogicalLine } from './logical_lines.ts'
import { openRules, type RuleReport } from './rule_source.ts'
import { type RuleNode, RuleTree, readNegation, ruleKind } from './rule_tree.ts'
import type { OpenTable } from './table.ts'

interface Condition {
  readonly cidr: Cidr
  readonly match: boolean
}
interface CidrRule extends Condition {
  readonly value: string
}

/** Rules made fast: neighbours without `!` are one set. */
type Step =
  | { readonly kind: 'set'; readonly set: CidrSet<string> }
  | { readonly kind: 'rule'; readonly rule: CidrRule }
  | { readonly kind: 'if'; readonly condition: Condition; readonly body: readonly Step[] }

/** cidr_table(5): first match wins; keys that are no address are absent. */
export function openCidr(name: string, body: string, context: TableContext): OpenTable {
  const source = openRules({ name, body, context }, { build: report => new CidrBuilder(report) })
  if ('problem' in source) return failingTable(name, context, { text: source.problem })
  return {
    name,
    kind: 'pattern',
    lookup: async (key): Promise<Lookup<string>> => {
      const content = await source.current()
      if (content.kind === 'unreadable') return unavailableFailure(content.text)
      const ip = parseIpExactly(key)
      const value = ip === null ? undefined : search(content.value, ip)
      return value === undefined ? ABSENT : found(value)
    },
    ready: () => source.ready(),
    close: () => source.close(),
  }
}

function search(steps: readonly Step[], ip: IpAddress): string | undefined {
  for (const step of steps) {
    let value: string | undefined
    if (step.kind === 'set') value = step.set.get(ip)
    else if (step.kind === 'rule') value = holds(step.rule, ip) ? step.rule.value : undefined
    else if (holds(step.condition, ip)) value = search(step.body, ip)
    if (value !== undefined) return value
  }
  return undefined
}

/** Postfix: a pattern of the other address family never matches, negated or not. */
function holds({ cidr, match }: Condition, ip: IpAddress): boolean {
  return cidr.base.family === ip.family && cidrContains(cidr, ip) === match
}

class CidrBuilder {
  readonly #report: RuleReport
  readonly #tree = new RuleTree<CidrRule, Condition>()

  constructor(report: RuleReport) {
    this.#report = report
  }

  line(line: LogicalLine): void {
    const problem = this.#add(line)
    if (problem !== null) this.#report(line, `${problem}: skipping this rule`)
  }

  finish(): readonly Step[] {
    return joinNeighbours(this.#tree.finish(this.#report))
  }

  #add(line: LogicalLine): string | null {
    switch (ruleKind(line.text)) {
      case 'endif':
        if (trimBlanks(line.text.slice(5)) !== '') return 'garbage after ENDIF'
        if (this.#tree.depth === 0) return 'ENDIF without IF'
        this.#tree.endif()
        return null
      case 'if':
        return this.#addIf(line)
      case 'rule':
        return this.#addRule(line.text)
    }
  }

  #addIf(line: LogicalLine): string | null {
    const { match, rest } = readNegation(line.text.slice(2))
    const pattern = trimBlanks(rest)
    if (pattern === '') return 'no address pattern'
    const parsed = parseCidr(pattern)
    if (parsed.kind === 'problem') return parsed.text
    this.#tree.if({ cidr: parsed.cidr, match }, line)
    return null
  }

  #addRule(text: string): string | null {
    const { match, rest } = readNegation(text)
    const end = /[ \t\n\v\f\r]/.exec(rest)?.index ?? rest.length
    const pattern = rest.slice(0, end)
    if (pattern === '') return 'no address pattern'
    const parsed = parseCidr(pattern)
    if (parsed.kind === 'problem') return parsed.text
    const value = trimBlanks(rest.slice(end))
    if (value === '') return 'no lookup result'
    this.#tree.add({ cidr: parsed.cidr, match, value })
    return null
  }
}

function joinNeighbours(nodes: readonly RuleNode<CidrRule, Condition>[]): readonly Step[] {
  const steps: Step[] = []
  for (const node of nodes) {
    if (node.kind === 'if') {
      steps.push({ kind: 'if', condition: node.condition, body: joinNeighbours(node.body) })
    } else if (!node.rule.match) {
      steps.push({ kind: 'rule', rule: node.rule })
    } else {
      let last = steps.at(-1)
      if (last?.kind !== 'set') {
        last = { kind: 'set', set: new CidrSet() }
        steps.push(last)
      }
      last.set.add(node.rule.cidr, node.rule.value)
    }
  }
  return steps
}
