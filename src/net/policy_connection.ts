import type { Socket } from 'node:net'
import type { Clock, Timer } from '../util/clock.ts'
import { LineSocket } from './line_socket.ts'
import type { PolicyServer } from './policy_server_spec.ts'

export type PolicyReply =
  | { readonly ok: true; readonly action: Buffer }
  /** `warnings` come first in the log; `errno` is what "problem talking to server" ends in. `quiet`: Postfix tries again without a word. */
  | { readonly ok: false; readonly warnings: readonly string[]; readonly errno: string; readonly quiet: boolean }

/** No answer is as long as this. */
const MAX_LINE = 65_536
const EQUALS = 0x3d

/** Postfix's word where a call failed without an errno. */
const NO_ERRNO = 'Application error'
const RESET = 'Connection reset by peer'

interface Pending {
  readonly resolve: (reply: PolicyReply) => void
  action: Buffer | null
  started: boolean
}

/** One connection to a policy server. One request at a time. */
export class PolicyConnection {
  readonly #socket: LineSocket
  readonly #server: PolicyServer
  readonly #clock: Clock
  readonly openedAt: number
  requests = 0
  #pending: Pending | null = null
  #timer: Timer | null = null
  /** Something came without a request, or the other side is gone. */
  #spoiled = false
  #ended: string | null | undefined

  constructor(socket: Socket, server: PolicyServer, clock: Clock) {
    this.#server = server
    this.#clock = clock
    this.openedAt = clock.monotonic()
    const handlers = { line: (line: Buffer) => this.#line(line), closed: (error: string | null) => this.#closed(error) }
    this.#socket = new LineSocket(socket, handlers, MAX_LINE)
  }

  get isUsable(): boolean {
    return !this.#spoiled && this.#ended === undefined && this.#socket.partialLine.length === 0
  }

  request(text: string): Promise<PolicyReply> {
    this.requests++
    return new Promise(resolve => {
      // Postfix: a connection that is readable before the request counts as closed by the server.
      if (!this.isUsable) return resolve({ ok: false, warnings: [], errno: this.#ended ?? NO_ERRNO, quiet: true })
      this.#pending = { resolve, action: null, started: false }
      this.#restartTimer()
      this.#socket.write(text)
    })
  }

  close(): void {
    this.#timer?.cancel()
    this.#socket.destroy()
  }

  #line(line: Buffer): void {
    const pending = this.#pending
    if (pending === null) {
      this.#spoiled = true
      return
    }
    this.#restartTimer()
    pending.started = true
    if (line.length === 0) {
      if (pending.action !== null) this.#settle({ ok: true, action: pending.action })
      else this.#giveUp(`missing attribute action in input from ${this.#server.endpoint}`)
      return
    }
    // Only the first action counts; what else the server says is skipped.
    if (pending.action !== null) return
    const equals = line.indexOf(EQUALS)
    const name = line.subarray(0, equals < 0 ? line.length : equals).toString('latin1')
    if (name !== 'action') return
    if (equals >= 0) pending.action = Buffer.from(line.subarray(equals + 1))
    else this.#giveUp(`missing value for string attribute action from ${this.#server.endpoint}`)
  }

  #closed(error: string | null): void {
    this.#ended = error
    const pending = this.#pending
    if (pending === null) return
    const errno = error ?? NO_ERRNO
    // Postfix tries again in silence after EPIPE, ENOENT and ECONNRESET, and where there is no errno.
    const quiet = error === null || error === RESET || error === 'Broken pipe'
    this.#settle({ ok: false, warnings: this.#cutOff('premature end-of-input'), errno, quiet })
  }

  #timedOut(): void {
    const reply: PolicyReply = {
      ok: false,
      warnings: this.#cutOff('timeout'),
      errno: 'Connection timed out',
      quiet: false,
    }
    this.#settle(reply)
    this.close()
  }

  /** Nothing is said about an answer that had not begun. */
  #cutOff(what: string): readonly string[] {
    const partial = this.#socket.partialLine
    if (this.#pending?.started !== true && partial.length === 0) return []
    const inValue = this.#pending?.action === null && partial.subarray(0, 7).toString('latin1') === 'action='
    return [`${what} on ${this.#server.endpoint} while reading input attribute ${inValue ? 'value' : 'name'}`]
  }

  #giveUp(warning: string): void {
    this.#settle({ ok: false, warnings: [warning], errno: NO_ERRNO, quiet: true })
    this.close()
  }

  #settle(reply: PolicyReply): void {
    const pending = this.#pending
    this.#pending = null
    this.#timer?.cancel()
    this.#timer = null
    pending?.resolve(reply)
  }

  #restartTimer(): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.after(this.#server.settings.timeoutMs, () => this.#timedOut())
  }
}
