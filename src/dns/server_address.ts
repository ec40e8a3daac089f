import { parseSocketAddress, type SocketAddress } from '../util/socket_address.ts'

/** Where a name server listens. */
export type ServerAddress = SocketAddress

export const DNS_PORT = 53

/** `ADDR`, `ADDR:PORT` or `[V6]:PORT`; null when it is none. */
export function parseServerAddress(text: string): ServerAddress | null {
  return parseSocketAddress(text, DNS_PORT)
}

export function formatServerAddress(server: ServerAddress): string {
  const address = server.address.includes(':') ? `[${server.address}]` : server.address
  return server.port === DNS_PORT ? server.address : `${address}:${server.port}`
}

/** What resolv.conf(5) says about name servers. Null: not said. */
export interface ResolvConf {
  readonly servers: readonly ServerAddress[]
  readonly timeoutSeconds: number | null
  readonly attempts: number | null
  readonly rotate: boolean
}

/** resolv.conf(5): MAXNS, RES_MAXRETRANS and RES_MAXRETRY of the C library. */
const MAX_SERVERS = 3
const MAX_TIMEOUT_SECONDS = 30
const MAX_ATTEMPTS = 5

/** Reads the text of /etc/resolv.conf; lines it does not know are passed over, as the C library does. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: ServerAddress[] = []
  let timeoutSeconds: number | null = null
  let attempts: number | null = null
  let rotate = false
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/)
    if (keyword === 'nameserver') {
      const server = parseServerAddress(words[0] ?? '')
      if (server !== null && servers.length < MAX_SERVERS) servers.push(server)
    }
    if (keyword !== 'options') continue
    for (const word of words) {
      const [option, value = ''] = word.split(':')
      const number = /^\d{1,4}$/.test(value) ? Number(value) : null
      if (option === 'timeout' && number !== null) timeoutSeconds = Math.min(Math.max(number, 1), MAX_TIMEOUT_SECONDS)
      if (option === 'attempts' && number !== null) attempts = Math.min(Math.max(number, 1), MAX_ATTEMPTS)
      if (option === 'rotate') rotate = true
    }
  }
  // resolv.conf(5): without a nameserver line, the one on this machine.
  if (servers.length === 0) servers.push({ address: '127.0.0.1', port: DNS_PORT })
  return { servers, timeoutSeconds, attempts, rotate }
}
