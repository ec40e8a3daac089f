import net from 'node:net'

/** A link to a TCP server that can be cut as by a firewall or a pulled cable: nothing comes through, and nobody is told. */
export class CutLink {
  readonly port: number
  readonly #server: net.Server
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>()
  #isCut = false

  private constructor(server: net.Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(target: number): Promise<CutLink> {
    const server = net.createServer()
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('Cannot listen on loopback')
    const link = new CutLink(server, address.port)
    server.on('connection', client => link.#join(client, target))
    return link
  }

  get url(): string {
    return `valkey://127.0.0.1:${this.port}/0`
  }

  /** From now on nothing comes through, in either direction; what is under way is kept back. */
  cut(): void {
    this.#isCut = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  heal(): void {
    this.#isCut = false
    for (const pair of this.#pairs) for (const socket of pair) socket.resume()
  }

  async stop(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    await new Promise<void>(resolve => {
      this.#server.close(() => resolve())
    })
  }

  #join(client: net.Socket, target: number): void {
    const server = net.connect(target, '127.0.0.1')
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', chunk => to.write(chunk))
      from.on('error', () => {})
      // The end does not come through a cut link either: the other side hears nothing.
      from.on('close', () => {
        this.#pairs.delete(pair)
        if (!this.#isCut) to.destroy()
      })
      if (this.#isCut) from.pause()
    }
  }
}
