import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import { parsePolicydConf } from '../mailauth/spf/policyd/conf_file.ts'
import { makeSpfPolicy, type SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import { type SpfPolicySettings, settingsOf } from '../mailauth/spf/policyd/settings.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { readConfFile } from './conf_files.ts'

/** check_spf of one configuration; reads postern_spf_policyd_conf where it names a file; ConfFileError when it cannot. */
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
  // Without it policyd-spf refuses by its defaults, which nobody wished who named a file.
  const { settings, problems } = parsePolicydConf(readConfFile(table, file), config.myhostname)
  for (const { line, text, remedy } of problems)
    warn({ severity: 'warning', table, file, line, text: `${file}:${line}: ${text}`, remedy })
  return settings
}
