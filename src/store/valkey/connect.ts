/** Connections by iovalkey: one server, a master behind Sentinels, or a cluster. The only file that knows the package. */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'iovalkey'
import type { StoreAddress } from '../../config/store_url.ts'
import type { Clock } from '../../util/clock.ts'
import { errorText } from './deadlines.ts'
import type { Remote, RemoteEvents } from './remote.ts'
import { type ScriptName, scripts } from './scripts.ts'
import { slotOf } from './slot.ts'

export interface ConnectOptions {
  /** It wins over the one in the address; '' for none. */
  readonly password: string
  readonly timeoutMs: number
  readonly clock: Clock
}

type ValkeyAddress = Extract<StoreAddress, { kind: 'valkey' }>

/** So that a server that came back is found within two seconds (T19.1 gives us ten for all). */
const RETRY_MS = 100
const RETRY_MOST_MS = 1000

/** Ours among the commands of the client, which has a `touch` of its own. */
const COMMAND = 'postern_'

/** Connects; later, if the server is not there now. */
export function connectRemote(address: ValkeyAddress, options: ConnectOptions): Remote {
  return address.servers.kind === 'cluster' ? new ClusterRemote(address, options) : new SingleRemote(address, options)
}

class SingleRemote implements Remote {
  readonly isCluster = false
  readonly name: string
  readonly #client: Redis
  #lastError = ''

  constructor(address: ValkeyAddress, options: ConnectOptions) {
    this.name = address.text
    this.#client = new Redis({
      ...commonOptions(address, options),
      ...wayTo(address),
      db: address.database,
      retryStrategy: retryAfter,
      // Nobody waits for a server that is gone: its callers have their answer from the local memory.
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      scripts: commands(),
      // A master that was made a replica refuses to write; a new connection asks the Sentinels who is master now.
      reconnectOnError: error => error.message.startsWith('READONLY'),
    })
  }

  listen({ lost, connected }: RemoteEvents): void {
    this.#client.on('error', error => {
      this.#lastError = errorText(error)
    })
    this.#client.on('close', () => {
      lost('', this.#lastError || 'the connection ended')
      this.#lastError = ''
    })
    this.#client.on('ready', () => connected())
    if (this.#client.status === 'ready') connected()
  }

  lane(): string {
    return ''
  }

  lanes(): Iterable<string> {
    return ['']
  }

  get(key: string): Promise<string | null> {
    return this.#client.get(key)
  }

  mark(key: string, seconds: number, options: { readonly ifAbsent: boolean }): Promise<boolean> {
    return markKey(this.#client, key, { seconds, ...options })
  }

  run(script: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return runScript(this.#client, script, [...keys, ...args])
  }

  scan(prefix: string): AsyncIterable<readonly (readonly [string, string])[]> {
    return scanNode(this.#client, prefix)
  }

  drop(): void {
    if (this.#client.status === 'ready') this.#client.disconnect(true)
  }

  close(): void {
    this.#client.disconnect()
  }
}

class ClusterRemote implements Remote {
  readonly isCluster = true
  readonly name: string
  readonly #client: Cluster
  readonly #clock: Clock
  #isClosed = false

  constructor(address: ValkeyAddress, options: ConnectOptions) {
    this.name = address.text
    const nodes = address.servers.kind === 'cluster' ? [...address.servers.nodes] : []
    const settings: ClusterOptions = {
      redisOptions: commonOptions(address, options),
      clusterRetryStrategy: retryAfter,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      scripts: commands(),
      // A slot that has moved is followed. What a dead node was asked is not asked again, of any node that happens to live, for its
      // caller has given up by then.
      maxRedirections: 4,
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      // The client's own refreshing goes on after disconnect() when that comes in the middle of it, and keeps the process alive.
      slotsRefreshInterval: 0,
      slotsRefreshTimeout: RETRY_MOST_MS,
      // A certificate is for the name, which the client would otherwise have replaced by the address.
      ...(address.tls ? { dnsLookup: (name, done) => done(null, name) } : {}),
    }
    this.#client = new Cluster(nodes, settings)
    this.#clock = options.clock
    this.#refreshLater()
  }

  listen({ lost, connected }: RemoteEvents): void {
    let lastError = ''
    this.#client.on('error', error => {
      lastError = errorText(error)
    })
    this.#client.on('node error', error => {
      lastError = errorText(error)
    })
    const served = new WeakSet<Redis>()
    this.#client.on('+node', (node: Redis) => node.once('ready', () => served.add(node)))
    // A node that was connected is so no more; who has its slots now may lack something. Whether it is gone, it tells itself by not
    // answering. One that could not be connected to has nothing new to tell, again and again.
    this.#client.on('-node', (node: Redis) => {
      if (served.has(node)) connected()
    })
    this.#client.on('close', () => {
      for (const lane of this.#lanes()) lost(lane, lastError || 'the connection ended')
    })
    this.#client.on('ready', () => connected())
    if (this.#client.status === 'ready') connected()
  }

  lane(key: string): string {
    return this.#client.slots[slotOf(key)]?.[0] ?? 'no node'
  }

  lanes(): Iterable<string> {
    return this.#lanes()
  }

  get(key: string): Promise<string | null> {
    return this.#client.get(key)
  }

  mark(key: string, seconds: number, options: { readonly ifAbsent: boolean }): Promise<boolean> {
    return markKey(this.#client, key, { seconds, ...options })
  }

  async run(script: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (this.#client.slots[slotOf(keys[0] ?? '')] === undefined && this.#client.slots.length > 0)
      throw new Error('no node has this slot')
    return runScript(this.#client, script, [...keys, ...args])
  }

  #refreshLater(): void {
    this.#clock.after(RETRY_MOST_MS, () => {
      if (this.#isClosed) return
      if (this.#client.status === 'ready') this.#client.refreshSlotsCache()
      this.#refreshLater()
    })
  }

  async *scan(prefix: string): AsyncGenerator<readonly (readonly [string, string])[]> {
    for (const node of this.#client.nodes('master')) yield* scanNode(node, prefix)
  }

  drop(lane: string): void {
    for (const node of this.#client.nodes('master'))
      if (`${node.options.host}:${node.options.port}` === lane) node.disconnect()
  }

  close(): void {
    this.#isClosed = true
    this.#client.disconnect()
  }

  #lanes(): ReadonlySet<string> {
    const lanes = new Set<string>()
    for (const [master] of this.#client.slots) lanes.add(master ?? 'no node')
    return lanes.size === 0 ? new Set(['no node']) : lanes
  }
}

function commonOptions(address: ValkeyAddress, { password, timeoutMs }: ConnectOptions): RedisOptions {
  const secret = password === '' ? address.login.password : password
  const limit = Math.max(1000, 4 * timeoutMs)
  return {
    ...(address.login.user === '' ? {} : { username: address.login.user }),
    ...(secret === '' ? {} : { password: secret }),
    ...(address.tls ? { tls: {} } : {}),
    connectTimeout: limit,
    // A link that swallows everything ends no connection: without this the next one could wait for its greeting for ever.
    socketTimeout: limit,
    keepAlive: 10_000,
    // What was under way when the connection ended has been answered from the local memory, and is told again later.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...{ disconnectTimeout: 50 },
  }
}

function wayTo({ servers, tls }: ValkeyAddress): RedisOptions {
  switch (servers.kind) {
    case 'single':
      return servers.server
    case 'unix':
      return { path: servers.path }
    case 'sentinel':
      return {
        sentinels: [...servers.sentinels],
        name: servers.name,
        sentinelRetryStrategy: retryAfter,
        sentinelCommandTimeout: RETRY_MOST_MS,
        failoverDetector: true,
        ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
      }
    case 'cluster':
      throw new Error('Cannot connect to a cluster as to one server')
  }
}

function retryAfter(times: number): number {
  return Math.min(times * RETRY_MS, RETRY_MOST_MS)
}

function commands(): Record<string, { lua: string; numberOfKeys: number }> {
  return Object.fromEntries(
    Object.entries(scripts).map(([name, { lua, keys }]) => [COMMAND + name, { lua, numberOfKeys: keys }]),
  )
}

/** By hash, and by its text where the server does not know it yet. */
function runScript(client: Redis | Cluster, script: ScriptName, args: readonly (string | number)[]): Promise<unknown> {
  // The client makes a method of each of `scripts` at run time; its types cannot know them.
  const methods = client as unknown as Record<string, (...args: readonly (string | number)[]) => Promise<unknown>>
  const method = methods[COMMAND + script]
  if (method === undefined) throw new Error(`Cannot run ${script}: it was not declared`)
  return method.apply(client, [...args])
}

async function markKey(
  client: Redis | Cluster,
  key: string,
  { seconds, ifAbsent }: { readonly seconds: number; readonly ifAbsent: boolean },
): Promise<boolean> {
  const done = ifAbsent ? await client.set(key, '1', 'EX', seconds, 'NX') : await client.set(key, '1', 'EX', seconds)
  return done === 'OK'
}

const PAGE = 500

async function* scanNode(node: Redis, prefix: string): AsyncGenerator<readonly (readonly [string, string])[]> {
  let cursor = '0'
  do {
    const [next, keys] = await node.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', PAGE)
    cursor = next
    // One GET each instead of MGET: the keys of a cluster's node lie in many slots.
    const values = await Promise.all(keys.map(key => node.get(key)))
    yield keys.flatMap((key, i) => {
      const value = values[i] ?? null
      return value === null ? [] : [[key, value] as const]
    })
  } while (cursor !== '0')
}
