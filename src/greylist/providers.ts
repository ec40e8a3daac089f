/**
 * The big senders: they retry for sure, from pools of addresses, and greylisting only delays their mail. A provider is known
 * by what cannot be forged: a host name that leads back to the client's address, or SPF.
 */
import { domainToASCII } from 'node:url'
import { lowerAscii } from './keys.ts'

export interface Provider {
  readonly name: string
  /** Host names with their subdomains. */
  readonly hosts: readonly string[]
  /** Domains whose SPF record names the provider's hosts: the sender's own domain, or one that its record includes. */
  readonly spf: readonly string[]
}

/** What tells a provider: "google (built in:12)". */
type Label = string

export interface ProviderList {
  /** "built in", or the file. */
  readonly source: string
  /** ISO date of the compilation; null when the list does not tell. */
  readonly date: string | null
  readonly providers: readonly Provider[]
  /** By lower-case host name, or SPF domain. */
  readonly byHost: ReadonlyMap<string, Label>
  readonly bySpf: ReadonlyMap<string, Label>
}

/** Lists older than this are worth a warning (providers move). */
export const PROVIDERS_STALE_DAYS = 180

/**
 * Reads a list: "date: 2026-11-24" once, and one provider a line: "name host:HOST spf:DOMAIN …". "#" begins a comment.
 * `problems` have file and line; a bad word is left out, the rest of its line counts.
 */
export function parseProviders(
  text: string,
  source: string,
): { readonly list: ProviderList; readonly problems: readonly string[] } {
  const problems: string[] = []
  const providers: Provider[] = []
  const byHost = new Map<string, Label>()
  const bySpf = new Map<string, Label>()
  let date: string | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const at = `${source}:${index + 1}`
    const words = line.replace(/#.*$/, '').trim().split(/\s+/)
    const [name = '', ...rest] = words
    if (name === '') continue
    if (name === 'date:') {
      date =
        /^\d{4}-\d\d-\d\d$/.test(rest[0] ?? '') && !Number.isNaN(Date.parse(rest[0] ?? '')) ? (rest[0] ?? null) : null
      if (date === null) problems.push(`${at}: cannot use "${rest.join(' ')}" for a date: write date: 2026-11-24`)
      continue
    }
    const provider = { name, hosts: [] as string[], spf: [] as string[] }
    for (const word of rest) {
      const [, kind = '', domain = ''] = /^(host|spf):(\S+)$/.exec(word) ?? []
      const known = kind === '' ? '' : domainToASCII(lowerAscii(domain))
      if (!/^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/.test(known)) {
        problems.push(`${at}: cannot use "${word}": write host:mail.example.com or spf:_spf.example.com`)
        continue
      }
      const [all, map] = kind === 'host' ? [provider.hosts, byHost] : [provider.spf, bySpf]
      all.push(known)
      if (!map.has(known)) map.set(known, `${name} (${at})`)
    }
    if (rest.length === 0) problems.push(`${at}: the provider "${name}" has no host: and no spf:`)
    providers.push(provider)
  }
  if (date === null) problems.push(`${source}: the list has no date: add a line such as date: 2026-11-24`)
  return { list: { source, date, providers, byHost, bySpf }, problems }
}

/** Which provider a forward-confirmed host name belongs to. */
export function providerOfHost(list: ProviderList, clientName: string): Label | null {
  const name = lowerAscii(clientName)
  let label = list.byHost.get(name)
  for (let dot = name.indexOf('.'); label === undefined && dot >= 0; dot = name.indexOf('.', dot + 1))
    label = list.byHost.get(name.slice(dot + 1))
  return label ?? null
}

/** Which provider an SPF pass tells of: by the domain asked about, or by the "include:" of its record that passed. */
export function providerOfSpf(list: ProviderList, domain: string, mechanism: string | null): Label | null {
  const included = /^\+?include:(.+?)\.?$/i.exec(mechanism ?? '')?.[1]
  return (
    list.bySpf.get(lowerAscii(domain)) ??
    (included === undefined ? undefined : list.bySpf.get(lowerAscii(included))) ??
    null
  )
}

/** How old a list is, in days; null when it has no date. */
export function providersAgeDays({ date }: ProviderList, nowMs: number): number | null {
  return date === null ? null : Math.floor((nowMs - Date.parse(date)) / 86_400_000)
}

/** The warning of a list that ought to be renewed; null while it is young. */
export function staleProviders(list: ProviderList, nowMs: number): string | null {
  const age = providersAgeDays(list, nowMs)
  if (age === null) return `the list of big senders (${list.source}) has no date: nobody knows how old it is`
  return age <= PROVIDERS_STALE_DAYS
    ? null
    : `the list of big senders (${list.source}) is of ${list.date}, ${age} days old: put a newer one where postern_greylist_providers_file says`
}
