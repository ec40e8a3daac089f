import net from 'node:net'

/** What the server does at a step: a reply (lines joined by \r\n), 'CLOSE' (hang up without a word), 'HANG' (say nothing), or text then hang up. */
export type Move = string | { readonly say: string; readonly thenClose: true }

export interface HopScript {
  readonly greeting?: Move
  readonly EHLO?: Move
  readonly LHLO?: Move
  readonly HELO?: Move
  readonly XFORWARD?: Move
  readonly MAIL?: Move | ((line: string) => Move)
  readonly RCPT?: Move | ((line: string) => Move)
  readonly DATA?: Move
  /** Sent as soon as so many bytes of the message have come. */
  readonly inData?: { readonly after: number; readonly move: Move }
  /** One answer per accepted recipient if it is a list (LMTP). */
  readonly dot?: Move | readonly Move[]
  readonly RSET?: Move
  readonly STARTTLS?: Move
}

/** A next hop for tests that does what a script says, and keeps what it heard. */
export class ScriptedHop {
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  readonly commands: string[] = []
  readonly messages: string[] = []
  connections = 0
  script: HopScript

  constructor(script: HopScript) {
    this.script = script
    this.#server = net.createServer({ noDelay: true }, socket => this.#serve(socket))
  }

  /** Gives the port, or listens on a Unix-domain socket. */
  listen(path?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const done = (): void => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      }
      if (path === undefined) this.#server.listen(0, '127.0.0.1', done)
      else this.#server.listen(path, done)
    })
  }

  /** Ends all connections as a restart would. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): Promise<void> {
    this.hangUp()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  #serve(socket: net.Socket): void {
    this.connections++
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    const session = new Session(this, move => act(socket, move))
    socket.on('data', bytes => session.take(bytes.toString('latin1')))
    act(socket, this.script.greeting ?? '220 hop.example ESMTP')
  }
}

function act(socket: net.Socket, move: Move): void {
  if (move === 'HANG') return
  if (move === 'CLOSE') {
    socket.destroy()
    return
  }
  if (typeof move === 'string') socket.write(`${move}\r\n`)
  else socket.end(`${move.say}\r\n`)
}

const EHLO =
  '250-hop.example\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN'

class Session {
  readonly #hop: ScriptedHop
  readonly #act: (move: Move) => void
  #text = ''
  #message: string | null = null
  #accepted = 0
  #interrupted = false

  constructor(hop: ScriptedHop, act: (move: Move) => void) {
    this.#hop = hop
    this.#act = act
  }

  take(text: string): void {
    this.#text += text
    for (let end = this.#text.indexOf('\r\n'); end >= 0; end = this.#text.indexOf('\r\n')) {
      const line = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 2)
      if (this.#message === null) this.#command(line)
      else this.#content(line)
    }
  }

  #command(line: string): void {
    this.#hop.commands.push(line)
    const verb = line.split(' ')[0]?.toUpperCase() ?? ''
    const move = this.#answer(verb, line)
    const said = typeof move === 'string' ? move : ''
    if (verb === 'MAIL') this.#accepted = 0
    if (verb === 'RCPT' && said.startsWith('2')) this.#accepted++
    if (verb === 'DATA' && said.startsWith('354')) this.#message = ''
    this.#act(move)
  }

  #answer(verb: string, line: string): Move {
    const { script } = this.#hop
    switch (verb) {
      case 'EHLO':
      case 'LHLO':
        return script[verb] ?? EHLO
      case 'MAIL':
      case 'RCPT': {
        const move = script[verb]
        return (typeof move === 'function' ? move(line) : move) ?? '250 2.1.0 Ok'
      }
      case 'DATA':
        return script.DATA ?? (this.#accepted > 0 ? '354 go' : '554 5.5.1 no valid recipients')
      case 'QUIT':
        return { say: '221 2.0.0 Bye', thenClose: true }
      case 'RSET':
      case 'HELO':
      case 'XFORWARD':
      case 'STARTTLS':
        return script[verb] ?? '250 2.0.0 Ok'
      default:
        return '500 5.5.2 what'
    }
  }

  #content(line: string): void {
    const { inData, dot } = this.#hop.script
    if (line !== '.') {
      this.#message += `${line.startsWith('.') ? line.slice(1) : line}\r\n`
      if (inData !== undefined && !this.#interrupted && (this.#message?.length ?? 0) >= inData.after) {
        this.#interrupted = true
        this.#act(inData.move)
      }
      return
    }
    this.#hop.messages.push(this.#message ?? '')
    this.#message = null
    if (Array.isArray(dot)) for (const move of dot) this.#act(move)
    // A list was handled above; TypeScript does not narrow readonly arrays here.
    else this.#act((dot as Move | undefined) ?? '250 2.0.0 Ok: queued as HOP1')
  }
}
