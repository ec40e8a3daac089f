import { readBraces, splitWords, trimBlanks } from '../util/words.ts'
import type { DialTarget } from './dial.ts'

/** smtpd_policy_service_…, or what one server has of its own; times in milliseconds. */
export interface PolicyServiceSettings {
  readonly timeoutMs: number
  readonly maxIdleMs: number
  readonly maxTtlMs: number
  readonly retryDelayMs: number
  /** 0: no limit. */
  readonly requestLimit: number
  readonly tryLimit: number
  readonly defaultAction: string
  readonly policyContext: string
}

export interface PolicyServer {
  /** "127.0.0.1:10031", "private/policy": what log lines call it. */
  readonly endpoint: string
  readonly address:
    | { readonly kind: 'inet'; readonly host: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string }
  readonly settings: PolicyServiceSettings
}

export type ParsedPolicyServer =
  | { readonly ok: true; readonly server: PolicyServer }
  /** In Postfix's words, as smtpd would say before it dies. */
  | { readonly ok: false; readonly problem: string }

/** Reads the argument of check_policy_service: `inet:host:port`, `unix:path`, or `{ inet:host:port, name = value, … }`. */
export function parsePolicyServer(text: string, defaults: PolicyServiceSettings): ParsedPolicyServer {
  if (!text.startsWith('{')) return parseEndpoint(text, defaults)
  const braces = readBraces(text)
  if ('problem' in braces) return { ok: false, problem: `policy service syntax error: ${braces.problem}` }
  const [name, ...options] = splitWords(braces.inside)
  if (name === undefined) return { ok: false, problem: `empty policy service: "${text}"` }
  let settings = defaults
  for (const option of joinPairs(options)) {
    const changed = applyOption(settings, option)
    if ('problem' in changed) return { ok: false, problem: changed.problem }
    settings = changed.settings
  }
  return parseEndpoint(name, settings)
}

/** `timeout = 3s` without braces is three words; Postfix wants `timeout=3s` or `{ timeout = 3s }`. */
function joinPairs(words: readonly string[]): readonly string[] {
  return words.map(word => {
    const braces = word.startsWith('{') ? readBraces(word) : null
    return braces !== null && 'inside' in braces ? braces.inside : word
  })
}

type Applied = { readonly settings: PolicyServiceSettings } | { readonly problem: string }

function applyOption(settings: PolicyServiceSettings, option: string): Applied {
  const equals = option.indexOf('=')
  if (equals < 0) return { problem: `malformed option: missing '=' after attribute name: "...${option}..."` }
  const name = trimBlanks(option.slice(0, equals))
  const value = trimBlanks(option.slice(equals + 1))
  if (name === '') return { problem: `malformed option: missing attribute name: "...${option}..."` }
  const time = TIMES.get(name)
  if (time !== undefined) {
    const ms = parseTime(value)
    return ms === null
      ? { problem: `${name}: bad time value or unit: ${value}` }
      : { settings: { ...settings, [time]: ms } }
  }
  if (name === 'request_limit' || name === 'try_limit') {
    const least = name === 'try_limit' ? 1 : 0
    if (!/^\d{1,9}$/.test(value)) return { problem: `bad numerical configuration: ${name} = ${value}` }
    if (Number(value) < least) return { problem: `invalid ${name} parameter value ${value} < ${least}` }
    return { settings: { ...settings, [name === 'try_limit' ? 'tryLimit' : 'requestLimit']: Number(value) } }
  }
  if (name === 'default_action') {
    if (value === '') return { problem: `bad string length 0 < 1: ${name} = ${value}` }
    return { settings: { ...settings, defaultAction: value } }
  }
  if (name === 'policy_context') return { settings: { ...settings, policyContext: value } }
  return { problem: `unknown option: "${name} = ${value}"` }
}

const TIMES: ReadonlyMap<string, 'timeoutMs' | 'maxIdleMs' | 'maxTtlMs' | 'retryDelayMs'> = new Map([
  ['timeout', 'timeoutMs'],
  ['max_idle', 'maxIdleMs'],
  ['max_ttl', 'maxTtlMs'],
  ['retry_delay', 'retryDelayMs'],
])

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
])

function parseTime(value: string): number | null {
  const match = /^(\d{1,9})([smhdw]?)$/i.exec(value)
  if (match?.[1] === undefined) return null
  const seconds = Number(match[1]) * (UNITS.get((match[2] || 's').toLowerCase()) ?? 1)
  return seconds > 0 ? seconds * 1000 : null
}

function parseEndpoint(text: string, settings: PolicyServiceSettings): ParsedPolicyServer {
  const bad = { ok: false as const, problem: `need service transport:endpoint instead of "${text}"` }
  const colon = text.indexOf(':')
  const endpoint = text.slice(colon + 1)
  if (colon <= 0 || endpoint === '') return bad
  const transport = text.slice(0, colon)
  if (transport === 'unix' || transport === 'local') {
    return { ok: true, server: { endpoint, address: { kind: 'unix', path: endpoint }, settings } }
  }
  if (transport !== 'inet') return { ok: false, problem: `invalid transport name: ${transport} in service: ${text}` }
  const match = /^(?:\[([^\]]+)\]:|([^[\]]*):)?(\d{1,5})$/.exec(endpoint)
  const port = Number(match?.[3] ?? 0)
  if (match === null || port < 1 || port > 65_535)
    return { ok: false, problem: `host or service ${endpoint} not found` }
  // Postfix inet_connect: no host means this machine.
  const host = match[1] ?? match[2]
  return {
    ok: true,
    server: {
      endpoint,
      address: { kind: 'inet', host: host === undefined || host === '' ? '127.0.0.1' : host, port },
      settings,
    },
  }
}

/** Postfix: a relative path is below queue_directory, where smtpd runs. */
export function dialTarget(server: PolicyServer, queueDirectory: string): DialTarget {
  const { address } = server
  if (address.kind === 'inet') return { kind: 'inet', address: address.host, port: address.port }
  return { kind: 'unix', path: address.path.startsWith('/') ? address.path : `${queueDirectory}/${address.path}` }
}
