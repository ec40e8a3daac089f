/** Defaults that the machine decides, computed as Postfix does. What is known of the machine comes in as data. */

import { maskIp } from '../util/cidr.ts'
import { formatIp, type IpAddress, parseIp, parseIpExactly } from '../util/ip.ts'
import { splitWords } from '../util/words.ts'

export interface HostEnv {
  /** As the machine says it, with or without a domain. */
  readonly hostname: string
  readonly interfaces: readonly HostInterface[]
  /** First line of a file, for `myorigin = /etc/mailname`; null when it cannot be read. */
  readonly readFirstLine: (path: string) => string | null
}

/** One address of one network interface. */
export interface HostInterface {
  readonly address: string
  /** "255.255.255.0" or "ffff:ffff::". */
  readonly netmask: string
}

/** Postfix: the hostname, with mydomain or "localdomain" behind it when it has no dot. */
export function defaultMyhostname(hostname: string, mydomain: string | undefined): string {
  return hostname.includes('.') ? hostname : `${hostname}.${mydomain ?? 'localdomain'}`
}

/** Postfix: myhostname without its first label, or "localdomain". */
export function defaultMydomain(myhostname: string): string {
  const dot = myhostname.indexOf('.')
  return dot < 0 ? 'localdomain' : myhostname.slice(dot + 1)
}

export interface InterfaceSettings {
  readonly inetInterfaces: string
  readonly inetProtocols: string
}

/** The addresses of this mail system, IPv4 first: what inet_interfaces names, of the protocols in use. */
export function ownInterfaces(settings: InterfaceSettings, env: HostEnv): readonly HostInterface[] {
  const protocols = splitWords(settings.inetProtocols.toLowerCase())
  const all = protocols.includes('all')
  const local = env.interfaces.filter(({ address }) => {
    const family = parseIpExactly(address)?.family
    return family !== undefined && (all || protocols.includes(`ipv${family}`))
  })
  const sorted = [
    ...local.filter(each => !each.address.includes(':')),
    ...local.filter(each => each.address.includes(':')),
  ]
  const names = splitWords(settings.inetInterfaces)
  if (names.length === 1 && names[0] === 'all') return sorted
  if (names.length === 1 && names[0] === 'loopback-only') return sorted.filter(each => isLoopback(each.address))
  return names.flatMap(name => named(name, sorted))
}

/** An address of inet_interfaces with the mask of its interface. Names of hosts are only known when they mean this one. */
function named(name: string, local: readonly HostInterface[]): readonly HostInterface[] {
  if (name.toLowerCase() === 'localhost')
    return local.filter(({ address }) => address === '127.0.0.1' || address === '::1')
  const ip = parseIp(name.replace(/^\[(.*)\]$/, '$1'))
  if (ip === null) return []
  const address = formatIp(ip)
  const found = local.find(each => formatted(each.address) === address)
  const whole = ip.family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
  return [found ?? { address, netmask: whole }]
}

/** The default of mynetworks: "127.0.0.0/8 [::1]/128 …" by mynetworks_style. */
export function defaultMynetworks(style: string, interfaces: readonly HostInterface[]): string {
  const networks: string[] = []
  for (const { address, netmask } of interfaces) {
    const ip = parseIpExactly(address)
    if (ip === null) continue
    const prefix = prefixLength(style, ip, netmask)
    const network = formatIp(maskIp(ip, prefix))
    const text = ip.family === 4 ? `${network}/${prefix}` : `[${network}]/${prefix}`
    if (!networks.includes(text)) networks.push(text)
  }
  return networks.join(' ')
}

function prefixLength(style: string, ip: IpAddress, netmask: string): number {
  const whole = ip.family === 4 ? 32 : 128
  if (style === 'host') return whole
  // Postfix: there are no classes for IPv6, "class" means the subnet.
  if (style === 'class' && ip.family === 4) {
    const first = ip.words[0] >>> 24
    return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 28
  }
  const mask = parseIpExactly(netmask)
  if (mask === null) return whole
  return mask.words.reduce((bits, word) => bits + Math.clz32(~word), 0)
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

function formatted(address: string): string | null {
  const ip = parseIp(address)
  return ip === null ? null : formatIp(ip)
}
