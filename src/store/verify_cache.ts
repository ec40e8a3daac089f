import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../util/clock.ts'
import { makeDirectories } from './make_directories.ts'

/** What a probe found out about an address; 'todo': it is on its way. */
export type VerifyStatus = 'ok' | 'deferred' | 'undeliverable' | 'todo'

export interface VerifyEntry {
  readonly status: VerifyStatus
  /** Seconds since 1970 when the probe that is still out was sent; 0: none is out. */
  readonly probed: number
  /** Seconds since 1970 when the result came; 0: none yet. */
  readonly updated: number
  readonly text: string
}

/** address_verify_…; times in seconds. */
export interface VerifyTimes {
  readonly positiveExpire: number
  readonly positiveRefresh: number
  readonly negativeExpire: number
  readonly negativeRefresh: number
  /** Whether failures are kept at all. */
  readonly negativeCache: boolean
}

export interface VerifyFound {
  readonly status: VerifyStatus
  readonly text: string
  /** A probe has to be sent now: nothing is known, or what is known is old. */
  readonly probe: boolean
}

/** Postfix verify(8): a probe without an answer for so long is taken for lost. */
const PROBE_TTL = 1000

/** About 30 MB; the oldest go first. */
const MAX_ENTRIES = 100_000

const IN_PROGRESS = 'Address verification in progress'

/**
 * Results of address probes, with the expiry and refresh rules of Postfix verify(8). Kept in one file to which all workers append,
 * and which each reads on from where it was; null: in memory only. A file that cannot be used costs probes, nothing else.
 */
export class VerifyCache {
  readonly #times: VerifyTimes
  readonly #clock: Clock
  readonly #entries = new Map<string, VerifyEntry>()
  readonly #file: VerifyFile | null

  constructor(times: VerifyTimes, clock: Clock, path: string | null) {
    this.#times = times
    this.#clock = clock
    this.#file = path === null ? null : new VerifyFile(path)
    this.#readOn()
    this.#file?.compact([...this.#entries].filter(([, entry]) => !this.#isExpired(entry)))
  }

  /** What is known. A caller that is told to probe must do it, and `update`. */
  query(address: string): VerifyFound {
    const now = this.#now()
    this.#readOn()
    const kept = this.#entries.get(address)
    const usable = kept !== undefined && (now - kept.probed <= PROBE_TTL || !this.#isExpired(kept))
    const entry = usable ? kept : { status: 'todo' as const, probed: 0, updated: 0, text: IN_PROGRESS }
    if (!usable && !this.#times.negativeCache) this.#entries.delete(address)
    const probe = now - entry.probed > PROBE_TTL && this.#needsRefresh(entry)
    // Postfix: without a negative cache only what is known already is marked as being probed.
    if (probe && (entry.updated !== 0 || this.#times.negativeCache)) this.#put(address, { ...entry, probed: now })
    return { status: entry.status, text: entry.text, probe }
  }

  /** Takes the result of a probe. Postfix: a failure does not overwrite a success before that expires. */
  update(address: string, status: 'ok' | 'deferred' | 'undeliverable', text: string): void {
    if (status !== 'ok' && !this.#times.negativeCache) return
    if (status !== 'ok' && this.#entries.get(address)?.status === 'ok') return
    const entry = { status, probed: 0, updated: this.#now(), text: text.replace(/[\x00-\x1f\x7f]/g, '?') }
    this.#put(address, entry)
    this.#file?.append(address, entry)
  }

  #needsRefresh(entry: VerifyEntry): boolean {
    const { positiveRefresh, negativeRefresh } = this.#times
    return entry.updated + (entry.status === 'ok' ? positiveRefresh : negativeRefresh) < this.#now()
  }

  #isExpired(entry: VerifyEntry): boolean {
    const { positiveExpire, negativeExpire } = this.#times
    return entry.updated + (entry.status === 'ok' ? positiveExpire : negativeExpire) < this.#now()
  }

  #readOn(): void {
    for (const [address, entry] of this.#file?.readOn() ?? []) {
      const kept = this.#entries.get(address)
      if (kept === undefined || kept.updated <= entry.updated) this.#put(address, entry)
    }
  }

  #put(address: string, entry: VerifyEntry): void {
    this.#entries.delete(address)
    this.#entries.set(address, entry)
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > MAX_ENTRIES && oldest !== undefined) this.#entries.delete(oldest)
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

/** Lines "status updated address<TAB>text", the address URI-encoded. The last line of an address counts. */
class VerifyFile {
  readonly #path: string
  #inode = 0
  #offset = 0
  #lines = 0

  constructor(path: string) {
    this.#path = path
  }

  /** What has been appended since the last call, by whomever. */
  readOn(): readonly (readonly [string, VerifyEntry])[] {
    try {
      const info = fs.statSync(this.#path)
      if (info.ino !== this.#inode || info.size < this.#offset) this.#offset = 0
      this.#inode = info.ino
      if (info.size === this.#offset) return []
      return this.#readFrom(info.size)
    } catch {
      return []
    }
  }

  #readFrom(size: number): readonly (readonly [string, VerifyEntry])[] {
    const bytes = Buffer.alloc(size - this.#offset)
    const handle = fs.openSync(this.#path, 'r')
    try {
      fs.readSync(handle, bytes, 0, bytes.length, this.#offset)
    } finally {
      fs.closeSync(handle)
    }
    // A line that another worker has only half written is read next time.
    const end = bytes.lastIndexOf(10) + 1
    this.#offset += end
    const lines = bytes.toString('utf8', 0, end).split('\n')
    this.#lines += lines.length - 1
    return lines.flatMap(parseLine)
  }

  append(address: string, entry: VerifyEntry): void {
    try {
      makeDirectories(dirname(this.#path), 0o700)
      fs.appendFileSync(this.#path, formatLine(address, entry), { mode: 0o600 })
    } catch {
      // Kept in memory; the next start probes again.
    }
  }

  /** Writes only what still counts, when most of the file does not. */
  compact(entries: readonly (readonly [string, VerifyEntry])[]): void {
    if (this.#lines < 2 * entries.length + 1000) return
    try {
      const path = `${this.#path}.new`
      fs.writeFileSync(path, entries.map(([address, entry]) => formatLine(address, entry)).join(''), { mode: 0o600 })
      fs.renameSync(path, this.#path)
    } catch {
      // The old file is as good.
    }
  }
}

function formatLine(address: string, entry: VerifyEntry): string {
  return `${entry.status} ${entry.updated} ${encodeURIComponent(address)}\t${entry.text}\n`
}

function parseLine(line: string): readonly (readonly [string, VerifyEntry])[] {
  const match = /^(ok|deferred|undeliverable) (\d{1,15}) ([^ \t]+)\t(.*)$/.exec(line)
  if (match === null) return []
  const [, status, updated, address, text] = match
  if ((status !== 'ok' && status !== 'deferred' && status !== 'undeliverable') || address === undefined) return []
  try {
    return [[decodeURIComponent(address), { status, probed: 0, updated: Number(updated), text: text ?? '' }]]
  } catch {
    return []
  }
}
