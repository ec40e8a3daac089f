/** The opendmarc.conf that main.cf names: what is wrong in it keeps Postern from starting, as it does opendmarc. */
import { existsSync, readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { formatProblem, type Problem } from '../config/place.ts'
import { type ConfProblem, parseOpendmarcConf } from '../mailauth/message/opendmarc_conf.ts'
import { type MessageSettings, settingsOf } from '../mailauth/message/settings.ts'
import { ConfFileError, readConfFile } from './conf_files.ts'

export interface DmarcConf {
  readonly settings: MessageSettings
  /** Whoever judges by the rest would judge as nobody has said. */
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What main.cf, or the opendmarc.conf that it names, says about DMARC. ConfFileError when that cannot be read. */
export function readDmarcConf(config: Config): DmarcConf {
  const file = config.postern_dmarc_conf
  const base = settingsOf(config)
  if (file === '') return { settings: base, errors: [], warnings: [] }
  const { settings, problems } = parseOpendmarcConf({
    file,
    text: readConfFile('postern_dmarc_conf', file),
    hostname: config.myhostname,
    base,
    readFile: readOptional,
  })
  const ofSeverity = (wanted: ConfProblem['severity']): readonly Problem[] =>
    problems.filter(({ severity }) => severity === wanted).map(asProblem)
  return { settings, errors: ofSeverity('error'), warnings: ofSeverity('warning') }
}

/** The same settings; ConfFileError also for what is wrong in the file. */
export function readMessageSettings(config: Config): MessageSettings {
  const { settings, errors } = readDmarcConf(config)
  const [first] = errors
  if (first !== undefined) throw new ConfFileError(formatProblem(first))
  return settings
}

/** Why postern_dmarc_conf cannot be used; null: it can. */
export function dmarcConfProblem(config: Config): string | null {
  try {
    readMessageSettings(config)
    return null
  } catch (error) {
    if (error instanceof ConfFileError) return error.message
    throw error
  }
}

function asProblem({ file, line, column, text, remedy }: ConfProblem): Problem {
  return { place: { file, line, column }, text: remedy === null ? text : `${text} (${remedy})` }
}

function readOptional(path: string): string | null {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : null
  } catch {
    return null
  }
}
