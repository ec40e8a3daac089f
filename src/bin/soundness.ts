/** Everything there is to say about a configuration before a mail meets it: the same for serve, reload and check. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { allParams } from '../config/catalogue.ts'
import { findFalseComments } from '../config/check.ts'
import type { Config, Loaded } from '../config/config.ts'
import { findContradictions, LIST_NAMES } from '../config/contradictions.ts'
import { hideListKeys } from '../config/list_key.ts'
import type { Place, Problem } from '../config/place.ts'
import { NO_HOSTS } from '../dns/hosts_file.ts'
import { parseDestination } from '../hop/destination.ts'
import { hopSettings } from '../hop/settings.ts'
import { registry } from '../restrictions/index.ts'
import { formatProblem, type TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { findUnreadable, withoutUnreadable } from './conf_files.ts'
import { openDecision } from './decision.ts'
import { reportProblem } from './dmarc_reports.ts'
import { findFilters, findGatewayLimits, findHolds } from './gateway_limits.ts'
import { parseLogTarget } from './log.ts'
import { NO_MEMORY } from './memory.ts'
import { readMessageSettings } from './message_judges.ts'
import { findPolicyCircles } from './policy_circles.ts'
import { readTls } from './tls_files.ts'

export interface Soundness {
  /** main.cf cannot be used as it stands. */
  readonly config: readonly Problem[]
  /** Restriction lists and tables: what needs them is answered 451, as in Postfix, and the rest works. */
  readonly lists: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** Reads all tables and compiles all lists. Asks no network. */
export async function examine(loaded: Loaded, path: string, clock: Clock): Promise<Soundness> {
  const { config } = loaded
  const told: TableProblem[] = []
  const readable = withoutUnreadable(config)
  const decision = openDecision(readable, {
    clock,
    // Nothing is judged here.
    resolver: { query: async () => ({ status: 'failed', reason: 'not asked' }) },
    memory: NO_MEMORY,
    hosts: NO_HOSTS,
    configPath: path,
    warn: problem => told.push(problem),
    policy: async () => ({ status: 'failed', reason: 'not asked', defaultAction: 'DUNNO' }),
    verify: async () => ({ status: 'service failure', text: 'not asked' }),
    dnsLists: { nearBudget: () => false, isListing: () => true },
  })
  readMessageSettings(readable, problem => told.push(problem))
  const specs = tableSpecs(config)
  for (const spec of specs) decision.lists.openTable(spec)
  await decision.ready()
  decision.close()
  const inLists = decision.problems.map(({ word, message }) => ({ place: placeOf(word, loaded), text: message }))
  return {
    config: unique([...loaded.problems, ...unusable(loaded)]),
    lists: unique([...inLists, ...tableProblems(told, 'error', path)]),
    warnings: unique([
      ...loaded.warnings,
      ...findContradictions(config, name => registry.find(name)),
      ...findGatewayLimits(loaded),
      ...findPolicyCircles(config),
      ...tableProblems(told, 'warning', path),
      ...inTableTexts(specs, config, dirname(path)),
    ]),
  }
}

/** Values that only their users can judge. */
function unusable(loaded: Loaded): readonly Problem[] {
  const { config } = loaded
  const hop = parseDestination(config.postern_next_hop)
  const hold = parseDestination(config.postern_hold_hop || 'discard:')
  const settings = hopSettings(config)
  const tls = readTls(config)
  const relay = parseDestination(config.postern_dmarc_report_relay || 'discard:')
  const report = reportProblem(config)
  const log = parseLogTarget(config.postern_log)
  const found: readonly (readonly [name: string, text: string | null])[] = [
    ['postern_next_hop', hop.ok ? null : hop.problem],
    ['postern_hold_hop', hold.ok ? null : hold.problem],
    ['postern_dmarc_report_relay', relay.ok ? null : relay.problem],
    [report?.name ?? 'postern_dmarc_report_from', report?.text ?? null],
    ['smtp_tls_security_level', 'problem' in settings ? settings.problem : null],
    ...findUnreadable(config).map(({ name, text }) => [name, text] as const),
    ['smtpd_tls_cert_file', 'problem' in tls ? tls.problem : null],
    [
      'postern_log',
      log === null
        ? `cannot use "${config.postern_log}" for postern_log: expected stdout:, file:PATH, syslog: or syslog:ADDR:PORT`
        : null,
    ],
  ]
  return found.flatMap(([name, text]) => (text === null ? [] : [{ place: settingPlace(name, loaded), text }]))
}

function settingPlace(name: string, loaded: Loaded): Place {
  const source = loaded.sources.get(name)
  return source === undefined || source.kind === 'default'
    ? { file: `default of ${name}`, line: 0, column: 0 }
    : source.place
}

/** A word that no file brought has no place. */
function placeOf(word: Place, loaded: Loaded): Place {
  return word.file === '' ? settingPlace('smtpd_restriction_classes', loaded) : word
}

/** Every table that the configuration names, each once. */
function tableSpecs(config: Config): readonly string[] {
  const ofParams = allParams.flatMap(param => {
    if (param.type.kind !== 'list of tables') return []
    // The type's parse made it a list of texts.
    return config[param.name] as readonly string[]
  })
  const lists = [
    ...LIST_NAMES.map(name => config[name]),
    ...config.restriction_classes.values(),
    ...config.postern_policy_listen.map(({ words }) => words ?? []),
  ]
  const inLists = lists.flatMap(words => words.map(word => word.text).filter(text => /^[A-Za-z]\w*:[^:]/.test(text)))
  const tables = inLists.filter(text => !/^(?:inet|unix):/.test(text))
  return [...new Set([...ofParams, ...tables])]
}

function tableProblems(
  told: readonly TableProblem[],
  severity: TableProblem['severity'],
  path: string,
): readonly Problem[] {
  return told
    .filter(problem => problem.severity === severity)
    .map(problem => ({
      place: { file: problem.file ?? path, line: problem.line ?? 0, column: problem.line === null ? 0 : 1 },
      text: `table ${problem.table}: ${formatProblem(problem)}`,
    }))
}

/** What the table's own reader takes for text like any other. */
function inTableTexts(specs: readonly string[], config: Config, directory: string): readonly Problem[] {
  return specs.flatMap(spec => {
    const colon = spec.indexOf(':')
    const file = resolve(directory, spec.slice(colon + 1))
    if (!/^(?:hash|btree|lmdb|cdb|dbm|texthash|cidr|regexp|pcre)$/.test(spec.slice(0, colon)) || !existsSync(file))
      return []
    const text = readFileSync(file, 'utf8')
    const holds = config.postern_hold_hop === '' ? findHolds(text, file) : []
    return [...findFalseComments(text, { type: spec.slice(0, colon), file }), ...holds, ...findFilters(text, file)]
  })
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  const shown = problems.map(problem => ({ ...problem, text: hideListKeys(problem.text) }))
  return [...new Map(shown.map(problem => [JSON.stringify(problem), problem])).values()]
}
