import path from 'node:path'
import { readBraces, splitWords } from '../util/words.ts'
import type { TableContext } from './context.ts'
import { insideBraces } from './inline.ts'
import { LineJoiner, type LogicalLine } from './logical_lines.ts'
import { warnOrphan } from './map_file.ts'
import { type FileContent, type LineBuilder, WatchedFile } from './watched_file.ts'

/** The rules of a cidr:, regexp: or pcre: table, from a file or from `{ {rule}, {rule} }` in main.cf. */
export interface RuleSource<T> {
  current(): Promise<FileContent<T>>
  ready(): Promise<void>
  close(): void
}

export interface RuleReader<T> {
  /** Takes the rules one by one; `report` is told in Postfix's words without the place: "bad mask value in …". */
  readonly build: (report: RuleReport) => Pick<LineBuilder<T>, 'line' | 'finish'>
}

export type RuleReport = (line: LogicalLine, text: string, remedy?: string) => void

/** `body` is what follows "cidr:"; null: its braces are wrong, which is told, and the table cannot be used. */
export function openRules<T>(
  table: { readonly name: string; readonly body: string; readonly context: TableContext },
  reader: RuleReader<T>,
): RuleSource<T> | { readonly problem: string } {
  const { name, body, context } = table
  const type = name.slice(0, name.indexOf(':'))
  const isInline = body.startsWith('{')
  const file = isInline ? null : body
  const report: RuleReport = (line, text, remedy) =>
    context.warn({
      severity: 'warning',
      table: name,
      file,
      line: line.line,
      text: `${type} map ${body}, line ${line.line}: ${text}`,
      remedy: remedy ?? null,
    })
  const build = (): LineBuilder<T> => {
    const rules = reader.build(report)
    return {
      line: line => rules.line(line),
      orphan: line => warnOrphan(line, { name, file: body, context }),
      finish: () => rules.finish(),
    }
  }
  if (isInline) {
    const rules = inlineRules(body)
    if ('problem' in rules) return { problem: `${type} map: ${rules.problem}` }
    return constantSource(rules.lines, build())
  }
  return new WatchedFile<T>({
    path: path.resolve(context.directory, body),
    clock: context.clock,
    build,
    onUnreadable: (text, kept) =>
      context.warn({ severity: kept ? 'warning' : 'error', table: name, file, line: null, text, remedy: null }),
  })
}

function inlineRules(body: string): { readonly lines: readonly string[] } | { readonly problem: string } {
  const outer = readBraces(body)
  if ('problem' in outer) return outer
  const lines: string[] = []
  for (const word of splitWords(insideBraces(body) ?? '')) {
    const rule = readBraces(word)
    if ('problem' in rule) return rule
    lines.push(...rule.inside.split('\n'))
  }
  return { lines }
}

function constantSource<T>(lines: readonly string[], builder: LineBuilder<T>): RuleSource<T> {
  const joiner = new LineJoiner(
    line => builder.line(line),
    line => builder.orphan?.(line),
  )
  for (const line of lines) joiner.push(line, true)
  joiner.end()
  const content: FileContent<T> = { kind: 'ready', value: builder.finish() }
  return { current: async () => content, ready: async () => {}, close: () => {} }
}
