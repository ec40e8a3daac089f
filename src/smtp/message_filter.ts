import { type ContentType, headerNameLength, parseContentType, parseTransferEncoding } from '../mail/mime.ts'
import type { Lookup } from '../model/lookup.ts'
import { decodeLine } from './bytes.ts'
import { applyAction, type ContentLog, type ContentMatch, type Place } from './content_actions.ts'
import { ContentState } from './content_state.ts'
import type { HeaderEdit } from './header_editor.ts'
import { type MimeError, MimeErrors, type OnMimeError } from './mime_errors.ts'

export type ChecksParam = 'header_checks' | 'mime_header_checks' | 'nested_header_checks' | 'body_checks'

export interface FilterRules {
  readonly headerSizeLimit: number
  readonly bodyChecksSizeLimit: number
  readonly nestingLimit: number
  readonly boundaryLimit: number
  /** disable_mime_input_processing: everything below the header is one body. */
  readonly mimeOff: boolean
  readonly hopcountLimit: number
  /** message_drop_headers, lower case. */
  readonly dropHeaders: ReadonlySet<string>
  readonly rejectBytes: ReadonlySet<number>
  readonly stripBytes: ReadonlySet<number>
  /** cleanup_replace_stray_cr_lf */
  readonly replaceStrayCr: boolean
  /** strict_7bit_headers and its kin, and nesting that could evade the checks of headers. */
  readonly mimeErrors: ReadonlySet<MimeError>
  /** Which checks have tables at all; the others are never asked. */
  readonly checks: ReadonlySet<ChecksParam>
}

export interface FilterDoors {
  find(checks: ChecksParam, text: string): Promise<Lookup<string>>
  readonly log: ContentLog
  /** "QUEUEID: message-id=<…>" */
  messageId(name: 'message-id' | 'resent-message-id', value: string): void
  readonly mimeError: OnMimeError
}

interface Boundary {
  readonly text: Buffer
  readonly defaultType: ContentType
}

const CRLF = Buffer.from('\r\n')
const PLAIN: ContentType = { type: 'text', subtype: 'plain', boundaries: [] }
const ATTACHED: ContentType = { type: 'message', subtype: 'rfc822', boundaries: [] }
const OTHER: ContentType = { type: 'other', subtype: '', boundaries: [] }
const MIME_HEADER = /^(?:content-(?:description|disposition|id|transfer-encoding|type)|mime-version)$/

/**
 * Walks through a message line by line as Postfix's cleanup(8) does: finds its headers, those of attachments and of attached
 * messages, asks the tables about them, and gives out what goes on to the next hop. Nothing else changes.
 */
export class MessageFilter {
  readonly state = new ContentState()
  private readonly rules: FilterRules
  private readonly doors: FilterDoors
  private section: 'primary' | 'multipart' | 'nested' | 'body' = 'primary'
  private contentType = PLAIN
  private boundaries: Boundary[] = []
  private header: Buffer[] = []
  private headerSize = 0
  private previousPartial = false
  private bodyOffset = 0
  private hops = 0
  private sawMessageId = false
  private readonly errors: MimeErrors
  private out: Buffer[] = []
  /** Bytes of the primary header that were given out. */
  private headerOut = 0
  /** How the primary header differs from what was received. */
  readonly edits: HeaderEdit[] = []

  constructor(rules: FilterRules, doors: FilterDoors) {
    this.rules = rules
    this.doors = doors
    this.errors = new MimeErrors(rules.mimeErrors, doors.mimeError)
  }

  /** What has become certain since the last call. */
  take(): Buffer[] {
    const out = this.out
    this.out = []
    return out
  }

  /** The lines so far are ours, and a header of their own: how many bytes of them pass on. */
  async endOwnHeader(): Promise<number> {
    await this.closeHeader()
    this.edits.length = 0
    return this.headerOut
  }

  /** One line, or a piece of one (`partial`: the line goes on). Pieces are at most line_length_limit long. */
  async line(bytes: Buffer, partial: boolean): Promise<void> {
    if (this.state.isBad || this.state.discard) return
    const clean = await this.cleaned(bytes)
    if (clean === null) return
    const continues = this.previousPartial
    if (this.section !== 'body' && (await this.headerLine(clean, continues))) {
      this.previousPartial = partial
      return
    }
    await this.bodyLine(clean, { partial, continues })
    this.previousPartial = partial
  }

  /** The message is complete. */
  async end(): Promise<void> {
    if (this.state.isBad || this.state.discard) return
    await this.closeHeader()
    if (this.section === 'primary') this.endOfPrimary()
    this.state.rejection ??= this.errors.reason
    if (this.previousPartial && this.section === 'body') this.out.push(CRLF)
  }

  private async cleaned(bytes: Buffer): Promise<Buffer | null> {
    const { replaceStrayCr, rejectBytes, stripBytes } = this.rules
    let clean = bytes
    if (replaceStrayCr && clean.includes(13)) clean = Buffer.from(clean.map(byte => (byte === 13 ? 32 : byte)))
    if (this.state.checking && rejectBytes.size > 0 && clean.some(byte => rejectBytes.has(byte))) {
      const match: ContentMatch = {
        place: 'content',
        content: decodeLine(clean),
        value: 'REJECT disallowed character',
        table: 'character reject',
      }
      applyAction(this.state, match, this.doors.log)
      return null
    }
    if (this.state.checking && stripBytes.size > 0) clean = Buffer.from(clean.filter(byte => !stripBytes.has(byte)))
    return clean
  }

  /** False: the line is not part of a header, and the section is now a body (or the headers of an attached message). */
  private async headerLine(line: Buffer, continues: boolean): Promise<boolean> {
    if (this.header.length > 0) {
      if (continues) return this.extendHeader(line)
      if (line[0] === 0x20 || line[0] === 0x09) return this.extendHeader(Buffer.from('\n'), line)
      await this.closeHeader()
      if (this.state.isBad || this.state.discard) return true
    }
    if (!continues && headerNameLength(line) > 0) {
      this.header = [Buffer.from(line)]
      this.headerSize = line.length
      return true
    }
    if (this.section === 'primary') this.endOfPrimary()
    this.errors.endOfHeaders(this.contentType)
    this.bodyOffset = 0
    if (line.length > 0) {
      // Postfix: no blank line was there, but ours (the Received header) must not swallow the text.
      if (this.section === 'primary') this.out.push(CRLF)
      this.section = 'body'
      return false
    }
    const attached = this.contentType.type === 'message' && /^(?:rfc822|global)$/.test(this.contentType.subtype)
    if (attached) {
      this.section = 'nested'
      this.contentType = PLAIN
      this.errors.beginEntity()
    } else {
      if (this.contentType.type === 'multipart') {
        this.contentType = OTHER
        this.errors.beginEntity()
      }
      this.section = 'body'
    }
    return false
  }

  private extendHeader(...pieces: Buffer[]): true {
    // Postfix: what exceeds header_size_limit is thrown away.
    if (this.headerSize < this.rules.headerSizeLimit) {
      for (const piece of pieces) {
        this.header.push(Buffer.from(piece))
        this.headerSize += piece.length
      }
    }
    return true
  }

  private async closeHeader(): Promise<void> {
    if (this.header.length === 0) return
    const raw = Buffer.concat(this.header)
    this.header = []
    const name = raw.toString('latin1', 0, headerNameLength(raw)).toLowerCase()
    if (!this.rules.mimeOff && name === 'content-type') this.takeContentType(raw)
    if (!this.rules.mimeOff && name === 'content-transfer-encoding')
      this.errors.setEncoding(parseTransferEncoding(decodeLine(raw.subarray(raw.indexOf(0x3a) + 1))))
    this.errors.header(raw)
    if (name === 'received') this.hops++
    const mime = MIME_HEADER.test(name)
    const kept = await this.checkHeader(raw, mime)
    if (kept === null) {
      this.noteEdit(name, 0)
      return
    }
    const keptName = kept === raw ? name : kept.toString('latin1', 0, headerNameLength(kept)).toLowerCase()
    const dropped = this.section === 'primary' && !mime && this.isSpecial(keptName, kept)
    if (keptName !== name) this.noteEdit(name, dropped ? 0 : outSize(kept))
    if (!dropped) this.emitHeader(kept)
  }

  /** The header as it stays, or null: dropped. */
  private async checkHeader(raw: Buffer, mime: boolean): Promise<Buffer | null> {
    const param =
      this.section === 'nested' && !mime
        ? 'nested_header_checks'
        : this.section === 'primary' && !mime
          ? 'header_checks'
          : 'mime_header_checks'
    const text = decodeLine(normalized(raw))
    const outcome = await this.ask(param, { place: 'header', text })
    if (outcome === null || outcome.kind === 'keep') return raw
    if (outcome.kind === 'drop') return null
    const edited = Buffer.from(outcome.text.replace(/\r?\n/g, '\n'), 'utf8')
    if (outcome.kind === 'replace') return edited
    this.noteEdit(null, outSize(edited))
    this.emitHeader(edited)
    return raw
  }

  /** Message-Id, Received and the headers that never pass on; true: not passed on. */
  private isSpecial(name: string, header: Buffer): boolean {
    if (name === 'message-id' || name === 'resent-message-id') {
      const value = decodeLine(header.subarray(header.indexOf(0x3a) + 1)).replace(/^\s+/, '')
      if (name === 'message-id') this.sawMessageId = true
      this.doors.messageId(name, value)
    }
    if (name === 'received' && this.hops >= this.rules.hopcountLimit) {
      this.doors.log.warn('message rejected: hopcount exceeded')
      this.state.tooManyHops = true
    }
    return this.rules.dropHeaders.has(name)
  }

  private emitHeader(header: Buffer): void {
    for (let at = 0; at <= header.length; ) {
      const end = header.indexOf(10, at)
      const stop = end < 0 ? header.length : end
      this.out.push(header.subarray(at, stop), CRLF)
      at = stop + 1
    }
    if (this.section === 'primary') this.headerOut += outSize(header)
  }

  private noteEdit(gone: string | null, added: number): void {
    if (this.section === 'primary') this.edits.push({ at: this.headerOut, gone, added })
  }

  private endOfPrimary(): void {
    if (!this.sawMessageId && !this.state.isBad) this.doors.messageId('message-id', '<>')
    this.sawMessageId = true
  }

  private takeContentType(raw: Buffer): void {
    this.contentType = parseContentType(decodeLine(raw.subarray(raw.indexOf(0x3a) + 1)))
    const { boundaries, subtype } = this.contentType
    for (const boundary of boundaries) {
      if (this.boundaries.length > this.rules.nestingLimit) this.errors.report('nesting', raw)
      else
        this.boundaries.unshift({
          text: Buffer.from(boundary).subarray(0, this.rules.boundaryLimit),
          defaultType: subtype === 'digest' ? ATTACHED : PLAIN,
        })
    }
  }

  private async bodyLine(
    line: Buffer,
    { partial, continues }: { partial: boolean; continues: boolean },
  ): Promise<void> {
    this.errors.bodyLine(line)
    if (!continues) this.lookForBoundary(line)
    const offset = this.bodyOffset
    this.bodyOffset += line.length + 1
    const { bodyChecksSizeLimit: limit } = this.rules
    if (limit === 0 || offset < limit) {
      const outcome = await this.ask('body_checks', { place: 'body', text: line })
      if (outcome?.kind === 'drop') return
      if (outcome?.kind === 'replace') {
        this.emitLine(Buffer.from(outcome.text, 'utf8'), partial)
        return
      }
      if (outcome?.kind === 'prepend') this.emitLine(Buffer.from(outcome.text, 'utf8'), false)
    }
    this.emitLine(line, partial)
  }

  private emitLine(line: Buffer, partial: boolean): void {
    this.out.push(line)
    if (!partial) this.out.push(CRLF)
  }

  private lookForBoundary(line: Buffer): void {
    if (this.boundaries.length === 0 || line[0] !== 0x2d || line[1] !== 0x2d || line.length <= 2) return
    const index = this.boundaries.findIndex(({ text }) => line.subarray(2, 2 + text.length).equals(text))
    const found = this.boundaries[index]
    if (found === undefined) return
    const end = 2 + found.text.length
    const last = line[end] === 0x2d && line[end + 1] === 0x2d
    // Inner parts that were never closed are over with the outer one.
    this.boundaries = this.boundaries.slice(last ? index + 1 : index)
    this.section = last ? 'body' : 'multipart'
    this.contentType = last ? OTHER : found.defaultType
    this.errors.beginEntity()
    if (last) this.bodyOffset = 0
  }

  private async ask(
    checks: ChecksParam,
    { place, text }: { place: Place; text: string | Buffer },
  ): Promise<ReturnType<typeof applyAction> | null> {
    if (!this.state.checking || !this.rules.checks.has(checks)) return null
    const content = typeof text === 'string' ? text : decodeLine(text)
    if (content === '') return null
    const found = await this.doors.find(checks, content)
    if (found.status === 'absent') return null
    if (found.status === 'failed') {
      this.doors.log.warn(`${checks} map lookup problem -- message not accepted, try again later`)
      this.state.unavailable = true
      return null
    }
    return applyAction(this.state, { place, content, value: found.value, table: checks }, this.doors.log)
  }
}

/** Its length with CRLF for each line feed, and at its end. */
function outSize(header: Buffer): number {
  let lines = 1
  for (let at = header.indexOf(10); at >= 0; at = header.indexOf(10, at + 1)) lines++
  return header.length + lines
}

/** Tables see "Name: value" where a client wrote "Name : value" (RFC 5322 4.5); it goes on as it came. */
function normalized(raw: Buffer): Buffer {
  const length = headerNameLength(raw)
  const colon = raw.indexOf(0x3a, length)
  return colon === length ? raw : Buffer.concat([raw.subarray(0, length), raw.subarray(colon)])
}
