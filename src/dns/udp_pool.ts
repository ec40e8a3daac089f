import { createSocket, type Socket } from 'node:dgram'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { ServerAddress } from './server_address.ts'

/**
 * The UDP sockets towards one name server. Several are open at a time, each on a random port of its own and connected, so
 * that the system drops what comes from any other address; each is replaced after a while, so that a port once found out
 * is soon worth nothing (RFC 5452 9.2). A query goes out on a socket chosen at random, under a random id.
 */
export interface UdpPool {
  /**
   * Sends a query (its id is filled in here) and gives each datagram that comes back under that id; `fail` when the system
   * says that nobody listens. Returns the function that ends it.
   */
  send(query: Uint8Array, wait: Waiter): () => void
  close(): void
}

export interface Waiter {
  /** True: the datagram was the answer, nothing further is wanted. */
  receive(packet: Buffer): boolean
  fail(error: Error): void
}

/** Enough that guessing the port as well as the id is hopeless, few enough to be cheap. */
const SOCKETS_PER_SERVER = 8
const QUERIES_PER_SOCKET = 2000
const SOCKET_LIFE_MS = 60_000
/** Ports that no well-known service is configured on: the range Linux itself takes for clients. */
const FIRST_PORT = 32_768
const PORT_COUNT = 28_232
const PORT_TRIES = 5
const RECEIVE_BUFFER_BYTES = 1 << 20

export function makeUdpPool(
  server: ServerAddress,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): UdpPool {
  const slots: (UdpPort | null)[] = Array.from({ length: SOCKETS_PER_SERVER }, () => null)
  const all = new Set<UdpPort>()
  const open = (): UdpPort => {
    const port = new UdpPort(server, random, clock.monotonic() + SOCKET_LIFE_MS)
    all.add(port)
    port.onClosed = () => all.delete(port)
    return port
  }
  return {
    send(query, wait) {
      const slot = random.below(SOCKETS_PER_SERVER)
      let port = slots[slot] ?? null
      if (port === null || port.isWornOut(clock.monotonic())) {
        port?.retire()
        port = open()
        slots[slot] = port
      }
      return port.send(query, wait)
    },
    close() {
      for (const port of all) port.close()
      slots.fill(null)
    },
  }
}

class UdpPort {
  onClosed: () => void = () => {}
  private readonly server: ServerAddress
  private readonly random: Random
  private readonly expiresAt: number
  private readonly waiting = new Map<number, Waiter>()
  private socket: Socket
  /** Queries given before the socket was ready; null once it is. */
  private early: Uint8Array[] | null = []
  private sent = 0
  private retired = false
  private closed = false

  constructor(server: ServerAddress, random: Random, expiresAt: number) {
    this.server = server
    this.random = random
    this.expiresAt = expiresAt
    this.socket = this.open(PORT_TRIES)
  }

  isWornOut(now: number): boolean {
    return this.closed || this.sent >= QUERIES_PER_SOCKET || now >= this.expiresAt
  }

  send(query: Uint8Array, wait: Waiter): () => void {
    let id = this.random.below(0x10000)
    while (this.waiting.has(id)) id = this.random.below(0x10000)
    query[0] = id >> 8
    query[1] = id & 0xff
    if (this.waiting.size === 0) this.socket.ref()
    this.waiting.set(id, wait)
    this.sent++
    if (this.early === null) this.socket.send(query)
    else this.early.push(query.slice())
    return () => {
      if (this.waiting.get(id) === wait) this.forget(id)
    }
  }

  /** Takes no new query, and closes when the last answer is there. */
  retire(): void {
    this.retired = true
    if (this.waiting.size === 0) this.close()
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.socket.close()
    this.onClosed()
  }

  private forget(id: number): void {
    this.waiting.delete(id)
    if (this.waiting.size > 0) return
    // An idle socket must not keep a finished command alive.
    if (!this.closed) this.socket.unref()
    if (this.retired) this.close()
  }

  private open(triesLeft: number): Socket {
    const { address, port } = this.server
    const socket = createSocket({
      type: address.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      // The address is one already; node would ask the C library for it. Not at once: `this.socket` is not set yet.
      lookup: (host, _options, done) => process.nextTick(done, null, host, address.includes(':') ? 6 : 4),
    })
    socket.on('message', packet => this.receive(packet))
    socket.on('error', error => this.fault(socket, error, triesLeft))
    // A name server that nobody can reach shows as an error of connect or of a later send, never as an exception here.
    const own = triesLeft > 0 ? FIRST_PORT + this.random.below(PORT_COUNT) : 0
    socket.bind({ port: own, exclusive: true }, () => {
      if (!this.closed && this.socket === socket) socket.connect(port, address, () => this.ready())
    })
    if (this.waiting.size === 0) socket.unref()
    return socket
  }

  private ready(): void {
    const early = this.early ?? []
    this.early = null
    if (this.closed) return
    for (const query of early) this.socket.send(query)
  }

  private receive(packet: Buffer): void {
    if (packet.length < 2) return
    const id = packet.readUInt16BE(0)
    if (this.waiting.get(id)?.receive(packet) === true) this.forget(id)
  }

  private fault(socket: Socket, error: NodeJS.ErrnoException, triesLeft: number): void {
    if (this.closed || socket !== this.socket) return
    if (this.early !== null && triesLeft > 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) {
      socket.close()
      this.socket = this.open(triesLeft - 1)
      return
    }
    const failed = [...this.waiting.values()]
    this.waiting.clear()
    this.close()
    for (const wait of failed) wait.fail(error)
  }
}
