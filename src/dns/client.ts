import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { Said } from './answer.ts'
import { NameServer, type ServerStats } from './name_server.ts'
import { Question } from './question.ts'
import type { DnsType } from './resolver.ts'
import type { ServerAddress } from './server_address.ts'

export interface ClientOptions {
  /** In order of preference; at least one. */
  readonly servers: readonly ServerAddress[]
  readonly clock: Clock
  readonly random: Random
  /** One server's time for one try, at most. */
  readonly tryMs: number
  /** Rounds over all servers. */
  readonly attempts: number
  /** The whole time of a question, all tries included. */
  readonly deadlineMs: number
  /** Begin with another server each time (resolv.conf(5) "rotate"). */
  readonly rotate: boolean
  /** Random capitals in the question, which an answer must repeat (draft-vixie-dnsext-dns0x20). */
  readonly mixCase: boolean
}

/** A stub resolver without memory: one question to the configured name servers, one answer. */
export interface StubClient {
  /** `name` lower case without trailing dot, `wire` the same as `encodeName` has it. Never rejects. */
  ask(name: string, wire: Uint8Array, type: DnsType): Promise<Said>
  /** No name server answers anything at all. */
  allGone(): boolean
  stats(): readonly ServerStats[]
  close(): void
}

/** Load is shed here before ids (65,536 per socket) or memory run out; about 1 KB each. */
const MAX_QUESTIONS = 20_000
/** Patience with servers that are gone already. */
const GONE_TRY_MS = 1000

export function makeClient(options: ClientOptions): StubClient {
  const servers = options.servers.map(address => new NameServer(address, options))
  const running = new Set<Question>()
  let turn = 0
  let closed = false

  const order = (): NameServer[] => {
    const start = options.rotate ? turn++ % servers.length : 0
    const rotated = [...servers.slice(start), ...servers.slice(0, start)]
    return [...rotated.filter(server => !server.gone), ...rotated.filter(server => server.gone)]
  }

  const tries = (): { servers: readonly NameServer[]; tryMs: number; deadlineMs: number } => {
    const inOrder = order()
    const alive = inOrder.filter(server => !server.gone).length
    if (alive > 0) {
      const rounds = Array.from({ length: options.attempts }, () => inOrder).flat()
      // Every server gets its turn within the deadline; late answers to earlier tries are still taken.
      const tryMs = Math.min(options.tryMs, options.deadlineMs / (alive * options.attempts))
      return { servers: rounds, tryMs, deadlineMs: options.deadlineMs }
    }
    const slowest = Math.max(...inOrder.map(server => server.slowMs))
    const tryMs = Math.min(options.tryMs, Math.max(GONE_TRY_MS, 2 * slowest)) / inOrder.length
    return { servers: inOrder, tryMs, deadlineMs: Math.min(options.deadlineMs, tryMs * inOrder.length) }
  }

  return {
    ask(name, wire, type) {
      if (closed) return Promise.resolve({ status: 'failed', reason: 'resolver is closed' })
      if (running.size >= MAX_QUESTIONS)
        return Promise.resolve({ status: 'failed', reason: 'too many DNS questions at once' })
      return new Promise(resolve => {
        const question = new Question(
          { name, wire, type },
          { ...tries(), clock: options.clock, random: options.random, mixCase: options.mixCase },
          said => {
            running.delete(question)
            resolve(said)
          },
        )
        running.add(question)
        question.start()
      })
    },
    allGone: () => servers.every(server => server.gone),
    stats: () => servers.map(server => server.stats()),
    close() {
      closed = true
      for (const question of [...running]) question.end({ status: 'failed', reason: 'resolver is closed' })
      for (const server of servers) server.close()
    },
  }
}
