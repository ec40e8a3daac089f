/**
 * Serves SMTP, policy and milter clients: what a worker does, whether in a process of its own or in the supervisor's.
 *
 * A configuration is a generation. `build` opens a whole gateway beside the one in use, `use` makes it the one for new
 * connections; the old one is closed when the last session that began with it has ended.
 */
import { ResolverPool } from '../dns/resolver_pool.ts'
import type { JudgedMessage } from '../milter/message.ts'
import { MilterServer } from '../milter/server.ts'
import type { Event } from '../model/event.ts'
import type { AcceptedSocket } from '../net/listener.ts'
import { SocketPushStream } from '../net/push_stream.ts'
import { acceptedConnection } from '../net/socket_stream.ts'
import type { Decide } from '../policy/endpoints.ts'
import { type PolicyEndpoint, PolicyServer } from '../policy/server.ts'
import { makeSmtpServer, type SmtpServer } from '../smtp/server.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import { type ConfigSource, loadSource } from './config_source.ts'
import { doorKind } from './doors.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { type Log, openLog } from './log.ts'
import { MemoryKeeper, type MemoryLease } from './memory.ts'
import type { ToSupervisor, ToWorker } from './messages.ts'
import { RemoteRates } from './remote_rates.ts'

interface Generation {
  readonly number: number
  readonly gateway: Gateway
  readonly server: SmtpServer
  readonly log: Log
  readonly memory: MemoryLease
  readonly listCheckSeconds: number
  readonly policyIdleSeconds: number
  readonly milterIdleSeconds: number
  /** By the keys of their doors. */
  readonly policies: ReadonlyMap<string, PolicyEndpoint>
  /** SMTP sessions, and policy requests and milter messages under way. */
  sessions: number
  retired: boolean
}

export interface WorkerOptions {
  readonly clock: Clock
  readonly pid: number
  /** How many processes there are. */
  readonly processes: number
  /** Which of them this is, from 0; a successor has its predecessor's number. */
  readonly slot: number
  send(message: ToSupervisor): void
}

export class Worker {
  readonly #options: WorkerOptions
  readonly #rates: RemoteRates
  readonly #generations = new Map<number, Generation>()
  readonly #memories = new MemoryKeeper()
  readonly #resolvers: ResolverPool
  /** Connections of both outlive configurations. */
  readonly #policies: PolicyServer
  readonly #milter: MilterServer
  #current: Generation | null = null
  #stopping = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#resolvers = new ResolverPool(options.clock)
    this.#rates = new RemoteRates(message => options.send(message))
    this.#policies = new PolicyServer({
      clock: options.clock,
      endpoint: door => this.#current?.policies.get(door) ?? null,
      idleSeconds: () => this.#current?.policyIdleSeconds ?? 0,
    })
    this.#milter = new MilterServer({
      clock: options.clock,
      open: () => this.#openMessage(),
      warn: text => this.#current?.log.emit({ kind: 'warning', text, daemon: 'postern/milter' }),
      idleSeconds: () => this.#current?.milterIdleSeconds ?? 0,
    })
  }

  receive(message: ToWorker, socket: AcceptedSocket | undefined): void {
    switch (message.kind) {
      case 'build':
        void this.#build(message.generation, message.source)
        break
      case 'use':
        this.#use(message.generation)
        this.#options.send({ kind: 'using', generation: message.generation })
        break
      case 'drop':
        this.#retire(this.#generations.get(message.generation))
        break
      case 'connection':
        this.#options.send({ kind: 'taken' })
        this.#arrived(message.door, socket)
        break
      case 'reopen_logs':
        for (const { log } of this.#generations.values()) log.reopen()
        break
      case 'rate':
        this.#rates.answer(message.id, message)
        break
      case 'stop':
        void this.stop(message.graceMs)
        break
    }
  }

  /** Lets sessions end, closes everything, and says so. */
  async stop(graceMs: number): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    const servers = [...this.#generations.values()].map(({ server }) => server)
    await Promise.all([...servers, this.#policies, this.#milter].map(server => server.stop(graceMs)))
    await Promise.all([...this.#generations.values()].map(generation => this.#close(generation)))
    this.#options.send({ kind: 'stopped' })
  }

  /** The supervisor is gone. */
  abandon(graceMs: number): Promise<void> {
    this.#rates.giveUp()
    return this.stop(graceMs)
  }

  /** A fault of ours that no session caught: told to the log, and the process goes on. */
  fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const event: Event = { kind: 'error', text: `unexpected fault: ${text}` }
    if (this.#current === null) process.stderr.write(`postern: ${text}\n`)
    else this.#current.log.emit(event)
  }

  async #build(number: number, source: ConfigSource): Promise<void> {
    try {
      const problem = await this.#open(number, source)
      this.#options.send({ kind: 'built', generation: number, problem })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      this.#options.send({ kind: 'built', generation: number, problem })
    }
  }

  async #open(number: number, source: ConfigSource): Promise<string | null> {
    const { clock, pid, processes, slot } = this.#options
    const { config, problems } = loadSource(source)
    if (problems[0] !== undefined) return problems[0].text
    const log = openLog({ config, clock, pid })
    // The memory outlives this generation's log.
    const warn = (text: string): void => (this.#current?.log ?? log).emit({ kind: 'warning', text })
    const memory = await this.#memories.lease(config, { clock, pid, use: 'gateway', warn })
    const gateway = openGateway({
      config,
      configPath: source.path,
      clock,
      emit: log.emit,
      memory: memory.memory,
      resolvers: this.#resolvers,
      pid,
      processes,
      quietLists: slot > 0,
    })
    if ('problem' in gateway) {
      await memory.release()
      await log.close()
      return gateway.problem
    }
    await gateway.decision.ready()
    const server = makeSmtpServer({
      setup: gateway.setup,
      rates: this.#rates,
      emit: log.emit,
      clock,
      random: systemRandom,
      pid,
    })
    const listCheckSeconds = config.postern_dns_list_check_interval
    const policyIdleSeconds = config.postern_policy_idle_limit
    const milterIdleSeconds = config.postern_milter_idle_limit
    const policies = new Map<string, PolicyEndpoint>()
    const generation: Generation = {
      ...{ number, gateway, server, log, memory, listCheckSeconds, policyIdleSeconds, milterIdleSeconds, policies },
      sessions: 0,
      retired: false,
    }
    for (const [key, decide] of gateway.policyEndpoints) policies.set(key, this.#policyEndpoint(generation, decide))
    this.#generations.set(number, generation)
    return null
  }

  /** A request belongs to the configuration of its moment: this one stays open for it. */
  #policyEndpoint(generation: Generation, decide: Decide): PolicyEndpoint {
    return {
      decide,
      warn: text => generation.log.emit({ kind: 'warning', text, daemon: 'postern/policy' }),
      hold() {
        generation.sessions++
      },
      release: () => this.#sessionEnded(generation),
    }
  }

  /** As a policy request: the message belongs to the configuration in which its content began to come. */
  #openMessage(): JudgedMessage {
    const generation = this.#current
    if (generation === null) throw new Error('no configuration is in use')
    const { log, gateway } = generation
    const judge = gateway.messageJudges.open()
    generation.sessions++
    return {
      judge,
      log({ daemon, text }, queueId) {
        log.emit({ kind: 'info', daemon, text: queueId === null ? text : `${queueId}: ${text}` })
      },
      warn: text => log.emit({ kind: 'warning', text, daemon: 'postern/milter' }),
      release: () => this.#sessionEnded(generation),
    }
  }

  #use(number: number): void {
    const next = this.#generations.get(number)
    if (next === undefined || next === this.#current) return
    const old = this.#current
    this.#current = next
    next.gateway.dnsLists.start(next.listCheckSeconds)
    this.#policies.closeDoors()
    if (old !== null) this.#retire(old)
  }

  #arrived(door: string, socket: AcceptedSocket | undefined): void {
    const kind = doorKind(door)
    const closed = (): void => this.#options.send({ kind: 'helper_closed' })
    // Undefined: the client went while the socket was on its way.
    if (socket === undefined) {
      if (kind !== 'smtp') closed()
    } else if (kind === 'policy') this.#policies.serve(new SocketPushStream(socket), door, closed)
    else if (kind === 'milter') this.#milter.serve(new SocketPushStream(socket), closed)
    else this.#serve(socket)
  }

  #serve(socket: AcceptedSocket): void {
    const generation = this.#current
    if (generation === null || this.#stopping) {
      socket.destroy()
      return
    }
    // It came through the supervisor, which listens so; Node does not hand the property on.
    socket.allowHalfOpen = true
    generation.sessions++
    void generation.server.serve(acceptedConnection(socket)).finally(() => this.#sessionEnded(generation))
  }

  #sessionEnded(generation: Generation): void {
    generation.sessions--
    if (generation.retired && generation.sessions === 0) void this.#close(generation)
  }

  #retire(generation: Generation | undefined): void {
    if (generation === undefined) return
    generation.retired = true
    if (generation.sessions === 0) void this.#close(generation)
  }

  async #close(generation: Generation): Promise<void> {
    if (!this.#generations.delete(generation.number)) return
    await generation.gateway.close()
    await generation.memory.release()
    await generation.log.close()
  }
}
