import { formatFindings } from '../config/check.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/place.ts'
import { systemClock } from '../util/clock.ts'
import type { Call } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { GOOD, NEGATIVE } from './exit_status.ts'
import { examine, type Soundness } from './soundness.ts'

/** Postfix defers everything when a policy service or milter is gone, unless told to go on. */
function linesForPostfix(config: Config): readonly string[] {
  return [
    ...(config.postern_policy_listen.length > 0
      ? ['smtpd_policy_service_default_action = DUNNO', 'smtpd_policy_service_timeout = 20s']
      : []),
    ...(config.postern_milter_listen.length > 0 ? ['milter_default_action = accept'] : []),
  ]
}

/** `postern check`. */
export async function run({ options, terminal }: Call): Promise<number> {
  const read = readSource(configPath(options), options.texts('override'))
  const soundness: Soundness = read.ok
    ? await examine(read.loaded, read.source.path, systemClock)
    : { config: [read.problem], lists: [], warnings: [] }
  const problems = [...soundness.config, ...soundness.lists]
  const { warnings } = soundness
  const forPostfix = read.ok ? linesForPostfix(read.loaded.config) : []
  if (options.has('json')) {
    terminal.out(
      JSON.stringify({ problems: problems.map(asJson), warnings: warnings.map(asJson), forPostfix }, null, 2) + '\n',
    )
    return problems.length > 0 ? NEGATIVE : GOOD
  }
  for (const line of formatFindings({ problems, warnings })) {
    terminal.out(line.replace(/: warning: /, `: ${terminal.style('yellow', 'warning')}: `) + '\n')
  }
  if (forPostfix.length > 0) {
    terminal.out('For main.cf of the Postfix that asks here, so that its mail flows when nobody answers:\n')
    for (const line of forPostfix) terminal.out(`  ${line}\n`)
  }
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
  const sum = `${count(problems.length, 'problem')}, ${count(warnings.length, 'warning')}`
  const place = read.ok ? read.source.path : read.problem.place.file
  terminal.err(`${place}: ${terminal.style(problems.length > 0 ? 'red' : 'green', sum)}\n`)
  return problems.length > 0 ? NEGATIVE : GOOD
}

function asJson({ place, text }: Problem): Readonly<Record<string, string | number>> {
  return { ...place, text }
}
