import { headerNameLength } from '../mail/mime.ts'

const LF = 0x0a

/** Which fields of a message go: the nth (from 1) of that name as it was received. */
export interface RemovedField {
  readonly name: string
  readonly nth: number
}

/**
 * Where the header that passes on is not the one that was received, because header_checks edited it. In order; `at` counts bytes
 * of what passes on.
 */
export interface HeaderEdit {
  readonly at: number
  /** A field of this name (lower case) was received here and does not pass on. */
  readonly gone: string | null
  /** So many bytes here were not received. */
  readonly added: number
}

export interface HeaderEditorRules {
  readonly remove: readonly RemovedField[]
  /** Bytes on top that are ours and stay. */
  readonly head: number
  readonly edits: readonly HeaderEdit[]
}

/** Takes fields out of the header of a message that streams by. */
export class HeaderEditor {
  private readonly rules: HeaderEditorRules
  /** Lower case. */
  private readonly names: ReadonlySet<string>
  /** "name:nth" */
  private readonly fields: ReadonlySet<string>
  private readonly counts = new Map<string, number>()
  private rest: Buffer = Buffer.alloc(0)
  private at = 0
  private nextEdit = 0
  private addedUntil = 0
  private dropping = false
  private inBody = false

  constructor(rules: HeaderEditorRules) {
    this.rules = rules
    this.names = new Set(rules.remove.map(({ name }) => name.toLowerCase()))
    this.fields = new Set(rules.remove.map(({ name, nth }) => `${name.toLowerCase()}:${nth}`))
    this.inBody = this.names.size === 0
  }

  /** What passes on of the next piece. */
  push(piece: Uint8Array): Buffer[] {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (this.inBody) return [chunk]
    const text = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    const out: Buffer[] = []
    let from = 0
    let kept = 0
    while (!this.inBody) {
      const end = text.indexOf(LF, from)
      if (end < 0) break
      const stays = this.line(text.subarray(from, end + 1))
      if (!stays) {
        if (kept < from) out.push(text.subarray(kept, from))
        kept = end + 1
      }
      from = end + 1
    }
    const stop = this.inBody ? text.length : from
    if (kept < stop) out.push(text.subarray(kept, stop))
    this.rest = Buffer.from(text.subarray(stop))
    return out
  }

  /** What is left when there are no more pieces. */
  end(): Buffer[] {
    return this.rest.length > 0 && this.line(this.rest) ? [this.rest] : []
  }

  /** Whether a line of the header passes on. */
  private line(line: Buffer): boolean {
    const { at } = this
    this.at += line.length
    if (at < this.rules.head) return true
    this.readEdits(at)
    if (at < this.addedUntil) return true
    if (line[0] === 0x20 || line[0] === 0x09) return !this.dropping
    const length = headerNameLength(line)
    if (length <= 0) {
      this.inBody = true
      return true
    }
    this.dropping = this.count(line.toString('latin1', 0, length).toLowerCase())
    return !this.dropping
  }

  private readEdits(at: number): void {
    for (;;) {
      const edit = this.rules.edits[this.nextEdit]
      if (edit === undefined || edit.at > at) return
      this.nextEdit++
      if (edit.gone !== null) this.count(edit.gone)
      if (edit.added > 0) {
        this.addedUntil = edit.at + edit.added
        this.dropping = false
      }
    }
  }

  /** Whether this field, the next of its name, is to go. */
  private count(name: string): boolean {
    if (!this.names.has(name)) return false
    const nth = (this.counts.get(name) ?? 0) + 1
    this.counts.set(name, nth)
    return this.fields.has(`${name}:${nth}`)
  }
}
