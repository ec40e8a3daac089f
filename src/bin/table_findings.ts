/** What the tables of a configuration have to say, at the place where it can be mended: the line of a table, or the word that names it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { allParams } from '../config/catalogue.ts'
import { findFalseComments } from '../config/check.ts'
import type { Config, Loaded } from '../config/config.ts'
import { LIST_NAMES } from '../config/contradictions.ts'
import type { Place, Problem, Word } from '../config/place.ts'
import { formatProblem, type TableProblem } from '../table/problem.ts'
import { findFilters, findHolds } from './gateway_limits.ts'

/** Where a parameter is set; "default of NAME" where it is not. */
export function settingPlace(name: string, loaded: Loaded): Place {
  const source = loaded.sources.get(name)
  return source === undefined || source.kind === 'default'
    ? { file: `default of ${name}`, line: 0, column: 0 }
    : source.place
}

/** Every table that the configuration names, each once. */
export function tableSpecs(config: Config): readonly string[] {
  const ofParams = tableParams(config).flatMap(([, specs]) => specs)
  const inLists = wordLists(config).flatMap(([, words]) =>
    words.map(word => word.text).filter(text => /^[A-Za-z]\w*:[^:]/.test(text)),
  )
  const tables = inLists.filter(text => !/^(?:inet|unix):/.test(text))
  return [...new Set([...ofParams, ...tables])]
}

/** What was told with `severity` while the tables were read. `path`: the main.cf. */
export function tableProblems(
  told: readonly TableProblem[],
  severity: TableProblem['severity'],
  from: { readonly loaded: Loaded; readonly directory: string },
): readonly Problem[] {
  return told.filter(problem => problem.severity === severity).map(problem => placed(problem, from))
}

function placed(problem: TableProblem, from: { readonly loaded: Loaded; readonly directory: string }): Problem {
  const { table, file, line } = problem
  const isTable = table.includes(':')
  const label = isTable ? `table ${table}` : table
  if (file !== null && line !== null) {
    const place = { file: resolve(from.directory, file), line, column: 1 }
    return { place, text: `${label}: ${withoutPlace(problem)}` }
  }
  const { place, parameter } = whereNamed(problem, from.loaded)
  const text = formatProblem(problem)
  const said = text.startsWith(`${table}: `) ? text.slice(table.length + 2) : text
  const who = !isTable ? (parameter ?? table) : parameter === null ? label : `${label} of ${parameter}`
  return { place, text: `${who}: ${said}` }
}

/** Tables tell their lines in Postfix's words; here the line stands in front. */
function withoutPlace(problem: TableProblem): string {
  const { table, file, line } = problem
  const colon = table.indexOf(':')
  const text = formatProblem(problem)
  const prefix = [
    `${table.slice(0, colon)} map ${table.slice(colon + 1)}, line ${line}: `,
    `${file}, line ${line}: `,
    `${file}:${line}: `,
  ].find(each => text.startsWith(each))
  return text.slice(prefix?.length ?? 0)
}

interface Named {
  readonly place: Place
  /** Null: nothing in the configuration names it. */
  readonly parameter: string | null
}

/** The first place that names the table: what was written before what is there by default. */
function whereNamed(problem: TableProblem, loaded: Loaded): Named {
  const { table, file, text } = problem
  const { config, settings } = loaded
  for (const [parameter, words] of wordLists(config)) {
    const word = words.find(each => each.text === table && each.file !== '')
    if (word !== undefined) return { place: word, parameter }
  }
  const at = (parameter: string): Named => ({ place: settingPlace(parameter, loaded), parameter })
  if (!table.includes(':') && loaded.sources.has(table)) return at(table)
  const names = (written: string): boolean =>
    table.includes(':') ? written.includes(table) : written.split(/[\s,]+/).some(word => isFileOf(word, text))
  const set = settings.names().find(name => names(settings.written(name).text))
  if (set !== undefined) return at(set)
  const param = tableParams(config).find(([, specs]) => specs.includes(table))
  if (param !== undefined) return at(param[0])
  return { place: { file: file ?? `default of ${table}`, line: 0, column: 0 }, parameter: null }
}

/** A file that nobody but the text of the problem names: "open /etc/postern/whitelist_clients: …". */
function isFileOf(word: string, text: string): boolean {
  return word.length > 1 && (text.includes(` ${word}:`) || text.includes(`/${word}:`))
}

function tableParams(config: Config): readonly (readonly [name: string, specs: readonly string[]])[] {
  return allParams.flatMap(param => {
    if (param.type.kind !== 'list of tables') return []
    // The type's parse made it a list of texts.
    return [[param.name, config[param.name] as readonly string[]] as const]
  })
}

function wordLists(config: Config): readonly (readonly [parameter: string, words: readonly Word[]])[] {
  return [
    ...LIST_NAMES.map(name => [name, config[name]] as const),
    ...[...config.restriction_classes].map(([name, words]) => [name, words] as const),
    ...config.postern_policy_listen.map(({ words }) => ['postern_policy_listen', words ?? []] as const),
  ]
}

/** What the table's own reader takes for text like any other. */
export function inTableTexts(specs: readonly string[], config: Config, directory: string): readonly Problem[] {
  return specs.flatMap(spec => {
    const colon = spec.indexOf(':')
    const file = resolve(directory, spec.slice(colon + 1))
    if (!/^(?:hash|btree|lmdb|cdb|dbm|texthash|cidr|regexp|pcre)$/.test(spec.slice(0, colon))) return []
    const text = readOrNull(file)
    if (text === null) return []
    const holds = config.postern_hold_hop === '' ? findHolds(text, file) : []
    return [...findFalseComments(text, { type: spec.slice(0, colon), file }), ...holds, ...findFilters(text, file)]
  })
}

/** Null: its table says why it cannot be read. */
function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
