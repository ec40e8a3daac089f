/** postern_store: where Postern's memory is. */
import type { ParamType, Parsed } from './types.ts'

export interface HostPort {
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string
  readonly port: number
}

/** Who to say one is; '' for nobody and for no password. */
export interface StoreLogin {
  readonly user: string
  readonly password: string
}

/** How the servers of a shared memory are found. */
export type StoreServers =
  | { readonly kind: 'single'; readonly server: HostPort }
  | { readonly kind: 'unix'; readonly path: string }
  /** The hosts are Sentinels, which know the master called `name`. */
  | { readonly kind: 'sentinel'; readonly sentinels: readonly HostPort[]; readonly name: string }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[] }

export type StoreAddress =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'valkey'
      readonly servers: StoreServers
      readonly login: StoreLogin
      readonly database: number
      readonly tls: boolean
      /** As written, the password left out: for messages. */
      readonly text: string
    }

/** `problem` completes "expected …". */
export type ParsedStore =
  | { readonly ok: true; readonly address: StoreAddress }
  | { readonly ok: false; readonly problem: string }

const VALKEY_PORT = 6379
const SENTINEL_PORT = 26_379

const SCHEMES = /^(?:valkey|redis{1,2}|valkeys)(?:\+(unix|sentinel|cluster))?:(.*)$/is
const WANTED =
  'embedded:, valkey://host:port/db, valkeys://… (TLS), valkey+unix:/path, valkey+sentinel://host:port,…/name or valkey+cluster://host:port,…'

/** The type of postern_store. */
export function storeAddress(): ParamType<StoreAddress> {
  return {
    kind: 'address of a memory',
    wanted: WANTED,
    hide: hidePassword,
    parse(value): Parsed<StoreAddress> {
      const parsed = parseStoreAddress(value.text)
      if (parsed.ok) return { ok: true, value: parsed.address }
      return { ok: false, word: hidePassword(value.text), offset: 0, instead: parsed.problem }
    },
  }
}

/** The text with *** where a URL has a password. */
export function hidePassword(text: string): string {
  // Up to the last "@", so that a password in which somebody forgot to write "@" as %40 does not show either.
  return text.replace(/(:\/\/[^:@/\s]*:)[^\s]*@/g, '$1***@')
}

export function parseStoreAddress(text: string): ParsedStore {
  if (text === 'embedded:') return { ok: true, address: { kind: 'embedded' } }
  const match = SCHEMES.exec(text)
  if (match === null) return problem(WANTED)
  const [, topology = 'single', rest = ''] = match
  const tls = /^(?:valkeys|rediss)/i.test(text)
  const shape = { kind: 'valkey', tls, text: hidePassword(text) } as const
  if (topology.toLowerCase() === 'unix') return parseUnix(rest, shape)
  const parts = splitAuthority(rest)
  if (typeof parts === 'string') return problem(parts)
  const { login, path } = parts
  switch (topology.toLowerCase()) {
    case 'sentinel': {
      const sentinels = parseHosts(parts.hosts, SENTINEL_PORT)
      if (typeof sentinels === 'string') return problem(sentinels)
      const [, name = '', database = ''] = /^\/([^/]*)(.*)$/.exec(path) ?? []
      if (name === '')
        return problem('the name of the master behind the Sentinels, as in valkey+sentinel://host:port/mymaster')
      return withDatabase(database, { ...shape, login, servers: { kind: 'sentinel', sentinels, name } })
    }
    case 'cluster': {
      const nodes = parseHosts(parts.hosts, VALKEY_PORT)
      if (typeof nodes === 'string') return problem(nodes)
      if (path !== '' && path !== '/')
        return problem('nothing behind the nodes of a cluster, which has no database numbers')
      return { ok: true, address: { ...shape, login, database: 0, servers: { kind: 'cluster', nodes } } }
    }
    default: {
      const hosts = parseHosts(parts.hosts, VALKEY_PORT)
      if (typeof hosts === 'string') return problem(hosts)
      const [server] = hosts
      if (server === undefined || hosts.length > 1)
        return problem('one server, or valkey+cluster:// or valkey+sentinel:// in front of several')
      return withDatabase(path, { ...shape, login, servers: { kind: 'single', server } })
    }
  }
}

type Valkey = Extract<StoreAddress, { kind: 'valkey' }>

function parseUnix(rest: string, shape: Pick<Valkey, 'kind' | 'tls' | 'text'>): ParsedStore {
  if (shape.tls) return problem('valkey+unix:/path, for TLS is not spoken on a socket of the own machine')
  const [, path = '', database = ''] = /^(?:\/\/)?(\/[^?]*)(?:\?db=(.*))?$/s.exec(rest) ?? []
  if (path.length < 2) return problem('the path of a socket, as in valkey+unix:/run/valkey/valkey.sock')
  const login = { user: '', password: '' }
  return withDatabase(database, { ...shape, login, servers: { kind: 'unix', path } })
}

function withDatabase(text: string, address: Omit<Valkey, 'database'>): ParsedStore {
  const digits = text.replace(/^\//, '')
  if (digits === '') return { ok: true, address: { ...address, database: 0 } }
  if (!/^[0-9]{1,5}$/.test(digits)) return problem('the number of a database behind the last slash')
  return { ok: true, address: { ...address, database: Number(digits) } }
}

/** `//user:password@hosts/path`; a text says what was expected. */
function splitAuthority(
  rest: string,
): { readonly login: StoreLogin; readonly hosts: string; readonly path: string } | string {
  const match = /^\/\/(?:([^@/]*)@)?([^/@]*)(\/.*)?$/s.exec(rest)
  if (match === null) return '//host:port behind the scheme, and "%40" and "%2F" for "@" and "/" in a password'
  const [, login = '', hosts = '', path = ''] = match
  const colon = login.indexOf(':')
  const user = unescapePercent(colon < 0 ? login : login.slice(0, colon))
  const password = unescapePercent(colon < 0 ? '' : login.slice(colon + 1))
  if (user === null || password === null) return 'two hexadecimal digits behind each "%" of user and password'
  if (user !== '' && password === '' && colon < 0) return 'user:password@, or :password@ without a user'
  return { login: { user, password }, hosts, path }
}

function parseHosts(text: string, defaultPort: number): readonly HostPort[] | string {
  const found: HostPort[] = []
  for (const part of text.split(',')) {
    const match = /^(?:\[([0-9a-f:.%]+)\]|([\w.-]+))(?::([0-9]{1,5}))?$/i.exec(part)
    const port = match?.[3] === undefined ? defaultPort : Number(match[3])
    const host = match?.[1] ?? match?.[2]
    if (host === undefined) return 'a host such as mail1.example.com:6379, 192.0.2.1:6379 or [2001:db8::1]:6379'
    if (port < 1 || port > 65_535) return 'a port from 1 to 65535'
    found.push({ host, port })
  }
  return found
}

function unescapePercent(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function problem(text: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: text }
}
