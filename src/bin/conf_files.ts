/** Files of other programs and secrets that main.cf names: what cannot be read is a problem of the configuration, not a fault. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'

/** A file that main.cf names cannot be read; the message is one sentence with what to do. */
export class ConfFileError extends Error {}

/** The text of the file that `parameter` names. ConfFileError when it cannot be read. */
export function readConfFile(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfFileError(`cannot read ${parameter} ${path}: ${errnoText(error)}; ${remedy(errnoCode(error))}`)
  }
}

function remedy(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return 'let postern_user read it and enter its directories'
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'name a file that is there, or leave the parameter empty'
  return 'name a file, or leave the parameter empty'
}

/** The settings that take everything from a file: without it, nobody has said what is to be refused. */
const WHOLE_POLICIES = ['postern_spf_policyd_conf', 'postern_dmarc_conf'] as const

export interface Unreadable {
  readonly name: string
  readonly text: string
}

/** Those without which nothing can be judged. */
export function findUnreadablePolicies(config: Config): readonly Unreadable[] {
  return unreadable(config, WHOLE_POLICIES)
}

/** Everything that a configuration names and this process cannot read, by its parameter. */
export function findUnreadable(config: Config): readonly Unreadable[] {
  // A password that is not used need not be there.
  const isShared = config.postern_store.kind !== 'embedded'
  return unreadable(config, isShared ? [...WHOLE_POLICIES, 'postern_store_password_file'] : WHOLE_POLICIES)
}

type FileParameter = (typeof WHOLE_POLICIES)[number] | 'postern_store_password_file'

function unreadable(config: Config, names: readonly FileParameter[]): readonly Unreadable[] {
  return names.flatMap(name => {
    if (config[name] === '') return []
    try {
      readConfFile(name, config[name])
      return []
    } catch (error) {
      if (!(error instanceof ConfFileError)) throw error
      return [{ name, text: error.message }]
    }
  })
}

/** The same without files that cannot be read, so that the rest can be looked at. */
export function withoutUnreadable(config: Config): Config {
  const names = findUnreadable(config).map(({ name }) => name)
  return { ...config, ...Object.fromEntries(names.map(name => [name, ''])) }
}
