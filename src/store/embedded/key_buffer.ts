import type { Record } from './record.ts'

/** A key of 1,000 characters is at most 3,000 bytes. */
const KEY_BYTES = 3000
const encoder = new TextEncoder()

/** A record to be filled, with its key as bytes; used again and again. */
export class KeyBuffer {
  readonly record: Record = {
    kind: 0,
    forget: false,
    first: 0,
    last: 0,
    count: 0,
    generation: 0,
    bytes: new Uint8Array(KEY_BYTES),
    keyStart: 0,
    keyEnd: 0,
  }

  /** `kind` is an index into KINDS; `key` has at most 1,000 characters. */
  set(kind: number, key: string): Record {
    const { record } = this
    const { bytes } = record
    record.kind = kind
    record.forget = false
    record.generation = 0
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i)
      if (code > 0x7f) {
        record.keyEnd = encoder.encodeInto(key, bytes).written
        return record
      }
      bytes[i] = code
    }
    record.keyEnd = key.length
    return record
  }
}
