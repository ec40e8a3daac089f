import { headerNameLength } from '../mail/mime.ts'
import type { MessageJudge } from '../model/mail_auth.ts'
import { Blocks } from './blocks.ts'

/** The judge hashes pieces of this size rather than lines. */
const BODY_PIECE = 32 * 1024
const CRLF = Buffer.from('\r\n')

/** Tells a judge of messages what the client sends, as it sends it: header fields one by one, then the body. */
export class JudgeFeed {
  private readonly judge: MessageJudge
  private readonly headerSizeLimit: number
  private inBody = false
  private field = new Blocks()
  private body = new Blocks()
  private previousPartial = false

  constructor(judge: MessageJudge, headerSizeLimit: number) {
    this.judge = judge
    this.headerSizeLimit = headerSizeLimit
  }

  /** One line, or a piece of one (`partial`: the line goes on). The bytes are copied. */
  line(bytes: Uint8Array, partial: boolean): void {
    const continues = this.previousPartial
    this.previousPartial = partial
    if (this.inBody || !this.headerLine(bytes, continues)) this.bodyLine(bytes, partial)
  }

  /** There will be no more. */
  end(): MessageJudge {
    this.endField()
    if (this.previousPartial && this.inBody) this.body.add(CRLF)
    this.flushBody()
    return this.judge
  }

  /** False: the line belongs to the body. */
  private headerLine(bytes: Uint8Array, continues: boolean): boolean {
    const folds = bytes[0] === 0x20 || bytes[0] === 0x09
    if (this.field.size > 0 && (continues || folds)) {
      // What exceeds it does not pass on either (Postfix cleanup(8)).
      if (this.field.size >= this.headerSizeLimit) return true
      if (!continues) this.field.add(CRLF)
      this.field.add(bytes)
      return true
    }
    this.endField()
    if (headerNameLength(bytes) > 0) {
      this.field.add(bytes)
      return true
    }
    this.inBody = true
    return bytes.length === 0
  }

  private endField(): void {
    if (this.field.size > 0) this.judge.header(joined(this.field.take()))
  }

  private bodyLine(bytes: Uint8Array, partial: boolean): void {
    this.body.add(bytes)
    if (!partial) this.body.add(CRLF)
    if (this.body.size >= BODY_PIECE) this.flushBody()
  }

  private flushBody(): void {
    for (const block of this.body.take()) this.judge.body(block)
  }
}

function joined(blocks: readonly Buffer[]): Buffer {
  const [first] = blocks
  return blocks.length === 1 && first !== undefined ? first : Buffer.concat(blocks)
}
