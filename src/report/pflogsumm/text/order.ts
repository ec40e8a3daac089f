/** In which order pflogsumm prints rows. Strings are compared by their bytes, as Perl does in the C locale. */

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

/** Most first, then by name; pflogsumm leaves the order of those that have the same key to chance. */
export function mostFirst(counts: Iterable<readonly [string, number]>): readonly (readonly [string, number])[] {
  const entries = [...counts]
  if (entries.length < 2) return entries
  const rows = entries.map(entry => ({ entry, key: hostKey(entry[0]) }))
  rows.sort((a, b) => b.entry[1] - a.entry[1] || byBytes(a.key, b.key) || byBytes(a.entry[0], b.entry[0]))
  return rows.map(({ entry }) => entry)
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
