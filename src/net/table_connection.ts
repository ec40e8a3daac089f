import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Opens the connection of a tcp: or socketmap: table. Small requests in a row: Nagle's delay would cost 40 ms each. */
export function connectTable(
  endpoint: { readonly host: string; readonly port: number } | { readonly path: string },
): Duplex {
  return 'path' in endpoint
    ? connect(endpoint.path)
    : connect({ host: endpoint.host, port: endpoint.port, noDelay: true })
}
