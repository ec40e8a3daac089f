/** Where the configuration comes from, as data: read once by the supervisor, so that all workers use the very same text. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Loaded, loadConfig } from '../config/config.ts'
import type { Problem } from '../config/place.ts'
import type { PostgreyEnvironment } from '../config/postgrey_settings.ts'
import { hostEnv, readConfig } from '../config/read.ts'
import type { Options } from './command.ts'
import { CommandError, NEGATIVE } from './exit_status.ts'

export interface ConfigSource {
  readonly mainCf: string
  /** The file it was read from. */
  readonly path: string
  readonly overrides: readonly string[]
  readonly masterCf: string
  /** What systemd's EnvironmentFile=/etc/default/postgrey brought. */
  readonly environment?: PostgreyEnvironment
}

const DEFAULT_PLACES = ['/etc/postern/main.cf', '/etc/postfix/main.cf']

/** The main.cf that --config names, or the first of the usual ones; CommandError when there is none. */
export function configPath(options: Options): string {
  const asked = options.text('config') ?? process.env['POSTERN_CONFIG']
  if (asked !== undefined && asked !== '') return asked
  const found = DEFAULT_PLACES.find(path => existsSync(path))
  if (found === undefined) {
    throw new CommandError(`there is no ${DEFAULT_PLACES.join(' and no ')}: say --config PATH`, NEGATIVE)
  }
  return dirname(found)
}

export type SourceRead =
  | { readonly ok: true; readonly source: ConfigSource; readonly loaded: Loaded }
  | { readonly ok: false; readonly problem: Problem }

/** Reads main.cf, once. */
export function readSource(config: string, overrides: readonly string[]): SourceRead {
  const { POSTGREY_OPTS = '', POSTGREY_TEXT = '' } = process.env
  const environment = { POSTGREY_OPTS, POSTGREY_TEXT }
  const read = readConfig({ config, overrides, environment })
  if (!read.ok) return read
  const { path, loaded, mainCf, masterCf } = read
  return { ok: true, loaded, source: { mainCf, path, overrides, masterCf, environment } }
}

/** The same configuration again from data. */
export function loadSource(source: ConfigSource): Loaded {
  return loadConfig({ ...source, env: hostEnv() })
}
