/** The header of one message, kept for signatures, and its canonical forms (RFC 6376 3.4.1, 3.4.2). */

export type Canonicalization = 'simple' | 'relaxed'

export interface Field {
  /** Lower case, without white space before the colon. */
  readonly name: string
  /** As it came, without the CRLF at its end. */
  readonly raw: Buffer
  /** Where the value begins in `raw`, behind the colon. */
  readonly valueAt: number
}

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

export class HeaderBlock {
  readonly #fields: Field[] = []
  readonly #byName = new Map<string, Field[]>()
  readonly #limit: number
  #bytes = 0
  #isTooLarge = false

  /** Keeps at most `limit` bytes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** More came than is kept. */
  get isTooLarge(): boolean {
    return this.#isTooLarge
  }

  get fields(): readonly Field[] {
    return this.#fields
  }

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length + 2
    if (this.#bytes > this.#limit) this.#isTooLarge = true
    if (this.#isTooLarge) return
    const field = readField(bytes)
    this.#fields.push(field)
    const same = this.#byName.get(field.name)
    if (same === undefined) this.#byName.set(field.name, [field])
    else same.push(field)
  }

  /** All of a name (lower case), from the top. */
  named(name: string): readonly Field[] {
    return this.#byName.get(name) ?? []
  }

  /**
   * RFC 6376 5.4.2: of each name in h= the lowest that is not yet taken; what is not there counts as empty. `except` is the field
   * whose signature is looked at, which is never one of them (3.5 h=).
   */
  select(names: readonly string[], except: Field | null): readonly Field[] {
    const taken = new Map<string, number>()
    const selected: Field[] = []
    for (const name of names) {
      const same = this.#byName.get(name)
      if (same === undefined) continue
      let left = taken.get(name) ?? same.length
      if (same[left - 1] === except) left--
      const field = same[left - 1]
      if (field !== undefined) selected.push(field)
      taken.set(name, Math.max(0, left - 1))
    }
    return selected
  }
}

/** A line without a colon is a field without value: its name is all of it. */
export function readField(bytes: Uint8Array): Field {
  const raw = Buffer.from(bytes)
  const colon = raw.indexOf(COLON)
  let end = colon < 0 ? raw.length : colon
  while (end > 0 && isBlank(raw[end - 1] ?? 0)) end--
  return { name: raw.toString('latin1', 0, end).toLowerCase(), raw, valueAt: colon < 0 ? raw.length : colon + 1 }
}

/** The value of a field, one character per byte. */
export function valueText(field: Field): string {
  return field.raw.toString('latin1', field.valueAt)
}

/** The field without what stands between two places of its value (RFC 6376 3.7: the value of b=). */
export function cutValue(field: Field, start: number, end: number): Field {
  const { raw, valueAt } = field
  return { ...field, raw: Buffer.concat([raw.subarray(0, valueAt + start), raw.subarray(valueAt + end)]) }
}

/** What is hashed of fields, in that order: each with CRLF, but for `last`, which has none (RFC 6376 3.7). */
export function canonicalFields(fields: readonly Field[], last: Field | null, form: Canonicalization): Buffer {
  const write = form === 'relaxed' ? writeRelaxed : writeSimple
  let size = last === null ? 0 : last.raw.length + 2
  for (const { raw } of fields) size += raw.length + 2
  const out = Buffer.allocUnsafe(size + 1)
  let at = 0
  for (const field of fields) {
    at = write(field, out, at)
    out[at++] = CR
    out[at++] = LF
  }
  if (last !== null) at = write(last, out, at)
  return out.subarray(0, at)
}

function writeSimple({ raw }: Field, out: Buffer, at: number): number {
  out.set(raw, at)
  return at + raw.length
}

/** Never longer than the field and one byte, for a colon that it may lack. */
function writeRelaxed(field: Field, out: Buffer, from: number): number {
  const { raw, name, valueAt } = field
  let at = from + out.write(name, from, 'latin1')
  out[at++] = COLON
  const valueStart = at
  let space = false
  for (let i = valueAt; i < raw.length; i++) {
    const byte = raw[i] ?? 0
    if (byte === SPACE || byte === TAB) space = true
    else if (byte === CR && raw[i + 1] === LF) i++
    else {
      if (space && at > valueStart) out[at++] = SPACE
      space = false
      out[at++] = byte
    }
  }
  return at
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB
}
