import type { EmitEvent } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import type { ClientName } from '../model/judge.ts'
import { type Clock, sleep, type Timer } from '../util/clock.ts'
import { dial } from './dial.ts'
import { PolicyConnection } from './policy_connection.ts'
import { formatPolicyRequest, type PolicyAttribute, type PolicyIdentity, policyAttributes } from './policy_request.ts'
import { dialTarget, type PolicyServer, type PolicyServiceSettings, parsePolicyServer } from './policy_server_spec.ts'

export interface PolicyClientOptions {
  /** Of smtpd_policy_service_…; a server's own options override them. */
  readonly settings: PolicyServiceSettings
  readonly identity: PolicyIdentity
  readonly queueDirectory: string
  /** Answers must be UTF-8 then. */
  readonly smtputf8Enable: boolean
  readonly clock: Clock
  readonly emit: EmitEvent
}

export type PolicyOutcome =
  | { readonly status: 'action'; readonly action: string }
  /** No usable answer: the default action counts. */
  | { readonly status: 'failed'; readonly reason: string; readonly defaultAction: string }

/** The client side of check_policy_service: Postfix's protocol, retries and log lines, over connections that are used again. */
export interface PolicyClient {
  /** The request that check_policy_service makes for these facts. Never rejects. */
  policy(server: string, facts: Facts, clientName: ClientName): Promise<PolicyOutcome>
  /** Any request; `build` gets the server's policy_context. */
  ask(server: string, build: (context: string) => readonly PolicyAttribute[]): Promise<PolicyOutcome>
  close(): void
}

export function makePolicyClient(options: PolicyClientOptions): PolicyClient {
  const services = new Map<string, Service>()
  const ask: PolicyClient['ask'] = (text, build) => {
    const known = services.get(text)
    if (known !== undefined) return known.ask(build)
    const parsed = parsePolicyServer(text, options.settings)
    if (!parsed.ok) return Promise.resolve(badServer(parsed.problem, options))
    const service = new Service(parsed.server, text, options)
    services.set(text, service)
    return service.ask(build)
  }
  return {
    ask,
    policy: (server, facts, clientName) =>
      ask(server, context => policyAttributes(facts, clientName, { ...options.identity, context })),
    close: () => {
      for (const service of services.values()) service.close()
    },
  }
}

/** Postfix would not have started with it. */
function badServer(problem: string, options: PolicyClientOptions): PolicyOutcome {
  options.emit({ kind: 'warning', text: problem })
  return { status: 'failed', reason: problem, defaultAction: options.settings.defaultAction }
}

/** Connections to one server at a time, as many as Postfix has smtpd processes (default_process_limit); further requests wait. */
const MAX_CONNECTIONS = 100

interface Idle {
  readonly connection: PolicyConnection
  readonly timer: Timer
}

class Service {
  readonly #server: PolicyServer
  readonly #text: string
  readonly #options: PolicyClientOptions
  #idle: Idle[] = []
  #busy = 0
  #queue: (() => void)[] = []

  constructor(server: PolicyServer, text: string, options: PolicyClientOptions) {
    this.#server = server
    this.#text = text
    this.#options = options
  }

  async ask(build: (context: string) => readonly PolicyAttribute[]): Promise<PolicyOutcome> {
    const { settings, endpoint } = this.#server
    const request = formatPolicyRequest(build(settings.policyContext))
    await this.#enter()
    try {
      for (let count = 1; ; count++) {
        const tried = await this.#try(request)
        if (tried.ok) return this.#usable(tried.action)
        const last = count >= settings.tryLimit
        if (last || !tried.quiet) this.#warn(`problem talking to server ${endpoint}: ${tried.errno}`)
        if (last) return this.#failed(tried.errno)
        await sleep(this.#options.clock, settings.retryDelayMs)
      }
    } finally {
      this.#leave()
    }
  }

  close(): void {
    for (const { connection, timer } of this.#idle) {
      timer.cancel()
      connection.close()
    }
    this.#idle = []
  }

  async #try(request: string): Promise<Tried> {
    for (let connection = this.#takeIdle(); connection !== null; connection = this.#takeIdle()) {
      const reply = await this.#request(connection, request)
      // A server that dropped an idle connection has not seen the request: no try is lost, and no second of waiting.
      if (reply.ok || !reply.quiet) return reply
    }
    const dialed = await dial(
      dialTarget(this.#server, this.#options.queueDirectory),
      this.#server.settings.timeoutMs,
      this.#options.clock,
    )
    if (!dialed.ok) {
      this.#warn(`connect to ${this.#server.endpoint}: ${dialed.text}`)
      return { ok: false, errno: dialed.text, quiet: dialed.code === 'ENOENT' }
    }
    return this.#request(new PolicyConnection(dialed.socket, this.#server, this.#options.clock), request)
  }

  async #request(connection: PolicyConnection, request: string): Promise<Tried> {
    const reply = await connection.request(request)
    if (reply.ok) {
      this.#giveBack(connection)
      return reply
    }
    connection.close()
    for (const warning of reply.warnings) this.#warn(warning)
    return { ok: false, errno: reply.errno, quiet: reply.quiet }
  }

  #usable(action: Buffer): PolicyOutcome {
    const text = action.toString('utf8')
    if (this.#options.smtputf8Enable && !Buffer.from(text, 'utf8').equals(action)) {
      const shown = text.replace(/[\x00-\x1f\x7f\ufffd]/g, '?')
      this.#warn(`malformed UTF-8 in policy server ${this.#text} response: "${shown}"`)
      return this.#failed('malformed UTF-8')
    }
    return { status: 'action', action: text }
  }

  #failed(reason: string): PolicyOutcome {
    return { status: 'failed', reason, defaultAction: this.#server.settings.defaultAction }
  }

  #takeIdle(): PolicyConnection | null {
    const { maxTtlMs } = this.#server.settings
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      idle.timer.cancel()
      const age = this.#options.clock.monotonic() - idle.connection.openedAt
      if (idle.connection.isUsable && age < maxTtlMs) return idle.connection
      idle.connection.close()
    }
    return null
  }

  #giveBack(connection: PolicyConnection): void {
    const { requestLimit, maxIdleMs } = this.#server.settings
    if (requestLimit > 0 && connection.requests >= requestLimit) {
      connection.close()
      return
    }
    const timer = this.#options.clock.after(maxIdleMs, () => {
      this.#idle = this.#idle.filter(idle => idle.connection !== connection)
      connection.close()
    })
    this.#idle.push({ connection, timer })
  }

  async #enter(): Promise<void> {
    if (this.#busy >= MAX_CONNECTIONS) await new Promise<void>(resolve => this.#queue.push(resolve))
    else this.#busy++
  }

  /** The place goes straight to who waits for it. */
  #leave(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#busy--
    else next()
  }

  #warn(text: string): void {
    this.#options.emit({ kind: 'warning', text })
  }
}

type Tried =
  | { readonly ok: true; readonly action: Buffer }
  | { readonly ok: false; readonly errno: string; readonly quiet: boolean }
