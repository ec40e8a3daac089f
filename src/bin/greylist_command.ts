/** `postern greylist`. */
import { dirname } from 'node:path'
import {
  clientKey,
  correspondentKey,
  type KeyRules,
  lowerAscii,
  postgreyAddress,
  senderKey,
  spfClientKey,
} from '../greylist/keys.ts'
import { GreylistLists } from '../greylist/lists.ts'
import { type ProviderList, providersAgeDays, staleProviders } from '../greylist/providers.ts'
import { type GreylistSettings, greylistFiles, greylistSettings } from '../greylist/settings.ts'
import type { Memory, MemoryEntry, MemoryKind } from '../model/memory.ts'
import { maskIp } from '../util/cidr.ts'
import { systemClock } from '../util/clock.ts'
import { type IpAddress, parseIp } from '../util/ip.ts'
import type { Call } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE, TEMPORARY, USAGE } from './exit_status.ts'
import { openMemory } from './memory.ts'

const KINDS: readonly MemoryKind[] = ['triplet', 'client', 'correspondent']

interface Context {
  readonly call: Call
  readonly settings: GreylistSettings
  readonly memory: Memory
  /** '' without one. */
  readonly what: string
  /** Seconds since 1970. */
  readonly now: number
  /** The memory has said that something in it cannot be read: what is listed is not all. */
  isIncomplete(): boolean
}

export async function run(call: Call): Promise<number> {
  const { options, operands, terminal } = call
  const [action = '', what = ''] = operands
  const read = readSource(configPath(options), options.texts('override'))
  if (!read.ok) throw new CommandError(`${read.problem.place.file}: ${read.problem.text}`, NEGATIVE)
  const { config } = read.loaded
  const warn = (text: string): void => terminal.err(`postern greylist: ${text}\n`)
  if (action === 'providers') {
    const lists = new GreylistLists({
      files: greylistFiles({ ...config, postern_greylist_providers: true }, dirname(read.source.path)),
      clock: systemClock,
      warn,
    })
    await lists.ready()
    const { providers } = await lists.current()
    lists.close()
    return providers === null ? NEGATIVE : showProviders(call, providers, config.postern_greylist_providers_file)
  }
  const run = ACTIONS.get(action)
  if (run === undefined)
    throw new CommandError(`cannot use "${action}": expected list, show, forget, allow or providers`, USAGE)
  if (what === '' && action !== 'list') throw new CommandError(`${action}: of what?`, USAGE)
  let troubles = 0
  const troubled = (text: string): void => {
    troubles++
    warn(text)
  }
  const memory = await openMemory(config, { clock: systemClock, pid: process.pid, use: 'command', warn: troubled })
  try {
    const settings = greylistSettings(config)
    const now = Math.floor(systemClock.now() / 1000)
    return await run({ call, settings, memory, what, now, isIncomplete: () => troubles > 0 })
  } finally {
    await memory.close()
  }
}

const ACTIONS: ReadonlyMap<string, (context: Context) => Promise<number>> = new Map([
  ['list', list],
  ['show', show],
  ['forget', forget],
  ['allow', allow],
])

async function list(context: Context): Promise<number> {
  const { call, what } = context
  const found = await matching(context.memory, entry => lowerAscii(entry.key).includes(lowerAscii(what)))
  if (call.options.has('json')) call.terminal.out(`${JSON.stringify(found, null, 2)}\n`)
  else
    for (const { kind, key, first, last, count } of found)
      call.terminal.out(`${kind} ${key} first=${time(first)} last=${time(last)} count=${count}\n`)
  return listed(found, context)
}

/** The exit status of a listing. An empty one has a reason, and that the memory could not be read is not "nothing". */
function listed(found: readonly MemoryEntry[], context: Context): number {
  const { call, what, settings, isIncomplete } = context
  const say = (text: string): void => call.terminal.err(`postern greylist: ${text}\n`)
  if (isIncomplete()) {
    say('the memory could not be read, or not all of it')
    return TEMPORARY
  }
  if (settings.keys.privacy && what !== '' && !found.some(({ kind }) => kind === 'triplet'))
    say(`postern_greylist_privacy keeps only sums: triplets cannot be found by "${what}"`)
  else if (found.length === 0) say(what === '' ? 'nothing is remembered' : `nothing is remembered of "${what}"`)
  return found.length > 0 ? GOOD : NEGATIVE
}

async function show(context: Context): Promise<number> {
  const { call, what, settings } = context
  const belongs = selector(what, settings.keys)
  const found = await matching(
    context.memory,
    entry => belongs(entry) || lowerAscii(entry.key).includes(lowerAscii(what)),
  )
  if (call.options.has('json')) call.terminal.out(`${JSON.stringify(found, null, 2)}\n`)
  else for (const entry of found) call.terminal.out(`${describe(entry, context)}\n`)
  return listed(found, context)
}

async function forget(context: Context): Promise<number> {
  const { call, what, settings, memory } = context
  const found = await matching(memory, selector(what, settings.keys))
  for (const { kind, key } of found) {
    const forgotten = await memory.forget(kind, key)
    if (forgotten.status === 'failed') throw new CommandError(`cannot forget "${key}": ${forgotten.reason}`, TEMPORARY)
  }
  if (call.options.has('json')) call.terminal.out(`${JSON.stringify(found, null, 2)}\n`)
  else for (const { kind, key } of found) call.terminal.out(`forgotten: ${kind} ${key}\n`)
  return listed(found, context)
}

async function allow(context: Context): Promise<number> {
  const { call, what, settings, memory, now } = context
  const entry = allowedEntry(what, settings, now)
  const put = await memory.put(entry)
  if (put.status !== 'found')
    throw new CommandError(`cannot allow "${what}": ${put.status === 'failed' ? put.reason : 'no answer'}`, TEMPORARY)
  if (call.options.has('json')) call.terminal.out(`${JSON.stringify(entry, null, 2)}\n`)
  else call.terminal.out(`allowed: ${entry.kind} ${entry.key}\n`)
  return GOOD
}

function allowedEntry(what: string, settings: GreylistSettings, now: number): MemoryEntry {
  const { keys, rules, correspondents } = settings
  const seen = { first: now, last: now }
  if (what.includes('@')) {
    if (correspondents === 0)
      throw new CommandError('postern_greylist_correspondents is 0: a mail address would not count', NEGATIVE)
    return { kind: 'correspondent', key: correspondentKey(what, keys), ...seen, count: 1 }
  }
  if (rules.autoAllow === 0)
    throw new CommandError('postern_greylist_auto_allow is 0: a client would not count', NEGATIVE)
  const ip = parseIp(what)
  if (ip === null && !/^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/i.test(what))
    throw new CommandError(`cannot allow "${what}": expected an address, a domain or a mail address`, USAGE)
  return {
    kind: 'client',
    key: ip === null ? spfClientKey(what, keys) : clientKey(ip, keys),
    ...seen,
    count: rules.autoAllow,
  }
}

/** Which entries a word means: one by its key, those of a client or its network, those of a mail address. */
function selector(what: string, keys: KeyRules): (entry: MemoryEntry) => boolean {
  const lower = lowerAscii(what)
  const [address = '', bits] = what.split('/')
  const ip = parseIp(address)
  if (ip !== null && bits === undefined) return ofClient(ip, keys)
  if (ip !== null && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (ip.family === 4 ? 32 : 128))
    return ofNetwork(ip, Number(bits), keys)
  const sender = lowerAscii(senderKey(what))
  return ({ kind, key }) =>
    lowerAscii(key) === lower ||
    (kind === 'triplet' && what.includes('@') && (key.endsWith(`/${lower}`) || key.includes(`/${sender}/`))) ||
    (kind === 'client' && key === spfClientKey(what, keys)) ||
    (kind === 'triplet' && key.startsWith(`spf:${lower}/`)) ||
    (kind === 'correspondent' && key === correspondentKey(what, keys))
}

/** The client itself, and the triplets of its network. */
function ofClient(ip: IpAddress, keys: KeyRules): (entry: MemoryEntry) => boolean {
  const network = maskIp(ip, prefixOf(ip, keys))
  const prefixes = [postgreyAddress(network), postgreyAddress(ip)].map(text => `${lowerAscii(text)}/`)
  const client = clientKey(ip, keys)
  return ({ kind, key }) =>
    kind === 'client' ? key === client : kind === 'triplet' && prefixes.some(prefix => key.startsWith(prefix))
}

/** All clients in a network and all triplets of networks in it; a client that is kept as a sum cannot be told to be in one. */
function ofNetwork(network: IpAddress, bits: number, keys: KeyRules): (entry: MemoryEntry) => boolean {
  const wanted = Math.min(bits, prefixOf(network, keys))
  const isInside = (text: string, length: number): boolean => {
    const ip = parseIp(text)
    if (ip === null || ip.family !== network.family) return false
    const { words } = maskIp(network, length)
    return maskIp(ip, length).words.every((word, i) => word === words[i])
  }
  return ({ kind, key }) =>
    kind === 'client' ? isInside(key, bits) : kind === 'triplet' && isInside(key.slice(0, key.indexOf('/')), wanted)
}

function prefixOf({ family }: IpAddress, { ipv4Prefix, ipv6Prefix, lookupByHost }: KeyRules): number {
  if (lookupByHost) return family === 4 ? 32 : 128
  return family === 4 ? ipv4Prefix : ipv6Prefix
}

async function matching(memory: Memory, belongs: (entry: MemoryEntry) => boolean): Promise<readonly MemoryEntry[]> {
  const found: MemoryEntry[] = []
  for (const kind of KINDS) for await (const entry of memory.entries(kind)) if (belongs(entry)) found.push(entry)
  return found
}

function describe({ kind, key, first, last, count }: MemoryEntry, { settings, now }: Context): string {
  const { rules, correspondents } = settings
  switch (kind) {
    case 'client':
      return count >= rules.autoAllow && rules.autoAllow > 0
        ? `client ${key}: not delayed any more, ${count} successes, the last ${time(last)}`
        : `client ${key}: ${count} of ${rules.autoAllow} successes, the last ${time(last)}`
    case 'correspondent':
      return `correspondent ${key}: written to ${time(last)}, not delayed until ${time(last + correspondents)}`
    case 'triplet': {
      if (last - first >= rules.delay)
        return `triplet ${key}: has passed, first seen ${time(first)}, last ${time(last)}`
      const missing = rules.delay - (now - first)
      const state = missing > 0 ? `has to wait ${missing} s more` : 'passes when it is tried again'
      return `triplet ${key}: ${state}, first seen ${time(first)}, tried ${count} times`
    }
  }
}

/** ISO 8601, UTC. */
function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}

function showProviders({ options, terminal }: Call, list: ProviderList, file: string): number {
  const stale = staleProviders(list, systemClock.now())
  const { source, date, providers } = list
  if (options.has('json')) {
    const ageDays = providersAgeDays(list, systemClock.now())
    terminal.out(`${JSON.stringify({ source, date, ageDays, stale: stale !== null, providers }, null, 2)}\n`)
  } else {
    terminal.out(`# from: ${source}; a newer list belongs into ${file}, in this format\n`)
    if (date !== null) terminal.out(`date: ${date}\n`)
    for (const { name, hosts, spf } of providers)
      terminal.out(`${[name, ...hosts.map(host => `host:${host}`), ...spf.map(domain => `spf:${domain}`)].join(' ')}\n`)
  }
  if (stale !== null) terminal.err(`postern greylist: warning: ${stale}\n`)
  return stale === null ? GOOD : NEGATIVE
}
