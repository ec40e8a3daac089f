import type { LogLine } from '../../model/log_line.ts'
import { type Cidr, cidrContains, parseCidr } from '../../util/cidr.ts'
import { type IpAddress, parseIp } from '../../util/ip.ts'
import type { FilterHopFacts } from './insights.ts'
import { parseClient } from './reject_line.ts'

/**
 * How to tell mail that goes through a content filter (amavis, spampd, a pipe to SpamAssassin) and comes back as a second message.
 */
export interface FilterHopOptions {
  /** Where it goes to: "127.0.0.1:10024" as in relay=amavis[127.0.0.1]:10024, or the name of a pipe, "spamassassin". */
  readonly relays: readonly string[]
  /** Whence it comes back: addresses or networks of clients, or the name of the service that takes it, "postfix/reinject/smtpd". */
  readonly clients: readonly string[]
}

/** Networks and names that cannot be read are told as `problem`. */
export type FilterHopsResult =
  | { readonly status: 'ok'; readonly hops: FilterHops }
  | { readonly status: 'problem'; readonly problem: string }

export function makeFilterHops({ relays, clients }: FilterHopOptions): FilterHopsResult {
  const networks: Cidr[] = []
  const programs = new Set<string>()
  for (const client of clients) {
    if (/^[A-Za-z][\w.-]*\//.test(client)) programs.add(client)
    else {
      const cidr = parseCidr(client)
      if (cidr.kind === 'problem') return { status: 'problem', problem: cidr.text }
      networks.push(cidr.cidr)
    }
  }
  return { status: 'ok', hops: new FilterHops(new Set(relays), { networks, programs }) }
}

interface Returns {
  readonly networks: readonly Cidr[]
  readonly programs: ReadonlySet<string>
}

/**
 * Takes two lines of each hop out of the log: the delivery to the filter, and the one by which the message begins anew. What
 * counts messages after that, pflogsumm's figures included, counts this one once: its delivery is the last one.
 */
export class FilterHops {
  readonly #relays: ReadonlySet<string>
  readonly #returns: Returns
  #handed = 0
  #returned = 0

  constructor(relays: ReadonlySet<string>, returns: Returns) {
    this.#relays = relays
    this.#returns = returns
  }

  /** False: the line tells of a hop, and does not count. */
  keep(line: LogLine): boolean {
    const { message, program } = line
    if (message.length > 12 && program.endsWith('/smtpd')) return !this.#isReturn(line)
    if (this.#relays.size === 0 || !message.includes(', relay=') || !this.#isHandedOn(message)) return true
    this.#handed++
    return false
  }

  facts(): FilterHopFacts {
    return { handed: this.#handed, returned: this.#returned }
  }

  #isReturn({ message, program }: LogLine): boolean {
    const colon = message.indexOf(': ')
    if (colon < 0 || !message.startsWith('client=', colon + 2)) return false
    // amavis tells by XFORWARD from which message it made this one.
    if (!this.#returns.programs.has(program) && !message.includes(', orig_queue_id=')) {
      const client = parseClient(message, colon + 9)
      const ip = client === null ? null : parseIp(client.address)
      if (ip === null || !this.#contains(ip)) return false
    }
    this.#returned++
    return true
  }

  #contains(ip: IpAddress): boolean {
    return this.#returns.networks.some(network => cidrContains(network, ip))
  }

  /** Deferred and bounced count: the message did not go through the filter. */
  #isHandedOn(message: string): boolean {
    const start = message.indexOf(', relay=') + 8
    const end = message.indexOf(', ', start)
    if (end < 0 || !message.includes(', status=sent ', end)) return false
    const relay = message.slice(start, end)
    if (this.#relays.has(relay)) return true
    const open = relay.indexOf('[')
    if (open < 0) return false
    return this.#relays.has(relay.slice(0, open)) || this.#relays.has(relay.slice(open + 1).replace(']', ''))
  }
}
