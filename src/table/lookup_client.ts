import type { Duplex } from 'node:stream'
import type { Clock, Timer } from '../util/clock.ts'
import { errnoText } from '../util/errno_text.ts'

export type Reply =
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  /** `retry`: the connection was closed; a server that was started again may answer. */
  | { readonly kind: 'broken'; readonly text: string; readonly retry: boolean }

/** Cuts one reply off what was received: null when it is not complete. */
export type CutReply = (
  received: Buffer,
) => { readonly reply: Buffer; readonly rest: Buffer } | { readonly problem: string } | null

export interface LookupClientOptions {
  readonly connect: () => Duplex
  readonly clock: Clock
  /** For connecting, writing and reading together. */
  readonly timeoutMs: number
  /** A connection that was not used for so long is closed. */
  readonly idleMs: number
  readonly cut: CutReply
}

/** One connection to a lookup server, kept between questions; one question at a time. */
export class LookupClient {
  readonly #options: LookupClientOptions
  #stream: Duplex | null = null
  #received: Buffer = Buffer.alloc(0)
  #waiting: ((reply: Reply) => void) | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #idle: Timer | null = null

  constructor(options: LookupClientOptions) {
    this.#options = options
  }

  ask(request: Buffer): Promise<Reply> {
    const answer = this.#queue.then(() => this.#askNow(request))
    this.#queue = answer
    return answer
  }

  close(): void {
    this.#idle?.cancel()
    this.#stream?.destroy()
    this.#stream = null
  }

  #askNow(request: Buffer): Promise<Reply> {
    this.#idle?.cancel()
    return new Promise(resolve => {
      const deadline = this.#options.clock.after(this.#options.timeoutMs, () =>
        this.#settle({ kind: 'broken', text: 'Connection timed out', retry: false }),
      )
      this.#waiting = reply => {
        deadline.cancel()
        this.#waiting = null
        if (reply.kind === 'broken') this.close()
        else this.#idle = this.#options.clock.after(this.#options.idleMs, () => this.close())
        resolve(reply)
      }
      this.#connected().write(request)
    })
  }

  #connected(): Duplex {
    if (this.#stream !== null) return this.#stream
    const stream = this.#options.connect()
    this.#stream = stream
    this.#received = Buffer.alloc(0)
    stream.on('data', (chunk: Buffer) => {
      if (stream === this.#stream) this.#take(chunk)
    })
    stream.on('error', error => this.#lost(stream, errnoText(error)))
    stream.on('close', () => this.#lost(stream, 'unexpected EOF'))
    stream.on('end', () => this.#lost(stream, 'unexpected EOF'))
    return stream
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#waiting === null) {
      // What nobody asked for would be taken for the answer to the next question.
      this.close()
      return
    }
    const cut = this.#options.cut(this.#received)
    if (cut === null) return
    if ('problem' in cut) {
      this.#settle({ kind: 'broken', text: cut.problem, retry: false })
      return
    }
    this.#received = cut.rest
    this.#settle({ kind: 'reply', bytes: cut.reply })
  }

  #lost(stream: Duplex, text: string): void {
    if (stream !== this.#stream) return
    this.#stream = null
    stream.destroy()
    this.#settle({ kind: 'broken', text, retry: true })
  }

  #settle(reply: Reply): void {
    this.#waiting?.(reply)
  }
}
