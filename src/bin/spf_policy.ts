import { existsSync, readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import { parsePolicydConf } from '../mailauth/spf/policyd/conf_file.ts'
import { makeSpfPolicy, type SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import { type SpfPolicySettings, settingsOf } from '../mailauth/spf/policyd/settings.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'

/** check_spf of one configuration; reads postern_spf_policyd_conf where it names a file. */
export function openSpfPolicy(
  config: Config,
  services: { readonly resolver: Resolver; readonly clock: Clock; warn(problem: TableProblem): void },
): SpfPolicy {
  const { resolver, clock } = services
  const settings = readSettings(config, problem => services.warn(problem))
  return makeSpfPolicy({ settings, resolver, clock, hostname: config.myhostname })
}

function readSettings(config: Config, warn: (problem: TableProblem) => void): SpfPolicySettings {
  const file = config.postern_spf_policyd_conf
  if (file === '') return settingsOf(config)
  const table = 'postern_spf_policyd_conf'
  const missing = !existsSync(file)
  if (missing) {
    const text = `${file}: no such file; check_spf does as policyd-spf without a configuration`
    warn({ severity: 'warning', table, file, line: null, text, remedy: null })
  }
  const { settings, problems } = parsePolicydConf(missing ? '' : readFileSync(file, 'utf8'), config.myhostname)
  for (const { line, text, remedy } of problems)
    warn({ severity: 'warning', table, file, line, text: `${file}:${line}: ${text}`, remedy })
  return settings
}
