import type { Facts } from '../model/facts.ts'
import { type ClientName, namaddr } from '../model/judge.ts'
import { formatLocalTime } from '../util/local_time.ts'

/** What `$name` in replies may name. Postfix: postconf(5) default_rbl_reply, smtpd_reject_footer. */
export interface ExpandContext {
  readonly facts: Facts
  readonly client: ClientName
  readonly myhostname: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/** Value of a session attribute; undefined for a name that is none. */
export function expandSession(name: string, context: ExpandContext): string | undefined {
  const { facts, client, myhostname, nowMs } = context
  const values: Readonly<Record<string, () => string>> = {
    server_name: () => myhostname,
    client: () => namaddr(client, facts.client.address),
    client_port: () => (facts.client.port === null ? 'unknown' : String(facts.client.port)),
    client_address: () => facts.client.address,
    client_name: () => client.name,
    reverse_client_name: () => client.reverseName,
    helo_name: () => facts.helo?.name ?? '',
    sender: () => wholeAddress(facts.sender),
    sender_name: () => localPart(facts.sender),
    sender_domain: () => domainPart(facts.sender),
    recipient: () => wholeAddress(facts.recipient),
    recipient_name: () => localPart(facts.recipient),
    recipient_domain: () => domainPart(facts.recipient),
    localtime: () => formatLocalTime(nowMs),
  }
  return Object.hasOwn(values, name) ? values[name]?.() : undefined
}

function wholeAddress(address: string | null): string {
  return address === null ? '' : address === '' ? '<>' : address
}

function localPart(address: string | null): string {
  if (address === null) return ''
  if (address === '') return '<>'
  const at = address.lastIndexOf('@')
  return at < 0 ? address : address.slice(0, at)
}

function domainPart(address: string | null): string {
  const at = address?.lastIndexOf('@') ?? -1
  return address === null || at < 0 ? '' : address.slice(at + 1)
}
