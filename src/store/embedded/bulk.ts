/**
 * Takes over many records at once. Each lies somewhere else in an index that is larger than the processor's caches: all places of
 * a batch are looked at first, so that memory fetches them side by side, not one after the other.
 */
import type { Record } from './record.ts'
import type { MemoryState } from './state.ts'

const BATCH = 64

export class BulkLoader {
  readonly #state: MemoryState
  readonly #a = new Int32Array(BATCH)
  readonly #b = new Int32Array(BATCH)
  /** Without their keys. */
  readonly #records: Record[]
  #size = 0
  /** What was fetched: it has to be used for something. */
  #fetched = 0
  /** Takes one record; `finish` when there are no more. */
  readonly add: (record: Record) => void

  constructor(state: MemoryState) {
    this.#state = state
    this.#records = Array.from({ length: BATCH }, () => ({
      kind: 0,
      forget: false,
      first: 0,
      last: 0,
      count: 0,
      generation: 0,
      bytes: new Uint8Array(0),
      keyStart: 0,
      keyEnd: 0,
    }))
    this.add = record => this.#add(record)
  }

  finish(): number {
    const { index, fingerprint } = this.#state
    for (let i = 0; i < this.#size; i++) this.#fetched ^= index.peek(this.#a[i] ?? 0, this.#b[i] ?? 0)
    for (let i = 0; i < this.#size; i++) {
      fingerprint.a = this.#a[i] ?? 0
      fingerprint.b = this.#b[i] ?? 0
      const record = this.#records[i]
      if (record !== undefined) this.#state.applyFingerprinted(record, 'add')
    }
    this.#size = 0
    return this.#fetched
  }

  #add(record: Record): void {
    const { fingerprint } = this.#state
    fingerprint.read(record.bytes, record.keyStart, record.keyEnd)
    this.#a[this.#size] = fingerprint.a
    this.#b[this.#size] = fingerprint.b
    const copy = this.#records[this.#size]
    if (copy === undefined) return
    copy.kind = record.kind
    copy.forget = record.forget
    copy.first = record.first
    copy.last = record.last
    copy.count = record.count
    copy.generation = record.generation
    this.#size++
    if (this.#size === BATCH) this.finish()
  }
}
