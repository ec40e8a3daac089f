import net from 'node:net'

/** What the scripted policy server says, by local part of the recipient, then of the sender, then "client:ADDRESS"; otherwise DUNNO. */
export type PolicyScript = Readonly<Record<string, string>>

const ECHOED = [
  'request',
  'protocol_state',
  'protocol_name',
  'helo_name',
  'sender',
  'recipient',
  'recipient_count',
  'client_address',
  'client_name',
  'reverse_client_name',
  'sasl_method',
  'sasl_username',
  'sasl_sender',
  'size',
  'etrn_domain',
  'stress',
  'encryption_protocol',
  'policy_context',
  'server_address',
  'compatibility_level',
  'mail_version',
]

type Attributes = ReadonlyMap<string, string>

/**
 * A policy server (Postfix SMTPD_POLICY_README) that misbehaves on demand: scripts starting with "@" close, hang, send garbage, echo
 * the request, or greylist a triplet once.
 */
export class PolicyServer {
  readonly #script: PolicyScript
  readonly #seen = new Set<string>()
  readonly #connections = new Set<net.Socket>()
  #server: net.Server | null = null
  /** Requests so far, for tests that count them. */
  requests = 0

  constructor(script: PolicyScript) {
    this.#script = script
  }

  listen(address: string, port: number): Promise<void> {
    const server = net.createServer(socket => this.#serve(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, resolve)
    })
  }

  listenUnix(path: string): Promise<void> {
    const server = net.createServer(socket => this.#serve(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ path, readableAll: true, writableAll: true }, resolve)
    })
  }

  /** Forgets triplets and counts. */
  reset(): void {
    this.#seen.clear()
    this.requests = 0
  }

  close(): void {
    for (const socket of this.#connections) socket.destroy()
    this.#server?.close()
  }

  #serve(socket: net.Socket): void {
    let text = ''
    this.#connections.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#connections.delete(socket))
    socket.on('data', bytes => {
      text += bytes.toString('utf8')
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#answer(parseAttributes(text.slice(0, end)), socket)
        text = text.slice(end + 2)
      }
    })
  }

  #answer(request: Attributes, socket: net.Socket): void {
    this.requests++
    const action = this.#actionFor(request)
    switch (action) {
      case '@close':
        socket.destroy()
        return
      case '@hang':
        return
      case '@garbage':
        socket.write('this is not an attribute\n\n')
        return
      case '@noaction':
        socket.write('foo=bar\n\n')
        return
      case '@emptyaction':
        socket.write('action=\n\n')
        return
      case '@empty':
        socket.write('\n')
        return
      case '@extra':
        socket.write('action=REJECT first\nextra=REJECT second\n\n')
        return
      case '@echo':
        socket.write(`action=REJECT echo ${ECHOED.map(key => `${key}=${request.get(key) ?? '(none)'}`).join(';')}\n\n`)
        return
      case '@keys':
        socket.write(`action=REJECT keys ${[...request.keys()].join(',')}\n\n`)
        return
      case '@greylist':
        socket.write(`action=${this.#greylist(request)}\n\n`)
        return
      default:
        socket.write(`action=${action}\n\n`)
    }
  }

  #actionFor(request: Attributes): string {
    const localPart = (name: string): string => (request.get(name) ?? '').split('@')[0] ?? ''
    for (const key of [localPart('recipient'), localPart('sender'), `client:${request.get('client_address')}`]) {
      if (key !== '' && Object.hasOwn(this.#script, key)) return this.#script[key] ?? 'DUNNO'
    }
    return 'DUNNO'
  }

  /** The first request of a triplet defers, the second passes. */
  #greylist(request: Attributes): string {
    const triplet = [request.get('client_address'), request.get('sender'), request.get('recipient')].join('/')
    if (this.#seen.delete(triplet)) return 'PREPEND X-Greylist: delayed'
    this.#seen.add(triplet)
    return 'DEFER_IF_PERMIT Greylisted, please try again later'
  }
}

function parseAttributes(text: string): Attributes {
  const attributes = new Map<string, string>()
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) attributes.set(line.slice(0, equals), line.slice(equals + 1))
  }
  return attributes
}
