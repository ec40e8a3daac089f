/** In which order pflogsumm prints rows. Strings are compared by their bytes, as Perl does in the C locale. */

/** Less than any character, so that a key is before those that begin with it. */
const SEPARATOR = '\0'
const DOT = 46
const AT = 64

export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What a host or address is sorted by: numbers of an IPv4 address, else the labels from the last. */
export function hostKey(name: string): string {
  const blank = name.search(/\s/)
  const word = blank < 0 ? name : name.slice(0, blank)
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(word)
  if (octets !== null) return String.fromCharCode(...octets.slice(1).map(Number))
  // All at once: the strings are many.
  const lower = /[A-Z]/.test(word) ? word.replace(/[A-Z]+/g, letters => letters.toLowerCase()) : word
  let key = ''
  let end = lower.length
  for (let at = end - 1; at >= 0; at--) {
    const code = lower.charCodeAt(at)
    if (code !== DOT && code !== AT) continue
    key += lower.slice(at + 1, end)
    end = at
  }
  return key + lower.slice(0, end)
}

/** Names that were counted as often, sorted. */
export interface Rank {
  readonly figure: number
  readonly names: readonly string[]
}

/** Most first, then by name; pflogsumm leaves the order of those that have the same key to chance. */
export function* mostFirst(counts: Iterable<readonly [string, number]>): Generator<Rank> {
  const byFigure = new Map<number, string[]>()
  for (const [name, figure] of counts) {
    const names = byFigure.get(figure)
    if (names === undefined) byFigure.set(figure, [name])
    else names.push(name)
  }
  for (const figure of [...byFigure.keys()].sort((a, b) => b - a))
    yield { figure, names: byKey(byFigure.get(figure) ?? []) }
}

/** Most figures of a log are 1, so these are many: sorted as they are they need no function for each comparison. */
function byKey(names: readonly string[]): readonly string[] {
  if (names.length < 2) return names
  if (names.some(name => name.includes(SEPARATOR)))
    return names
      .map(name => ({ name, key: hostKey(name) }))
      .sort((a, b) => byBytes(a.key, b.key) || byBytes(a.name, b.name))
      .map(({ name }) => name)
  const sorted = names.map(name => `${escaped(hostKey(name))}${SEPARATOR}${name}`).sort()
  for (const [index, both] of sorted.entries()) sorted[index] = both.slice(both.indexOf(SEPARATOR) + 1)
  return sorted
}

/** An address may have a zero. What is escaped sorts as it did. */
function escaped(key: string): string {
  return /[\0\x01]/.test(key) ? key.replace(/[\0\x01]/g, byte => (byte === '\0' ? '\x01\x01' : '\x01\x02')) : key
}

/** Most messages first, then most bytes; then, where pflogsumm leaves it to chance, by name. */
export function byCountThenSize<Row extends { readonly messages: number; readonly bytes: number }>(
  rows: Iterable<readonly [string, Row]>,
): readonly (readonly [string, Row])[] {
  return [...rows].sort(([a, x], [b, y]) => y.messages - x.messages || y.bytes - x.bytes || byBytes(a, b))
}

/** Of the message detail: the domain of the sender, the user in it, the queue id. */
export function byDomainThenUser(
  messages: ReadonlyMap<string, readonly string[]>,
): readonly (readonly [string, readonly string[]])[] {
  return [...messages]
    .map(([id, names]) => ({ id, names, ...senderKey(names[0] ?? '') }))
    .sort((a, b) => byBytes(a.domain, b.domain) || byBytes(a.user, b.user) || byBytes(a.id, b.id))
    .map(({ id, names }) => [id, names] as const)
}

function senderKey(sender: string): { readonly domain: string; readonly user: string } {
  let [user = '', domain = ''] = sender.split('@')
  if (domain === '' || domain === '0') {
    const path = sender.split('!')
    user = path.at(-1) ?? ''
    domain = path.at(-2) ?? ''
  }
  const turned = domain.replace(/^(.*)\.([^.]+)\.([^.]{3}|[^.]{2,3}\.[^.]{2})$/s, '$2.$3.$1')
  return { domain: turned === '0' ? '' : turned, user: user.replace(/^.*!/s, '') }
}
