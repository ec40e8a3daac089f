/** Everything there is to say about a configuration before a mail meets it: the same for serve, reload and check. */
import { dirname } from 'node:path'
import type { Loaded } from '../config/config.ts'
import { findContradictions } from '../config/contradictions.ts'
import { hideListKeys } from '../config/list_key.ts'
import type { Place, Problem } from '../config/place.ts'
import { NO_HOSTS } from '../dns/hosts_file.ts'
import { parseDestination } from '../hop/destination.ts'
import { hopSettings } from '../hop/settings.ts'
import { registry } from '../restrictions/index.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { findUnreadable, withoutUnreadable } from './conf_files.ts'
import { openDecision } from './decision.ts'
import { readDmarcConf } from './dmarc_conf.ts'
import { reportProblem } from './dmarc_reports.ts'
import { findGatewayLimits } from './gateway_limits.ts'
import { findKeyProblems } from './keys.ts'
import { parseLogTarget } from './log.ts'
import { NO_MEMORY } from './memory.ts'
import { morningProblem } from './morning_request.ts'
import { findPolicyCircles } from './policy_circles.ts'
import { inTableTexts, settingPlace, tableProblems, tableSpecs } from './table_findings.ts'
import { authoritiesProblem, readTls } from './tls_files.ts'

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
  const directory = dirname(path)
  const from = { loaded, directory }
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
  const dmarcConf = readDmarcConf(readable)
  const specs = tableSpecs(config)
  for (const spec of specs) decision.lists.openTable(spec)
  await decision.ready()
  decision.close()
  const inLists = decision.problems.map(({ word, message }) => ({ place: placeOf(word, loaded), text: message }))
  return {
    config: unique([...loaded.problems, ...unusable(loaded), ...dmarcConf.errors]),
    lists: unique([...inLists, ...tableProblems(told, 'error', from)]),
    warnings: unique([
      ...loaded.warnings,
      ...findContradictions(config, name => registry.find(name)),
      ...findGatewayLimits(loaded),
      ...findPolicyCircles(config),
      ...unreadAuthorities(loaded),
      ...dmarcConf.warnings,
      ...tableProblems(told, 'warning', from),
      ...inTableTexts(specs, config, directory),
    ]),
  }
}

function unreadAuthorities(loaded: Loaded): readonly Problem[] {
  const text = authoritiesProblem(loaded.config)
  return text === null ? [] : [{ place: settingPlace('smtpd_tls_CApath', loaded), text }]
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
  const morning = morningProblem(config)
  const morningRelay = parseDestination(config.postern_report_relay || 'discard:')
  const log = parseLogTarget(config.postern_log)
  const found: readonly (readonly [name: string, text: string | null])[] = [
    ['postern_next_hop', hop.ok ? null : hop.problem],
    ['postern_hold_hop', hold.ok ? null : hold.problem],
    ['postern_dmarc_report_relay', relay.ok ? null : relay.problem],
    [report?.name ?? 'postern_dmarc_report_from', report?.text ?? null],
    [morning?.name ?? 'postern_report_options', morning?.text ?? null],
    ['postern_report_relay', morningRelay.ok ? null : morningRelay.problem],
    ['smtp_tls_security_level', 'problem' in settings ? settings.problem : null],
    ...findUnreadable(config).map(({ name, text }) => [name, text] as const),
    ...findKeyProblems(config).map(({ name, problem }) => [name, problem] as const),
    ['smtpd_tls_cert_file', 'problem' in tls ? tls.problem : null],
    [
      'postern_log',
      log === null
        ? `cannot use "${config.postern_log}" for postern_log: expected stdout:, file:PATH, syslog: or syslog:ADDR:PORT`
        : null,
    ],
  ]
  return found.flatMap(([name, text]) =>
    text === null ? [] : [{ place: settingPlace(name, loaded), text: text.includes(name) ? text : `${name}: ${text}` }],
  )
}

/** A word that no file brought has no place. */
function placeOf(word: Place, loaded: Loaded): Place {
  return word.file === '' ? settingPlace('smtpd_restriction_classes', loaded) : word
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  const shown = problems.map(problem => ({ ...problem, text: hideListKeys(problem.text) }))
  return [...new Map(shown.map(problem => [JSON.stringify(problem), problem])).values()]
}
