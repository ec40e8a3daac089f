/** The doors of a configuration: each address to listen on, and what is spoken behind it. */
import { isAbsolute, join } from 'node:path'
import type { Config, Endpoint } from '../config/config.ts'
import type { ListenTarget } from '../net/listener.ts'

export interface Door {
  /** "smtp inet:127.0.0.1:25", "policy unix:/var/spool/postfix/private/policyd-spf": the same door in another configuration has the same key. */
  readonly key: string
  readonly target: ListenTarget
  /** Permissions of a Unix socket; null: everybody may connect. */
  readonly mode: number | null
  /** Nobody asked for it: a Postgrey or an OpenDMARC that has the address may keep it. */
  readonly byDefault?: boolean
}

export type DoorKind = 'smtp' | 'policy' | 'milter'

type DoorConfig = Pick<
  Config,
  | 'postern_smtp_listen'
  | 'postern_policy_listen'
  | 'postern_policy_socket_mode'
  | 'postern_milter_listen'
  | 'postern_milter_socket_mode'
  | 'queue_directory'
>

/** SMTP first. */
export function allDoors(config: DoorConfig): readonly Door[] {
  return [...smtpDoors(config), ...helperDoors(config)]
}

export function smtpDoors(config: DoorConfig): readonly Door[] {
  return config.postern_smtp_listen.map(endpoint => ({
    key: `smtp ${addressOf(endpoint)}`,
    target: endpoint,
    mode: null,
  }))
}

/** Those that serve another Postfix. */
export function helperDoors(config: DoorConfig): readonly Door[] {
  return [...policyDoors(config), ...milterDoors(config)]
}

/** The same, told apart by whether the configuration names them. */
export function withDefaults(
  doors: readonly Door[],
  isDefault: (parameter: DoorParameter) => boolean,
): readonly Door[] {
  return doors.map(door => {
    const kind = doorKind(door.key)
    return kind === 'smtp' ? door : { ...door, byDefault: isDefault(`postern_${kind}_listen`) }
  })
}

export type DoorParameter = 'postern_policy_listen' | 'postern_milter_listen'

export function policyDoors(config: DoorConfig): readonly Door[] {
  return config.postern_policy_listen.map(endpoint => {
    const placed = placedEndpoint(endpoint, config.queue_directory)
    return { key: policyDoorKey(endpoint, config), target: placed, mode: config.postern_policy_socket_mode }
  })
}

export function milterDoors(config: DoorConfig): readonly Door[] {
  return config.postern_milter_listen.map(endpoint => {
    const placed = placedEndpoint(endpoint, config.queue_directory)
    return { key: `milter ${addressOf(placed)}`, target: placed, mode: config.postern_milter_socket_mode }
  })
}

export function policyDoorKey(endpoint: Endpoint, config: Pick<Config, 'queue_directory'>): string {
  return `policy ${addressOf(placedEndpoint(endpoint, config.queue_directory))}`
}

export function doorKind(key: string): DoorKind {
  if (key.startsWith('policy ')) return 'policy'
  return key.startsWith('milter ') ? 'milter' : 'smtp'
}

/** "inet:127.0.0.1:25", "inet:[::1]:25", "unix:PATH". */
export function addressOf(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  return endpoint.address.includes(':')
    ? `inet:[${endpoint.address}]:${endpoint.port}`
    : `inet:${endpoint.address}:${endpoint.port}`
}

/** Postfix: a relative path is below queue_directory, where smtpd runs. */
function placedEndpoint(endpoint: Endpoint, queueDirectory: string): Endpoint {
  if (endpoint.kind !== 'unix' || isAbsolute(endpoint.path)) return endpoint
  return { ...endpoint, path: join(queueDirectory, endpoint.path) }
}
