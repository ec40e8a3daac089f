/**
 * Bytes of a client, cut into what the session asks for: command lines, content lines, BDAT chunks. Any chunking of the same bytes
 * gives the same result. Pure: whoever reads the socket calls `push`, and asks again after a null.
 */

const CR = 13
const LF = 10
const EMPTY = Buffer.alloc(0)

/** How line ends are seen. smtpd_forbid_bare_newline: everything but "no" wants CRLF to be told from LF. */
export interface LineRules {
  /** Lines are cut here (line_length_limit, smtpd_sasl_response_limit), bytes with line end. */
  readonly limit: number
  readonly detectBareLf: boolean
}

export interface Line {
  /** Without line end. */
  readonly bytes: Buffer
  /** The limit cut the line: of a command the rest is thrown away, of content it follows as the next piece. */
  readonly cut: boolean
  /** It ended in LF without CR; always false when that is not looked for. */
  readonly bareLf: boolean
}

/** The bytes that have come and have not been taken. */
export class InputBuffer {
  private bytes: Buffer = EMPTY
  /** No LF before this index. */
  private scanned = 0
  /** A command line that was cut: its rest is being read to the end. */
  private held: Line | null = null

  get length(): number {
    return this.bytes.length
  }

  push(chunk: Uint8Array): void {
    const more = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.bytes = this.bytes.length === 0 ? more : Buffer.concat([this.bytes, more])
  }

  /** A copy of the first bytes, for log lines. */
  peek(limit: number): Buffer {
    return Buffer.from(this.bytes.subarray(0, limit))
  }

  /** Forgets everything: after STARTTLS nothing that came in clear text may count. RFC 3207 6 */
  clear(): void {
    this.bytes = EMPTY
    this.scanned = 0
    this.held = null
  }

  /** A command: what exceeds the limit is read to the end of the line and dropped, so that the dialogue stays in step. */
  takeCommand(rules: LineRules): Line | null {
    if (this.held === null) {
      const line = this.takeLine(rules)
      if (line === null || !line.cut) return line
      // Not a part of the big chunk, which would be kept alive by it.
      this.held = { ...line, bytes: Buffer.from(line.bytes) }
    }
    const end = this.bytes.indexOf(LF)
    if (end < 0) {
      this.drop(this.bytes.length)
      return null
    }
    this.drop(end + 1)
    const line = this.held
    this.held = null
    return line
  }

  /** A line of content, or the next piece of a long one. */
  takeLine(rules: LineRules): Line | null {
    const { limit } = rules
    const end = this.bytes.indexOf(LF, this.scanned)
    if (end >= 0 && end < limit) return this.takeEnded(end, rules)
    if (this.bytes.length < limit) {
      this.scanned = this.bytes.length
      return null
    }
    // The cut must not come between CR and LF.
    if (this.bytes[limit - 1] === CR) {
      if (this.bytes.length === limit) return null
      if (this.bytes[limit] === LF) return this.takeEnded(limit, rules)
    }
    const bytes = this.bytes.subarray(0, limit)
    this.drop(limit)
    return { bytes, cut: true, bareLf: false }
  }

  /** Up to `limit` bytes of a BDAT chunk; null when there are none. */
  takeBytes(limit: number): Buffer | null {
    if (this.bytes.length === 0) return null
    const bytes = this.bytes.subarray(0, limit)
    this.drop(bytes.length)
    return bytes
  }

  private takeEnded(end: number, rules: LineRules): Line {
    let stop = end
    const bareLf = rules.detectBareLf && (end === 0 || this.bytes[end - 1] !== CR)
    // Postfix: one CR belongs to the line end, unless nobody looks, then any number.
    if (rules.detectBareLf) stop = bareLf ? end : end - 1
    else while (stop > 0 && this.bytes[stop - 1] === CR) stop--
    const bytes = this.bytes.subarray(0, stop)
    this.drop(end + 1)
    return { bytes, cut: false, bareLf }
  }

  private drop(count: number): void {
    this.bytes = count >= this.bytes.length ? EMPTY : this.bytes.subarray(count)
    this.scanned = 0
  }
}

/** A line of message content, dot-stuffing removed. `partial`: more of the same line follows. */
export interface ContentLine {
  readonly bytes: Buffer
  readonly partial: boolean
  readonly bareLf: boolean
}

/** What the end of a message demands: with "strict" only CRLF.CRLF ends it (smtpd_forbid_bare_newline other than "no"). */
export class DataDecoder {
  private readonly input: InputBuffer
  private readonly rules: LineRules
  private previousPartial = false
  private previousBareLf = false
  private from_ = true
  /** A line ended in LF without CR, dropped ones included. */
  sawBareLf = false

  constructor(input: InputBuffer, rules: LineRules) {
    this.input = input
    this.rules = rules
  }

  /** The next line, 'end' after the closing dot, null when more bytes are needed. */
  next(): ContentLine | 'end' | null {
    for (;;) {
      const line = this.input.takeLine(this.rules)
      if (line === null) return null
      const continues = this.previousPartial
      const suspicious = line.bareLf || this.previousBareLf
      this.previousPartial = line.cut
      this.previousBareLf = line.bareLf
      if (line.bareLf) this.sawBareLf = true
      if (!continues && this.from_ && isMailboxLine(line.bytes)) {
        return { bytes: Buffer.concat([MAILBOX_LINE, line.bytes]), partial: line.cut, bareLf: line.bareLf }
      }
      if (!continues) this.from_ = false
      if (continues || line.bytes[0] !== DOT) return { bytes: line.bytes, partial: line.cut, bareLf: line.bareLf }
      if (line.bytes.length > 1 || line.cut)
        return { bytes: line.bytes.subarray(1), partial: line.cut, bareLf: line.bareLf }
      // Postfix: a lone dot that is not between two CRLF is neither the end nor content: smuggled mail would start after it.
      if (!this.rules.detectBareLf || !suspicious) return 'end'
    }
  }
}

const DOT = 46
const MAILBOX_LINE = Buffer.from('X-Mailbox-Line: ')

/** Postfix, like sendmail: "From " lines of mailbox files at the very start become a header. */
function isMailboxLine(bytes: Buffer): boolean {
  let at = 0
  while (bytes[at] === 62) at++
  return bytes.toString('latin1', at, at + 5) === 'From '
}
