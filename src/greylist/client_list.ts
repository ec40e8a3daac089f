import { CidrSet } from '../util/cidr.ts'
import type { IpAddress } from '../util/ip.ts'
import type { Pattern } from '../util/pattern.ts'
import { lowerAscii } from './keys.ts'
import { type ClientEntry, holdsAllIpv4, type RecipientEntry } from './list_lines.ts'

/** One entry and where it stands, "whitelist_clients:12". */
export interface Placed<E> {
  readonly entry: E
  readonly at: string
}

interface Ranked<T> {
  readonly order: number
  readonly at: string
  readonly value: T
}

/** Patterns are run once for a name, not once for a mail; some 100 bytes for each, twice as many at most. */
const CACHE_LIMIT = 30_000

/** Answers of a list that has patterns in it, by what was asked; those that nobody asked for lately go first. */
class Cache {
  #recent = new Map<string, string | null>()
  #older: ReadonlyMap<string, string | null> = new Map()

  get(key: string, find: () => string | null): string | null {
    const known = this.#recent.get(key)
    if (known !== undefined) return known
    const before = this.#older.get(key)
    const answer = before === undefined ? find() : before
    if (this.#recent.size >= CACHE_LIMIT) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, answer)
    return answer
  }
}

/** Clients that are not greylisted. Host names are found by their suffixes in a map, whatever the length of the list. */
export class ClientList {
  readonly #names = new Map<string, Ranked<null>>()
  readonly #patterns: Ranked<Pattern>[] = []
  readonly #networks = new CidrSet<string>()
  readonly #cache = new Cache()

  constructor(entries: readonly Placed<ClientEntry>[]) {
    for (const [order, { entry, at }] of entries.entries()) {
      if (entry.kind === 'pattern') this.#patterns.push({ order, at, value: entry.pattern })
      else if (entry.kind === 'network') {
        this.#networks.add(entry.cidr, at)
        if (holdsAllIpv4(entry.cidr)) this.#networks.add({ base: { family: 4, words: [0] }, prefix: 0 }, at)
      } else if (!this.#names.has(entry.name)) this.#names.set(entry.name, { order, at, value: null })
    }
  }

  /** Where the entry that matches stands; null: none does. Names are looked at before networks, as in Postgrey. */
  match(name: string, ip: IpAddress): string | null {
    return this.#matchName(name) ?? this.#networks.get(ip) ?? null
  }

  #matchName(name: string): string | null {
    if (this.#patterns.length === 0) return findSuffix(this.#names, lowerAscii(name))?.at ?? null
    return this.#cache.get(name, () => first(findSuffix(this.#names, lowerAscii(name)), this.#patterns, name))
  }
}

/** Recipients for whom nothing is greylisted. */
export class RecipientList {
  readonly #users = new Map<string, Ranked<null>>()
  readonly #domains = new Map<string, Ranked<null>>()
  readonly #patterns: Ranked<Pattern>[] = []
  readonly #cache = new Cache()

  constructor(entries: readonly Placed<RecipientEntry>[]) {
    for (const [order, { entry, at }] of entries.entries()) {
      if (entry.kind === 'pattern') this.#patterns.push({ order, at, value: entry.pattern })
      else {
        const [map, key] = entry.kind === 'user' ? [this.#users, entry.address] : [this.#domains, entry.domain]
        if (!map.has(key)) map.set(key, { order, at, value: null })
      }
    }
  }

  /** Where the entry that matches stands; null: none does. */
  match(recipient: string): string | null {
    if (this.#patterns.length === 0) return this.#plain(recipient)?.at ?? null
    return this.#cache.get(recipient, () => first(this.#plain(recipient), this.#patterns, recipient))
  }

  #plain(recipient: string): Ranked<null> | null {
    if (this.#users.size === 0 && this.#domains.size === 0) return null
    const address = lowerAscii(recipient)
    const user = this.#user(address)
    const domain = this.#domain(address)
    if (user === null || domain === null) return user ?? domain
    return user.order < domain.order ? user : domain
  }

  /** Postgrey: ^user(?:\+[^@]+)?@domain$ and ^user(?:\+[^@]+)?@. */
  #user(address: string): Ranked<null> | null {
    const at = address.indexOf('@')
    if (at < 0) return null
    let best: Ranked<null> | null = null
    // The extension behind "+" must not be empty.
    for (let end = at; ; ) {
      if (end === at || end + 1 < at) {
        const user = address.slice(0, end)
        best = earlier(best, this.#users.get(user + address.slice(at)))
        best = earlier(best, this.#users.get(`${user}@`))
      }
      if (end === 0) break
      end = address.lastIndexOf('+', end - 1)
      if (end < 0) break
    }
    return best
  }

  /** Postgrey: (?:@|\.)domain$. */
  #domain(address: string): Ranked<null> | null {
    let best: Ranked<null> | null = null
    for (let i = 0; i < address.length; i++) {
      const char = address[i]
      if (char === '@' || char === '.') best = earlier(best, this.#domains.get(address.slice(i + 1)))
    }
    return best
  }
}

/** The first of the entries that are the name or a parent domain of it. Postgrey: (?:^|\.)name$. */
export function findSuffix<T>(names: ReadonlyMap<string, Ranked<T>>, name: string): Ranked<T> | null {
  if (names.size === 0) return null
  let best: Ranked<T> | null = earlier(null, names.get(name))
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1))
    best = earlier(best, names.get(name.slice(dot + 1)))
  return best
}

function earlier<T>(best: Ranked<T> | null, candidate: Ranked<T> | undefined): Ranked<T> | null {
  if (candidate === undefined) return best
  return best === null || candidate.order < best.order ? candidate : best
}

/** A pattern that takes too long matches nothing: the mail waits, and is not lost. */
function first(plain: Ranked<null> | null, patterns: readonly Ranked<Pattern>[], subject: string): string | null {
  for (const { order, at, value } of patterns) {
    if (plain !== null && plain.order < order) return plain.at
    if (value.test(subject).kind === 'match') return at
  }
  return plain?.at ?? null
}
