import type { EmitEvent } from '../model/event.ts'
import type { ClientFacts } from '../model/facts.ts'
import type { SessionJudge } from '../model/judge.ts'
import type { RateCounters } from '../model/rates.ts'
import type { OpenSpool } from '../model/spool.ts'
import type { ByteStream, TlsServerContext } from '../net/byte_stream.ts'
import { readProxyHeader } from '../net/proxy_protocol.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { formatIp, parseIp } from '../util/ip.ts'
import type { Random } from '../util/random.ts'
import { Dialogue, type SessionStart } from './dialogue.ts'
import type { Hops, MessageJudging, SenderRewriting, SessionLists } from './doors.ts'
import { makeLongQueueIds, makeQueueIds, type QueueIds } from './queue_id.ts'
import type { SaslServer } from './sasl.ts'
import { runSession } from './session.ts'
import type { ServerConfig } from './settings.ts'
import { Wire } from './wire.ts'

/** What follows from one configuration. Sessions keep the one they began with. */
export interface SmtpSetup {
  readonly config: ServerConfig
  /** One judge per session. */
  makeJudge(): SessionJudge
  readonly hops: Hops
  readonly lists: SessionLists
  readonly tls: TlsServerContext | null
  readonly sasl: SaslServer | null
  readonly messages: MessageJudging | null
  readonly openSpool: OpenSpool
  readonly srs: SenderRewriting | null
}

export interface SmtpServerOptions {
  readonly setup: SmtpSetup
  readonly rates: RateCounters | null
  readonly emit: EmitEvent
  readonly clock: Clock
  readonly random: Random
  readonly pid: number
}

/** Both ends of an accepted connection, as the socket has them. */
export interface Connection {
  readonly stream: ByteStream
  readonly client: { readonly address: string; readonly port: number | null }
  readonly server: { readonly address: string; readonly port: number | null }
}

/** Serves SMTP clients whose connections others accept. */
export interface SmtpServer {
  /** Runs the whole session; resolves when it is over. Never rejects. */
  serve(connection: Connection): Promise<void>
  /** New sessions use this from now on. */
  swap(setup: SmtpSetup): void
  /** Sessions under way. */
  readonly sessions: number
  /**
   * Tells clients between two transactions 421 at once, the others when theirs is over or `graceMs` have passed.
   * Whoever accepts connections must have stopped.
   */
  stop(graceMs: number): Promise<void>
}

interface OpenSession {
  /** Null while the PROXY protocol header has not come. */
  dialogue: Dialogue | null
  over: Promise<void>
}

/** A client that has its last reply and does not go is cut off after this time. */
const GOODBYE_MS = 500

/** Whatever the session is waiting for, it is over. */
function sayGoodbye(stream: ByteStream, dialogue: Dialogue, clock: Clock): void {
  stream.write(Buffer.from(`${dialogue.shutdownReply}\r\n`))
  void stream.end()
  clock.after(GOODBYE_MS, () => stream.destroy())
}

export function makeSmtpServer(options: SmtpServerOptions): SmtpServer {
  const { clock, random } = options
  const ids = { short: makeQueueIds(clock, random), long: makeLongQueueIds(clock, random) }
  const open = new Map<ByteStream, OpenSession>()
  let setup = options.setup
  const serve = async (
    connection: Connection,
    running: SmtpSetup,
    begun: (dialogue: Dialogue) => void,
  ): Promise<void> => {
    try {
      await serveOne(connection, {
        ...options,
        setup: running,
        ids: running.config.enable_long_queue_ids ? ids.long : ids.short,
        begun,
      })
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      options.emit({ kind: 'error', text: `session failed: ${text}` })
      connection.stream.destroy()
    }
  }
  return {
    serve(connection) {
      const session: OpenSession = { dialogue: null, over: Promise.resolve() }
      open.set(connection.stream, session)
      session.over = serve(connection, setup, dialogue => {
        session.dialogue = dialogue
      }).finally(() => open.delete(connection.stream))
      return session.over
    },
    swap(next) {
      setup = next
    },
    get sessions() {
      return open.size
    },
    async stop(graceMs) {
      for (const [stream, { dialogue }] of open) {
        if (dialogue === null) continue
        dialogue.stopping = true
        if (dialogue.isIdle) sayGoodbye(stream, dialogue, clock)
      }
      const timer = clock.after(graceMs, () => {
        for (const [stream, { dialogue }] of open) {
          if (dialogue === null) stream.destroy()
          else sayGoodbye(stream, dialogue, clock)
        }
      })
      await Promise.all([...open.values()].map(({ over }) => over))
      timer.cancel()
    },
  }
}

async function serveOne(
  connection: Connection,
  options: SmtpServerOptions & { ids: QueueIds; begun(dialogue: Dialogue): void },
): Promise<void> {
  const { setup, clock } = options
  const wire = new Wire(connection.stream, clock)
  const start =
    setup.config.smtpd_upstream_proxy_protocol === 'haproxy'
      ? await proxiedStart(connection, { wire, options })
      : plainStart(connection)
  if (start === null) return
  const dialogue = new Dialogue(
    {
      config: setup.config,
      judge: setup.makeJudge(),
      hops: setup.hops,
      lists: setup.lists,
      rates: options.rates,
      tls: setup.tls,
      sasl: setup.sasl,
      messages: setup.messages,
      openSpool: setup.openSpool,
      srs: setup.srs,
      queueIds: options.ids,
      clock,
      emit: options.emit,
      pid: options.pid,
    },
    wire,
    start,
  )
  options.begun(dialogue)
  await runSession(dialogue)
}

function plainStart({ client, server }: Connection): SessionStart {
  return { client: clientFacts(client), server: { ...server, address: canonical(server.address) } }
}

function clientFacts({ address, port }: { address: string; port: number | null }): ClientFacts {
  return { address: canonical(address), port }
}

/** ::ffff:192.0.2.1 is 192.0.2.1. */
function canonical(address: string): string {
  const ip = parseIp(address)
  return ip === null ? address : formatIp(ip)
}

/** Only listed balancers may say who the client is; anyone else could claim to be anybody. Null: hung up, and logged. */
async function proxiedStart(
  connection: Connection,
  { wire, options }: { wire: Wire; options: SmtpServerOptions },
): Promise<SessionStart | null> {
  const { stream, client } = connection
  const { config, lists } = options.setup
  const address = canonical(client.address)
  const allowed = await lists.hasClient('postern_proxy_hosts', { address, name: async () => 'unknown' })
  const give =
    allowed.status === 'found'
      ? await readInTime(stream, { timeoutMs: config.smtpd_upstream_proxy_timeout * 1000, clock: options.clock })
      : 'not one of postern_proxy_hosts'
  if (typeof give === 'string') {
    options.emit({ kind: 'warning', text: `haproxy read: ${give} from ${address}` })
    if (give !== 'lost connection') wire.write(`421 4.3.0 ${config.myhostname} Server local error\r\n`)
    await wire.close()
    return null
  }
  if (give.rest.length > 0) wire.input.push(give.rest)
  const { header } = give
  if (header.kind === 'local') return plainStart(connection)
  return plainStart({ ...connection, client: header.client, server: header.server })
}

async function readInTime(
  stream: ByteStream,
  { timeoutMs, clock }: { timeoutMs: number; clock: Clock },
): Promise<Awaited<ReturnType<typeof readProxyHeader>>> {
  let timer: Timer | undefined
  const late = new Promise<string>(resolve => {
    timer = clock.after(timeoutMs, () => resolve('timeout error'))
  })
  const header = await Promise.race([readProxyHeader(stream), late])
  timer?.cancel()
  return header
}
