import type { AuthEnvelope, MessageJudge, MessageVerdict } from '../model/mail_auth.ts'

/** The judge of one message, and where its lines go: of the configuration that was in use when the message began. */
export interface JudgedMessage {
  readonly judge: MessageJudge
  log(line: MessageVerdict['log'][number], queueId: string | null): void
  warn(text: string): void
  /** The message is over: once. */
  release(): void
}

/** All headers of a message. Postfix's header_size_limit is 102,400 for one. */
export const HEADER_LIMIT = 16 * 1024 * 1024

const LF = 10
const CR = 13
const COLON = 0x3a
const BLANK = 0x20

/** One message as it streams through: kept by nobody but the judge. A fault in judging lets it pass. */
export class Message {
  readonly #judged: JudgedMessage
  readonly #hasLeadingBlank: boolean
  #headerBytes = 0
  #isFaulty = false
  #released = false

  /** `envelope` as far as it is known when the content begins: all but the queue id. */
  constructor(judged: JudgedMessage, options: { readonly envelope: AuthEnvelope; readonly hasLeadingBlank: boolean }) {
    this.#judged = judged
    this.#hasLeadingBlank = options.hasLeadingBlank
    this.#try(judge => judge.start?.(options.envelope))
  }

  header(name: Buffer, value: Buffer): void {
    this.#headerBytes += name.length + value.length + 2
    if (!this.isTooLarge) this.#try(judge => judge.header(joinField(name, value, this.#hasLeadingBlank)))
  }

  body(chunk: Buffer): void {
    if (chunk.length > 0 && !this.isTooLarge) this.#try(judge => judge.body(chunk))
  }

  /** More headers than anybody wants to look at. */
  get isTooLarge(): boolean {
    return this.#headerBytes > HEADER_LIMIT
  }

  /** Null: it cannot be judged. Never rejects. */
  async end(envelope: AuthEnvelope): Promise<MessageVerdict | null> {
    if (this.#isFaulty) return null
    try {
      const verdict = await this.#judged.judge.end(envelope)
      for (const line of verdict.log) this.#judged.log(line, envelope.queueId)
      return verdict
    } catch (error) {
      this.#fault(error)
      return null
    }
  }

  warn(text: string): void {
    this.#judged.warn(text)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#judged.release()
  }

  #try(use: (judge: MessageJudge) => void): void {
    if (this.#isFaulty) return
    try {
      use(this.#judged.judge)
    } catch (error) {
      this.#fault(error)
    }
  }

  #fault(error: unknown): void {
    this.#isFaulty = true
    this.warn(
      `judging a message failed, it passes: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
}

/** "Name: value" with CRLF between folded lines, which the milter protocol ends with LF alone. */
function joinField(name: Buffer, value: Buffer, hasLeadingBlank: boolean): Buffer {
  let lines = 0
  for (let at = value.indexOf(LF); at >= 0; at = value.indexOf(LF, at + 1)) lines++
  const field = Buffer.allocUnsafe(name.length + 2 + value.length + lines)
  name.copy(field)
  let end = name.length
  field[end++] = COLON
  if (!hasLeadingBlank) field[end++] = BLANK
  let start = 0
  for (let at = value.indexOf(LF); at >= 0; at = value.indexOf(LF, at + 1)) {
    end += value.copy(field, end, start, at)
    if (value[at - 1] !== CR) field[end++] = CR
    start = at
  }
  end += value.copy(field, end, start)
  return field.subarray(0, end)
}
