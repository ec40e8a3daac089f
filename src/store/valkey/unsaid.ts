import { type RecordName, remoteKey } from './record.ts'

/** About 20 MB at the longest keys that are common; a host that was alone for longer forgets to tell the oldest. */
const MOST = 100_000

/** A server that writes its file once a second may lose what it acknowledged in the last two (appendfsync everysec). */
const RECENT_SECONDS = 2

/** Which records the shared memory has yet to be told of. The records themselves are in the local memory. */
export class Unsaid {
  #waiting = new Map<string, RecordName>()
  /** Acknowledged, by the second it happened in; the newest last. */
  #recent: { second: number; names: Map<string, RecordName> }[] = []

  get size(): number {
    return this.#waiting.size
  }

  add(name: RecordName): void {
    const id = remoteKey(name.kind, name.key)
    this.#waiting.delete(id)
    this.#waiting.set(id, name)
    if (this.#waiting.size <= MOST) return
    const [oldest] = this.#waiting.keys()
    if (oldest !== undefined) this.#waiting.delete(oldest)
  }

  /** The server said that it has it. */
  acknowledged(name: RecordName, nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    let last = this.#recent.at(-1)
    if (last?.second !== second) {
      last = { second, names: new Map() }
      this.#recent = this.#recent.filter(older => second - older.second <= RECENT_SECONDS)
      this.#recent.push(last)
    }
    last.names.set(remoteKey(name.kind, name.key), name)
  }

  /** The server may have lost what it acknowledged a moment ago. */
  doubtRecent(nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    for (const { second: then, names } of this.#recent)
      if (second - then <= RECENT_SECONDS) for (const name of names.values()) this.add(name)
    this.#recent = []
  }

  /** Up to so many that can be told now, the oldest first; they are taken out. */
  take(limit: number, canTell: (id: string) => boolean): readonly RecordName[] {
    const taken: RecordName[] = []
    for (const [id, name] of this.#waiting) {
      if (!canTell(id)) continue
      this.#waiting.delete(id)
      taken.push(name)
      if (taken.length === limit) break
    }
    return taken
  }
}
