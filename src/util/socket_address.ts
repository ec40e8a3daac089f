import { parseIp } from './ip.ts'

/** An address and a port, of a server to ask. */
export interface SocketAddress {
  readonly address: string
  readonly port: number
}

/** `ADDR`, `ADDR:PORT`, `[V6]:PORT`, `[V6]` or a bare IPv6 address; null when it is none of these. */
export function parseSocketAddress(text: string, defaultPort: number): SocketAddress | null {
  const match =
    /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]+)(?::(\d{1,5}))?$/.exec(text) ?? /^(.*:.*)$/.exec(text)
  const address = match?.[1] ?? ''
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  // "fe80::1%eth0": a link-local server needs its interface, which the socket takes but parseIp does not.
  const bare = address.includes(':') ? address.replace(/%[\w.-]+$/, '') : address
  if (parseIp(bare) === null || port < 1 || port > 65_535) return null
  if (text.startsWith('[') && !address.includes(':')) return null
  return { address, port }
}
