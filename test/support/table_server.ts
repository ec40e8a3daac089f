import net from 'node:net'

/** Entries by "key"; a value "@temp" is answered as a temporary error, "@perm" as a permanent one, "@close" by closing. */
export type NetworkTable = Readonly<Record<string, string>>

/** One table, offered as tcp_table(5) and as socketmap_table(5). */
export class TableServer {
  readonly #table: NetworkTable
  readonly #connections = new Set<net.Socket>()
  readonly #servers: net.Server[] = []

  constructor(table: NetworkTable) {
    this.#table = table
  }

  async listen(address: string, ports: { readonly tcpTable: number; readonly socketmap: number }): Promise<void> {
    await this.#listenOne(ports.tcpTable, address, socket => serveLines(socket, this.#table))
    await this.#listenOne(ports.socketmap, address, socket => serveNetstrings(socket, this.#table))
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy()
    for (const server of this.#servers) server.close()
  }

  #listenOne(port: number, address: string, serve: (socket: net.Socket) => void): Promise<void> {
    const server = net.createServer(socket => {
      this.#connections.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#connections.delete(socket))
      serve(socket)
    })
    this.#servers.push(server)
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, resolve)
    })
  }
}

/** tcp_table(5): "get KEY" with %XX escapes; 200 found, 500 absent, 400 trouble. */
function serveLines(socket: net.Socket, table: NetworkTable): void {
  let text = ''
  socket.on('data', bytes => {
    text += bytes.toString('utf8')
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const key = decodeURIComponent(text.slice(0, end).trim().replace(/^get /, ''))
      text = text.slice(end + 1)
      const value = Object.hasOwn(table, key) ? table[key] : undefined
      if (value === '@close') socket.destroy()
      else if (value === '@temp' || value === '@perm') socket.write('400 table%20is%20out%20of%20order\n')
      else if (value === undefined) socket.write('500 not%20found\n')
      else
        socket.write(`200 ${value.replace(/[%\s]/g, char => '%' + char.charCodeAt(0).toString(16).padStart(2, '0'))}\n`)
    }
  })
}

/** socketmap_table(5): netstring "NAME KEY"; "OK value", "NOTFOUND ", "TEMP reason", "PERM reason". */
function serveNetstrings(socket: net.Socket, table: NetworkTable): void {
  let bytes = Buffer.alloc(0)
  socket.on('data', more => {
    bytes = Buffer.concat([bytes, more])
    for (;;) {
      const colon = bytes.indexOf(':')
      const length = Number(bytes.subarray(0, Math.max(0, colon)).toString())
      if (colon < 0 || bytes.length < colon + 1 + length + 1) return
      const request = bytes.subarray(colon + 1, colon + 1 + length).toString('utf8')
      bytes = bytes.subarray(colon + 1 + length + 1)
      const key = request.slice(request.indexOf(' ') + 1)
      const value = Object.hasOwn(table, key) ? table[key] : undefined
      if (value === '@close') socket.destroy()
      else if (value === '@temp') socket.write(netstring('TEMP table is out of order'))
      else if (value === '@perm') socket.write(netstring('PERM table is out of order'))
      else socket.write(netstring(value === undefined ? 'NOTFOUND ' : `OK ${value}`))
    }
  })
}

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`
}
