import type { Config } from '../config/config.ts'
import { isMailhostLiteral, isValidHostaddr, isValidUtf8Hostname } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import { failed, found, type Lookup } from '../model/lookup.ts'
import type { DomainListParam } from './ask.ts'

/**
 * Which kind of destination an address is (Postfix ADDRESS_CLASS_README), after the rewriting that trivial-rewrite(8)
 * does first: missing domain, `user%domain`, `site!user`, and the peeling of local domains that hide another address.
 */
export interface AddressClass {
  /** Canonical address, case folded. */
  readonly address: string
  readonly domain: string
  readonly class: 'local' | 'virtual_alias' | 'virtual_mailbox' | 'relay' | 'default'
  /** Sender-specified routing is left in the local part (user@elsewhere@here, user%elsewhere@here). */
  readonly routed: boolean
  /** No valid address at all. */
  readonly malformed: boolean
}

export type RewriteConfig = Pick<
  Config,
  | 'myorigin'
  | 'mydomain'
  | 'myhostname'
  | 'append_at_myorigin'
  | 'append_dot_mydomain'
  | 'swap_bangpath'
  | 'allow_percent_hack'
  | 'allow_min_user'
  | 'resolve_null_domain'
  | 'resolve_dequoted_address'
  | 'resolve_numeric_domain'
  | 'empty_address_recipient'
  | 'smtputf8_enable'
>

/** The lists that decide the class. */
export interface DestinationLists {
  /** mydestination, or an address literal of this host. */
  isLocal(domain: string): Promise<Lookup<true>>
  inList(parameter: DomainListParam, domain: string): Promise<Lookup<true>>
}

/** trivial-rewrite's rewrite_tree: source routes that are left, as in "@one:@two:user@domain", are stripped. */
function withoutRoutes(address: string): string {
  let rest = address
  for (;;) {
    const colon = rest.startsWith('@') ? rest.indexOf(':') : -1
    if (colon < 0 || colon === rest.length - 1) return rest
    rest = rest.slice(colon + 1)
  }
}

/** An address in pieces: a local part, quoted or not, and a domain or none. */
interface Pieces {
  readonly local: string
  readonly quoted: boolean
  readonly domain: string | null
}

/** Resolves an address in internal form. `failed` when a list could not be read. */
export async function classifyAddress(
  address: string,
  config: RewriteConfig,
  lists: DestinationLists,
): Promise<Lookup<AddressClass>> {
  const peeled = await peel(rewrite(parsePieces(withoutRoutes(address)), config), config, lists)
  if (peeled.status !== 'found') return peeled
  const { pieces, isLocal } = peeled.value
  const { local } = pieces
  let domain = pieces.domain ?? ''
  let localDomain = isLocal
  let malformed = false
  if (domain.startsWith('[')) malformed = !isMailhostLiteral(domain)
  else if (!isValidUtf8Hostname(domain, config.smtputf8_enable, toAscii)) {
    if (config.resolve_numeric_domain && isValidHostaddr(domain)) {
      domain = `[${domain}]`
      const own = await lists.isLocal(domain)
      if (own.status === 'failed') return own
      localDomain = own.status === 'found'
    } else malformed = true
  }
  // Postfix: "-" in front could be taken for an option of some delivery program.
  if (!config.allow_min_user && local.startsWith('-')) malformed = true
  const whole = `${local}@${domain}`
  const fixed = { address: whole.toLowerCase(), domain: domain.toLowerCase(), routed: isRouted(whole, domain) }
  if (malformed) return found({ ...fixed, class: 'default', routed: false, malformed })
  if (localDomain) return found({ ...fixed, class: 'local', malformed })
  const kind = await remoteClass(domain, lists)
  return kind.status === 'found'
    ? found({ ...fixed, class: kind.value, malformed })
    : failed('temporary: address class')
}

/** Postfix: whatever follows the first of "@!%" is not just the domain. */
function isRouted(whole: string, domain: string): boolean {
  const first = whole.search(/[@!%]/)
  return whole.slice(first + 1) !== domain
}

async function remoteClass(domain: string, lists: DestinationLists): Promise<Lookup<AddressClass['class']>> {
  const order = [
    ['virtual_alias_domains', 'virtual_alias'],
    ['virtual_mailbox_domains', 'virtual_mailbox'],
    ['relay_domains', 'relay'],
  ] as const
  for (const [parameter, name] of order) {
    const listed = await lists.inList(parameter, domain)
    if (listed.status === 'failed') return listed
    if (listed.status === 'found') return found(name)
  }
  return found('default')
}

interface Peeled {
  readonly pieces: Pieces
  readonly isLocal: boolean
}

/** Strips domains that are ours until an address elsewhere, or nothing but a local name, is left. */
async function peel(start: Pieces, config: RewriteConfig, lists: DestinationLists): Promise<Lookup<Peeled>> {
  let pieces = start
  let stripped: string | null = null
  // Postfix gives up after as many rounds as the address has characters, plus a hundred.
  for (let rounds = start.local.length + 100; rounds > 0; rounds--) {
    pieces = trimDomain(pieces, config)
    if (pieces.domain !== null) {
      const local: Lookup<true> = pieces.domain === '' ? found(true) : await lists.isLocal(pieces.domain)
      if (local.status === 'failed') return local
      if (local.status === 'absent') return found({ pieces, isLocal: false })
      stripped = pieces.domain
      pieces = { ...pieces, domain: null }
    }
    const opened = openRoute(pieces, config)
    if (opened !== null) pieces = opened
    else if (pieces.local === '') pieces = rewriteless(config.empty_address_recipient)
    else if (stripped === null) pieces = { ...pieces, domain: config.myhostname }
    else return found({ pieces: { ...pieces, domain: stripped }, isLocal: true })
  }
  return failed('temporary: address does not resolve')
}

function rewriteless(address: string): Pieces {
  return parsePieces(address)
}

function trimDomain(pieces: Pieces, config: RewriteConfig): Pieces {
  if (pieces.domain === null) return pieces
  if (pieces.domain === '' && config.resolve_null_domain) return { ...pieces, domain: null }
  return /[^.]\.$/.test(pieces.domain) ? { ...pieces, domain: pieces.domain.slice(0, -1) } : pieces
}

/** Looks for another address inside a bare local part; null when there is none. */
function openRoute(pieces: Pieces, config: RewriteConfig): Pieces | null {
  const { local, quoted } = pieces
  const bang = config.swap_bangpath && local.includes('!')
  const percent = config.allow_percent_hack && local.includes('%')
  if (!quoted) return bang || percent ? rewrite(pieces, config) : null
  if (!config.resolve_dequoted_address) return null
  // Postfix: technically incorrect, but needed to stop relaying by quoted addresses.
  if (local.includes('@')) return rewrite(parsePieces(local), config)
  if (percent) {
    const at = local.lastIndexOf('%')
    return rewrite(parsePieces(`${local.slice(0, at)}@${local.slice(at + 1)}`), config)
  }
  return bang ? rewrite({ local, quoted: false, domain: null }, config) : null
}

/** Splits at the last "@"; what cannot stand unquoted before it counts as a quoted string (RFC 5322 3.2.3). */
function parsePieces(address: string): Pieces {
  const at = address.lastIndexOf('@')
  const local = at < 0 ? address : address.slice(0, at)
  return { local, quoted: !isDotString(local), domain: at < 0 ? null : address.slice(at + 1) }
}

function isDotString(local: string): boolean {
  return /^[^\x00-\x20\x7f()<>@,;:\\".[\]]+(?:\.[^\x00-\x20\x7f()<>@,;:\\".[\]]+)*$/.test(local)
}

/** trivial-rewrite's "local" context: swap bang paths, promote user%domain, append what is missing. */
function rewrite(pieces: Pieces, config: RewriteConfig): Pieces {
  if (pieces.local === '' && pieces.domain === null) return pieces
  const whole = pieces.domain === null ? addDomain(pieces, config) : pieces
  return appendMydomain(whole, config)
}

function addDomain(pieces: Pieces, config: RewriteConfig): Pieces {
  const { local, quoted } = pieces
  if (!quoted && config.swap_bangpath && local.includes('!')) {
    const bang = local.indexOf('!')
    return { local: local.slice(bang + 1), quoted: false, domain: local.slice(0, bang) }
  }
  if (!quoted && config.allow_percent_hack && local.includes('%')) {
    const at = local.lastIndexOf('%')
    return { local: local.slice(0, at), quoted: false, domain: local.slice(at + 1) }
  }
  return config.append_at_myorigin && config.myorigin !== '' ? { ...pieces, domain: config.myorigin } : pieces
}

function appendMydomain(pieces: Pieces, config: RewriteConfig): Pieces {
  const { domain } = pieces
  if (domain === null || domain === '') return pieces
  if (config.append_dot_mydomain && config.mydomain !== '' && !domain.includes('.') && !domain.startsWith('['))
    return { ...pieces, domain: `${domain}.${config.mydomain}` }
  return /[^.]\.$/.test(domain) ? { ...pieces, domain: domain.slice(0, -1) } : pieces
}
