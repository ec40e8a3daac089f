import { formatAnswer, type PolicyRequest, parseRequest, REQUEST_LIMIT, RequestReader } from './codec.ts'

/** Requests of one connection that are judged at a time; Postfix sends one and waits. */
export const WINDOW = 32

/** A request to be judged; the answer goes to `answer` under its number. */
export interface Asked {
  readonly number: number
  readonly request: PolicyRequest
}

/**
 * One connection, without its socket: requests come out in the order in which they came in, answers go out in the same
 * order whatever their judging takes. What is no request is answered too, so that nobody waits for ever.
 */
export class PolicySession {
  readonly #reader = new RequestReader()
  readonly #warn: (text: string) => void
  /** A client that speaks another language is told of once: it could fill the log at the rate at which it writes. */
  #hasToldNonsense = false
  #untoldLines = 0
  #untoldRequests = 0
  /** Answers from `#sent` on; null: still being judged. */
  #answers: (string | null)[] = []
  /** Number of the first of `#answers`. */
  #sent = 0
  #broken = false

  constructor(warn: (text: string) => void) {
    this.#warn = warn
  }

  /** Bytes have come. */
  push(chunk: Buffer): void {
    if (!this.#broken) this.#reader.push(chunk)
  }

  /** The next request to judge, if there is one and not too many are being judged. */
  next(): Asked | null {
    while (this.#answers.length < WINDOW && !this.#broken) {
      const text = this.#reader.next()
      if (text === null) {
        if (this.#reader.isTooLong) this.#break()
        return null
      }
      const { request, garbage } = parseRequest(text)
      const isAsked = request.request === 'smtpd_access_policy'
      if (garbage.length > 0 || !isAsked) this.#tellNonsense(garbage, isAsked ? null : (request.request ?? ''))
      const number = this.#sent + this.#answers.length
      this.#answers.push(null)
      if (isAsked) return { number, request }
      // Postgrey logs this and says nothing, and its client waits until it gives up.
      this.answer(number, 'DUNNO')
    }
    return null
  }

  /** What was decided about a request. */
  answer(number: number, action: string): void {
    this.#answers[number - this.#sent] = formatAnswer(action)
  }

  /** What can be sent by now; '' nothing. */
  output(): string {
    let text = ''
    let count = 0
    for (; count < this.#answers.length; count++) {
      const answer = this.#answers[count]
      if (answer === null || answer === undefined) break
      text += answer
    }
    if (count === this.#answers.length) this.#answers = []
    else this.#answers.splice(0, count)
    this.#sent += count
    return text
  }

  /** `output` would give something. */
  get hasOutput(): boolean {
    return this.#answers.length > 0 && this.#answers[0] !== null
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.#answers.length
  }

  /** As many requests are being judged as may be: read no more. */
  get isFull(): boolean {
    return this.#answers.length >= WINDOW
  }

  /** A request has begun to come, and has not come whole. */
  get isPartial(): boolean {
    return !this.#broken && this.#reader.isPartial
  }

  /** There is no telling where the next request begins: answer what was asked, then close. */
  get isBroken(): boolean {
    return this.#broken
  }

  /** The connection is gone: how much more was no request. */
  close(): void {
    if (this.#untoldLines === 0 && this.#untoldRequests === 0) return
    this.#warn(
      `ignored ${this.#untoldLines} more lines of garbage and ${this.#untoldRequests} more unrecognized requests`,
    )
    this.#untoldLines = 0
    this.#untoldRequests = 0
  }

  /** In Postgrey's words. `type` is that of an unrecognized request, else null. */
  #tellNonsense(garbage: readonly string[], type: string | null): void {
    if (this.#hasToldNonsense) {
      this.#untoldLines += garbage.length
      if (type !== null) this.#untoldRequests++
      return
    }
    this.#hasToldNonsense = true
    const [first, ...more] = garbage
    const counted = more.length === 0 ? '' : ` and ${more.length} more lines`
    if (first !== undefined) this.#warn(`ignoring garbage: <${first.slice(0, 100)}>${counted}`)
    if (type !== null) this.#warn(`unrecognized request type: '${type.slice(0, 100)}'`)
  }

  #break(): void {
    this.#broken = true
    this.#warn(`closing a connection whose request does not end within ${REQUEST_LIMIT} bytes`)
  }
}
