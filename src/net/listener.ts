import { createServer, type Server, type Socket } from 'node:net'
import { errnoCode, errnoText } from '../util/errno_text.ts'

/** A connection as it was accepted: nothing read yet. Opaque to those who only hand it on. */
export type AcceptedSocket = Socket

/** Where to listen. `fd`: a socket that listens already, from systemd(1). */
export type ListenTarget =
  | { readonly kind: 'inet'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }

export interface Listener {
  /** "127.0.0.1:2525", "[::1]:25", "/run/postern/smtp"; with the port that was chosen when 0 was asked for. */
  readonly name: string
  /** Accepts no more. Connections that were handed on are not touched. */
  close(): void
}

export type Listened =
  | { readonly ok: true; readonly listener: Listener }
  | { readonly ok: false; readonly code: string; readonly text: string }

/** How many connections wait in the kernel; it cuts this to net.core.somaxconn. */
const BACKLOG = 4096

/** Listens and hands on each connection, paused. Never throws. */
export function listen(target: ListenTarget, onConnection: (socket: AcceptedSocket) => void): Promise<Listened> {
  // allowHalfOpen: a client that has said all it wants still reads our replies. Postfix does not mind either.
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, onConnection)
  return new Promise(resolve => {
    server.once('error', error => resolve({ ok: false, code: errnoCode(error), text: errnoText(error) }))
    server.listen(listenOptions(target), () => {
      server.removeAllListeners('error')
      // EMFILE and the like on accept: the connection waits in the kernel until there is room again.
      server.on('error', () => undefined)
      resolve({ ok: true, listener: { name: nameOf(server), close: () => void server.close() } })
    })
  })
}

function listenOptions(target: ListenTarget): Parameters<Server['listen']>[0] {
  if (target.kind === 'fd') return { fd: target.fd }
  // Other users' mail programs may connect; who may do what is decided later.
  if (target.kind === 'unix') return { path: target.path, readableAll: true, writableAll: true, backlog: BACKLOG }
  // Postfix: an IPv6 socket takes no IPv4 connections, so that both can be bound.
  const { address, port } = target
  return { host: address, port, ipv6Only: address.includes(':'), backlog: BACKLOG }
}

function nameOf(server: Server): string {
  const at = server.address()
  if (at === null || typeof at === 'string') return at ?? 'unknown'
  return at.family === 'IPv6' ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`
}
