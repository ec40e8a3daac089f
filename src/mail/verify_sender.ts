/** The sender of address probes, as Postfix makes and recognises it (address_verify_sender, address_verify_sender_ttl). */

export interface VerifySender {
  /** address_verify_sender; '' or '<>' is the null sender. */
  readonly sender: string
  /** Seconds between changes of the part that depends on the time; 0: there is none. */
  readonly ttl: number
  readonly nowSeconds: number
  /** $myorigin, for a sender without domain. */
  readonly origin: string
}

const BASE_31 = '0123456789BCDFGHJKLMNPQRSTVWXYZ'

/** The sender for a probe that is sent now; '' is the null sender. */
export function makeVerifySender(options: VerifySender): string {
  const { local, domain } = split(options)
  if (local === '') return ''
  return `${local}${options.ttl > 0 ? toBase31(period(options)) : ''}@${domain}`
}

/**
 * The sender without its changing part, if `address` is one that probes of this site use now or used one period ago or will in the
 * next; null otherwise. Postfix smtpd(8) refuses no mail from or to such an address, so that two sites can verify each other.
 */
export function matchVerifySender(address: string, options: VerifySender): string | null {
  const { local, domain } = split(options)
  if (local === '') return address === '' ? '' : null
  const at = address.lastIndexOf('@')
  if (at < 0 || address.slice(at + 1).toLowerCase() !== domain.toLowerCase()) return null
  const theirs = address.slice(0, at)
  if (theirs.slice(0, local.length).toLowerCase() !== local.toLowerCase()) return null
  const stamp = theirs.slice(local.length)
  if (options.ttl <= 0) return stamp === '' ? `${local}@${domain}` : null
  const told = fromBase31(stamp)
  return told !== null && Math.abs(told - period(options)) <= 1 ? `${local}@${domain}` : null
}

function split(options: VerifySender): { readonly local: string; readonly domain: string } {
  const { sender, origin } = options
  if (sender === '' || sender === '<>') return { local: '', domain: '' }
  const at = sender.lastIndexOf('@')
  return at < 0 ? { local: sender, domain: origin } : { local: sender.slice(0, at), domain: sender.slice(at + 1) }
}

function period(options: VerifySender): number {
  return Math.floor(options.nowSeconds / options.ttl)
}

function toBase31(number: number): string {
  let text = ''
  for (let rest = number; rest > 0 || text === ''; rest = Math.floor(rest / 31))
    text = `${BASE_31[rest % 31] ?? ''}${text}`
  return text
}

function fromBase31(text: string): number | null {
  let number = 0
  for (const char of text) {
    const digit = BASE_31.indexOf(char)
    if (digit < 0) return null
    number = number * 31 + digit
    if (number > Number.MAX_SAFE_INTEGER / 31) return null
  }
  return text === '' ? null : number
}
