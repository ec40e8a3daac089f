import { formatIp, parseIp } from '../util/ip.ts'

/** /etc/hosts, which naming a client asks before the DNS (hosts(5); Postfix: getnameinfo(3), getaddrinfo(3)). */
export interface HostsFile {
  /** The first name of an address; null: not there. */
  nameOf(address: string): string | null
  /** The addresses of a name or alias, in the file's order. */
  addressesOf(name: string): readonly string[]
}

export const NO_HOSTS: HostsFile = { nameOf: () => null, addressesOf: () => [] }

/** Reads the text of a hosts file; lines that are none are passed over, as the C library does. */
export function parseHosts(text: string): HostsFile {
  const names = new Map<string, string>()
  const addresses = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [field = '', ...hosts] = line.replace(/#.*$/, '').trim().split(/\s+/)
    const ip = parseIp(field)
    const first = hosts[0]
    if (ip === null || first === undefined) continue
    const address = formatIp(ip)
    if (!names.has(address)) names.set(address, first)
    for (const host of hosts) addAddress(addresses, host.toLowerCase(), address)
  }
  return {
    nameOf: address => names.get(address) ?? null,
    addressesOf: name => addresses.get(name.toLowerCase()) ?? [],
  }
}

function addAddress(addresses: Map<string, string[]>, host: string, address: string): void {
  const known = addresses.get(host)
  if (known === undefined) addresses.set(host, [address])
  else if (!known.includes(address)) known.push(address)
}
