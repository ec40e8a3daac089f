import type { Config } from '../config/config.ts'
import type { GreylistRules } from '../model/memory.ts'
import type { KeyRules } from './keys.ts'
import type { ListFile, ListFiles } from './lists.ts'

export interface GreylistSettings {
  readonly enabled: boolean
  readonly rules: GreylistRules
  readonly keys: KeyRules
  readonly action: string
  readonly text: string
  readonly header: string
  readonly hostname: string
  /** %v, and whose log lines. */
  readonly version: string
  /** Log client_address=192.0.2.7/32. */
  readonly logsMask: boolean
  readonly log: boolean
  readonly spf: boolean
  /** Seconds; 0: none. */
  readonly correspondents: number
  readonly only: readonly Suspicion[]
}

export type Suspicion = Config['postern_greylist_only'][number]

export function greylistSettings(config: Config): GreylistSettings {
  return {
    enabled: config.postern_greylist,
    rules: {
      delay: config.postern_greylist_delay,
      retryWindow: config.postern_greylist_retry_window,
      maxAge: config.postern_greylist_max_age,
      autoAllow: config.postern_greylist_auto_allow,
    },
    keys: {
      lookupByHost: config.postern_greylist_lookup_by_host,
      ipv4Prefix: config.postern_greylist_ipv4_prefix,
      ipv6Prefix: config.postern_greylist_ipv6_prefix,
      privacy: config.postern_greylist_privacy,
    },
    action: config.postern_greylist_action,
    text: config.postern_greylist_text,
    header: config.postern_greylist_header,
    hostname: config.postern_greylist_hostname,
    version: config.postern_postgrey_version,
    logsMask: isBefore137(config.postern_postgrey_version),
    log: config.postern_greylist_log,
    spf: config.postern_greylist_spf,
    correspondents: config.postern_greylist_correspondents,
    only: config.postern_greylist_only,
  }
}

function isBefore137(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 1 || (major === 1 && minor < 37)
}

/** The files that the parameters mean; `directory` is that of main.cf. */
export function greylistFiles(config: Config, directory: string): ListFiles {
  return {
    clients: listFiles(config.postern_greylist_whitelist_clients, 'whitelist_clients', directory),
    recipients: listFiles(config.postern_greylist_whitelist_recipients, 'whitelist_recipients', directory),
    providers: config.postern_greylist_providers
      ? inDirectory(config.postern_greylist_providers_file, directory)
      : null,
  }
}

const POSTGREY_DIRECTORY = '/etc/postgrey'

function listFiles(words: readonly string[], name: string, directory: string): readonly ListFile[] {
  const paths = words.flatMap(word =>
    word === 'auto'
      ? [directory, POSTGREY_DIRECTORY]
          .flatMap(each => [`${each}/${name}`, `${each}/${name}.local`])
          .map(path => ({ path, optional: true }))
      : // Postgrey: "do not warn about .local file: maybe the user just doesn't have one".
        [{ path: inDirectory(word, directory), optional: word.endsWith('.local') }],
  )
  return [...new Map(paths.map(file => [file.path, file])).values()]
}

function inDirectory(path: string, directory: string): string {
  return path.startsWith('/') ? path : `${directory}/${path}`
}
