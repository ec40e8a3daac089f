/**
 * The workers: starts them, gives them their configuration, replaces those that die, hands connections out.
 *
 * A worker gets its next connection when it has taken the last one, so that one that is stuck gets no more of them.
 * While none can take any, connections wait here.
 */
import type { Clock } from '../util/clock.ts'
import type { ConfigSource } from './config_source.ts'
import { type Arrival, ConnectionQueue, type Taker } from './connection_queue.ts'
import { doorKind } from './doors.ts'
import type { ToSupervisor } from './messages.ts'
import type { StartWorker, WorkerHandle } from './worker_handle.ts'

export interface CrewOptions {
  readonly size: number
  readonly start: StartWorker
  readonly clock: Clock
  /** Messages that are not about starting, building and taking. */
  readonly message: (worker: WorkerHandle, message: ToSupervisor) => void
  readonly workerGone: (worker: WorkerHandle) => void
  readonly warn: (text: string) => void
}

interface Member extends Taker {
  load: number
  handle: WorkerHandle | null
  /** Which of the crew it is. */
  readonly slot: number
  readonly startedAt: number
  /** It listens to messages. */
  started: boolean
  /** It has a configuration in use. */
  ready: boolean
}

interface Build {
  readonly generation: number
  readonly source: ConfigSource
}

/** A change of configuration that is under way. */
interface Change extends Build {
  readonly members: ReadonlySet<Member>
  /** Those that have not answered. */
  readonly open: Set<Member>
  problem: string | null
  readonly done: (problem: string | null) => void
}

/** A change that is decided, and that not all have made yet. */
interface Handover {
  readonly generation: number
  readonly open: Set<Member>
  readonly done: () => void
}

/** A worker that lives shorter than this counts as failing, and waits longer and longer for its successor. */
const SHORT_LIFE_MS = 10_000
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 10_000
/** A worker that has not ended this long after its grace never will. */
const FORCE_MS = 2000
const RETURN_DELAY_MS = 20

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<Member>()
  readonly #queue: ConnectionQueue
  /** What every worker is to use. */
  #current: Build
  #change: Change | null = null
  #handover: Handover | null = null
  #failures = 0
  /** Called when all have become ready, or one cannot. */
  #begun: ((problem: string | null) => void) | null = null
  #ended: (() => void) | null = null

  constructor(source: ConfigSource, options: CrewOptions) {
    this.#options = options
    this.#queue = new ConnectionQueue(options.clock)
    this.#current = { generation: 1, source }
  }

  /** Starts all workers; resolves when they can serve with null, else with what is wrong. */
  begin(): Promise<string | null> {
    return new Promise(resolve => {
      this.#begun = resolve
      for (let slot = 0; slot < this.#options.size; slot++) this.#add(slot)
    })
  }

  /** Builds another configuration in every worker, and uses it in all of them or in none. Null, or why it is not used. */
  change(source: ConfigSource): Promise<string | null> {
    const generation = this.#current.generation + 1
    const members = new Set([...this.#members].filter(member => member.ready))
    return new Promise(done => {
      const change: Change = { generation, source, members, open: new Set(members), problem: null, done }
      this.#change = change
      for (const member of members) send(member, { kind: 'build', generation, source })
      this.#settleChange(change)
    })
  }

  /** One connection: to the next worker that can take it. */
  take(arrival: Arrival): void {
    if (this.#ended !== null) arrival.socket.destroy()
    else this.#queue.take(arrival)
  }

  reopenLogs(): void {
    for (const member of this.#members) send(member, { kind: 'reopen_logs' })
  }

  /** Ends all workers: `graceMs` for what runs, then by force. Resolves when all are gone. */
  async end(graceMs: number): Promise<void> {
    const force = this.#options.clock.after(graceMs + FORCE_MS, () => this.kill())
    await new Promise<void>(resolve => {
      this.#ended = resolve
      // Whoever waits for the beginning has nothing to wait for any more.
      this.#settleBegin(null)
      this.#queue.clear()
      for (const member of this.#members) send(member, { kind: 'stop', graceMs })
      if (this.#members.size === 0) resolve()
    })
    force.cancel()
  }

  /** At once, without any grace. */
  kill(): void {
    for (const member of this.#members) member.handle?.kill('SIGKILL')
  }

  #add(slot: number): void {
    const member: Member = {
      handle: null,
      slot,
      startedAt: this.#options.clock.monotonic(),
      started: false,
      ready: false,
      load: 0,
      give(arrival) {
        if (doorKind(arrival.door) !== 'smtp') member.load++
        send(member, { kind: 'connection', door: arrival.door }, arrival.socket)
      },
    }
    this.#members.add(member)
    member.handle = this.#options.start(
      {
        message: message => this.#message(member, message),
        exit: (how, untaken) => this.#exited(member, how, untaken),
      },
      slot,
    )
  }

  #message(member: Member, message: ToSupervisor): void {
    switch (message.kind) {
      case 'started':
        member.started = true
        send(member, { kind: 'build', ...this.#current })
        break
      case 'built':
        this.#built(member, message.generation, message.problem)
        break
      case 'using':
        if (message.generation === this.#handover?.generation) this.#settleHandover(member)
        break
      case 'taken':
        this.#queue.offer(member)
        break
      case 'helper_closed':
        member.load--
        break
      default:
        if (member.handle !== null) this.#options.message(member.handle, message)
    }
  }

  #built(member: Member, generation: number, problem: string | null): void {
    const change = this.#change
    if (change !== null && generation === change.generation && change.open.delete(member)) {
      change.problem ??= problem
      this.#settleChange(change)
    } else if (generation !== this.#current.generation) {
      // Built too late: the newer one is on its way.
      send(member, { kind: 'drop', generation })
    } else if (problem === null) this.#use(member)
    else {
      this.#options.warn(`worker ${member.handle?.pid} cannot use the configuration: ${problem}`)
      this.#settleBegin(problem)
      member.handle?.kill('SIGKILL')
    }
  }

  #use(member: Member): void {
    send(member, { kind: 'use', generation: this.#current.generation })
    if (member.ready) return
    member.ready = true
    this.#queue.offer(member)
    if ([...this.#members].every(each => each.ready)) this.#settleBegin(null)
  }

  #settleBegin(problem: string | null): void {
    this.#begun?.(problem)
    this.#begun = null
  }

  #settleChange(change: Change): void {
    if (change.open.size > 0) return
    this.#change = null
    const { generation, source, problem, done } = change
    if (problem === null) {
      this.#current = { generation, source }
      const open = new Set([...change.members].filter(member => this.#members.has(member)))
      this.#handover = { generation, open, done: () => done(null) }
    }
    for (const member of this.#members) {
      if (problem !== null) send(member, { kind: 'drop', generation })
      else if (change.members.has(member)) this.#use(member)
      // Started meanwhile, with the old one.
      else if (member.started) send(member, { kind: 'build', generation, source })
    }
    if (problem !== null) done(problem)
    else this.#settleHandover(null)
  }

  /** Who is told that a configuration is in use may count on it from then on, at each of the workers. */
  #settleHandover(used: Member | null): void {
    const handover = this.#handover
    if (handover === null) return
    if (used !== null) handover.open.delete(used)
    if (handover.open.size > 0) return
    this.#handover = null
    handover.done()
  }

  #exited(member: Member, how: string, untaken: Arrival | null): void {
    this.#members.delete(member)
    this.#queue.remove(member)
    // Not at once: when all workers die together, the next one may be dead too and not yet known to be.
    if (untaken !== null) this.#options.clock.after(RETURN_DELAY_MS, () => this.#queue.takeBack(untaken))
    if (member.handle !== null) this.#options.workerGone(member.handle)
    if (this.#change?.open.delete(member) === true) this.#settleChange(this.#change)
    this.#settleHandover(member)
    if (this.#ended !== null) {
      if (this.#members.size === 0) this.#ended()
      return
    }
    this.#settleBegin(`a worker ended (${how})`)
    this.#replace(member, how)
  }

  #replace(member: Member, how: string): void {
    const { clock, warn } = this.#options
    this.#failures = clock.monotonic() - member.startedAt < SHORT_LIFE_MS ? this.#failures + 1 : 0
    const delay = this.#failures < 2 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 2), LONGEST_DELAY_MS)
    warn(`worker ${member.handle?.pid} ended (${how}); starting another${delay === 0 ? '' : ` in ${delay / 1000} s`}`)
    clock.after(delay, () => {
      if (this.#ended === null) this.#add(member.slot)
    })
  }
}

function send(member: Member, ...args: Parameters<WorkerHandle['send']>): void {
  member.handle?.send(...args)
}
