import net from 'node:net'

interface Exchange {
  readonly mechanism: 'PLAIN' | 'LOGIN'
  readonly user: string | null
}

const GREETING =
  'VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n'

/** A small Dovecot authentication server (Dovecot: auth protocol 1.1). Any user "name" whose password is "secret". */
export class AuthServer {
  readonly #connections = new Set<net.Socket>()
  #server: net.Server | null = null

  listen(address: string, port: number): Promise<void> {
    const server = net.createServer(socket => this.#serve(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, resolve)
    })
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy()
    this.#server?.close()
  }

  #serve(socket: net.Socket): void {
    const exchanges = new Map<string, Exchange>()
    let text = ''
    this.#connections.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('data', bytes => {
      text += bytes.toString('utf8')
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const answer = answerTo(text.slice(0, end).split('\t'), exchanges)
        text = text.slice(end + 1)
        if (answer !== null) socket.write(answer + '\n')
      }
    })
    socket.write(GREETING)
  }
}

function answerTo(fields: readonly string[], exchanges: Map<string, Exchange>): string | null {
  const [verb, id = '', third = ''] = fields
  if (verb === 'AUTH') {
    const response = fields.find(field => field.startsWith('resp='))?.slice(5)
    if (third === 'PLAIN') {
      if (response !== undefined) return plain(id, response)
      exchanges.set(id, { mechanism: 'PLAIN', user: null })
      return `CONT\t${id}\t`
    }
    if (third !== 'LOGIN') return `FAIL\t${id}\treason=unsupported mechanism`
    exchanges.set(id, { mechanism: 'LOGIN', user: null })
    return `CONT\t${id}\t${base64('Username:')}`
  }
  if (verb !== 'CONT') return null
  const exchange = exchanges.get(id)
  if (!exchange) return `FAIL\t${id}`
  if (exchange.mechanism === 'PLAIN') return plain(id, third)
  const said = Buffer.from(third, 'base64').toString()
  if (exchange.user !== null) return verdict(id, exchange.user, said)
  exchanges.set(id, { mechanism: 'LOGIN', user: said })
  return `CONT\t${id}\t${base64('Password:')}`
}

function plain(id: string, response: string): string {
  const [, user = '', password = ''] = Buffer.from(response, 'base64').toString().split('\0')
  return verdict(id, user, password)
}

function verdict(id: string, user: string, password: string): string {
  return password === 'secret' ? `OK\t${id}\tuser=${user}` : `FAIL\t${id}\tuser=${user}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
