/** The only file of this folder that looks at the machine: it fetches what `loadConfig` needs. */
import { readFileSync, statSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { type Loaded, loadConfig } from './config.ts'
import type { HostEnv } from './host.ts'
import type { Problem } from './place.ts'
import type { PostgreyEnvironment } from './postgrey_settings.ts'

export interface ReadOptions {
  /** A directory that holds a main.cf, or a main.cf under any name. */
  readonly config: string
  readonly overrides?: readonly string[]
  readonly environment?: PostgreyEnvironment
}

export type ReadResult =
  | {
      readonly ok: true
      readonly path: string
      /** The texts it was loaded from. */
      readonly mainCf: string
      readonly masterCf: string
      readonly loaded: Loaded
    }
  | { readonly ok: false; readonly problem: Problem }

/** Reads and loads main.cf. A file that cannot be read is a problem, not a throw. */
export function readConfig(options: ReadOptions): ReadResult {
  const path = mainCfPath(options.config)
  try {
    const mainCf = readFileSync(path, 'utf8')
    const { overrides = [], environment = {} } = options
    const masterCf = readOptional(`${path.slice(0, path.lastIndexOf('/') + 1)}master.cf`)
    const loaded = loadConfig({ mainCf, path, overrides, masterCf, environment, env: hostEnv() })
    return { ok: true, path, mainCf, masterCf, loaded }
  } catch (error) {
    // Everything that node:fs throws is an Error with a code.
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return {
      ok: false,
      problem: { place: { file: path, line: 0, column: 0 }, text: `cannot read the file: ${reasonOf(code)}` },
    }
  }
}

/** The main.cf that `--config` means. */
export function mainCfPath(config: string): string {
  const isDirectory = statSync(config, { throwIfNoEntry: false })?.isDirectory() ?? false
  return isDirectory || config.endsWith('/') ? `${config.replace(/\/+$/, '')}/main.cf` : config
}

/** This machine. */
export function hostEnv(): HostEnv {
  const interfaces = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  return {
    hostname: hostname(),
    interfaces: interfaces.map(({ address, netmask }) => ({ address, netmask })),
    readFirstLine: path => readOptional(path).split('\n')[0] || null,
  }
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function reasonOf(code: string): string {
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  return code
}
