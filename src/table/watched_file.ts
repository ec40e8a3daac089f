import { isUtf8 } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, sleep, type Timer } from '../util/clock.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'
import { LineJoiner, type LogicalLine } from './logical_lines.ts'

/** Makes a table of the lines of its source; one per reading. */
export interface LineBuilder<T> {
  line(line: LogicalLine): void
  /** A line that continues nothing; without it such lines are dropped. */
  orphan?(line: LogicalLine): void
  finish(): T
}

export type FileContent<T> =
  | { readonly kind: 'ready'; readonly value: T }
  /** `text` as Postfix says it: "open /etc/postfix/x: No such file or directory". */
  | { readonly kind: 'unreadable'; readonly text: string }

export interface WatchedFileOptions<T> {
  readonly path: string
  readonly clock: Clock
  readonly build: () => LineBuilder<T>
  /** Each physical line as it is (/etc/passwd), without comments and continuation. */
  readonly raw?: boolean
  /** Nobody says that it has to be there: when it has gone, and is so at the next look, too, its content goes with it. */
  readonly optional?: boolean
  /** The file cannot be read: at first (`kept` false), or any more and the old content is kept. */
  readonly onUnreadable: (text: string, kept: boolean) => void
}

/** What tells one state of a file from another. */
type Stamp = string
interface Seen {
  readonly stamp: Stamp
  readonly size: number
  readonly mtimeMs: number
}

/** A file is looked at no more often than this. */
const CHECK_EVERY_MS = 1000
/** A file that was written to less than this ago may be half written. Postfix: texthash waits for a file to cool down. */
const HOT_MS = 1000
/** Rest between two readings of a file that changes while it is read. Postfix: 0.3 s. */
const COOL_DOWN_MS = 300
const COOL_DOWN_TRIES = 10
/** Larger files are read again in the background, while lookups go on with the old content. */
const BACKGROUND_BYTES = 1_000_000
/** Parsed at a stretch before other work gets its turn; about 8,000 lines, a few milliseconds. */
const SLICE_BYTES = 0x40000

/**
 * A file held in memory and read again, whole, when it changes. The content is always that of one moment: a file that
 * changes while it is read, or was written to just now, counts only when it has come to rest; till then, and when it
 * cannot be read, the old content stays.
 */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>
  readonly #first: Promise<void>
  #content: FileContent<T>
  #stamp: Stamp | null = null
  #nextCheckMs: number
  #checking: Promise<void> | null = null
  #recheck: Timer | null = null
  #toldUnreadable = false
  /** An optional file was not there at the last look: perhaps only while it is replaced. */
  #wasAbsent = false
  #closed = false

  constructor(options: WatchedFileOptions<T>) {
    this.#options = options
    this.#content = { kind: 'unreadable', text: `open ${options.path}: not read yet` }
    this.#nextCheckMs = options.clock.monotonic() + CHECK_EVERY_MS
    this.#first = this.#readFirst()
  }

  ready(): Promise<void> {
    return this.#first
  }

  /** The content; looks at the file first, at most once a second. */
  async current(): Promise<FileContent<T>> {
    await this.#first
    const now = this.#options.clock.monotonic()
    if (this.#checking === null && now >= this.#nextCheckMs) this.#startCheck(now)
    if (this.#checking !== null) await this.#checking
    return this.#content
  }

  close(): void {
    this.#closed = true
    this.#recheck?.cancel()
  }

  async #readFirst(): Promise<void> {
    for (let tries = COOL_DOWN_TRIES; !(await this.#read(tries === 0)); tries--) {
      await sleep(this.#options.clock, COOL_DOWN_MS)
    }
  }

  #startCheck(now: number): void {
    this.#nextCheckMs = now + CHECK_EVERY_MS
    this.#checking = this.#check().finally(() => {
      this.#checking = null
    })
  }

  /** Looks whether the file changed. Settles when lookups may go on, which for a big file is before it is read. */
  async #check(): Promise<void> {
    const { path, clock } = this.#options
    let seen: Seen
    try {
      seen = await look(path)
    } catch (error) {
      if (this.#options.optional === true && errnoCode(error) === 'ENOENT') this.#absent()
      else this.#unreadable(error)
      return
    }
    this.#wasAbsent = false
    if (seen.stamp === this.#stamp) return
    const ageMs = clock.now() - seen.mtimeMs
    if (this.#content.kind === 'ready' && ageMs >= 0 && ageMs < HOT_MS) {
      this.#checkLater(HOT_MS)
      return
    }
    const reading = this.#read(false).then(settled => {
      if (!settled) this.#checkLater(COOL_DOWN_MS)
    })
    if (seen.size <= BACKGROUND_BYTES || this.#content.kind !== 'ready') await reading
    else this.#nextCheckMs = Number.POSITIVE_INFINITY
    void reading.then(() => {
      this.#nextCheckMs = Math.min(this.#nextCheckMs, clock.monotonic() + CHECK_EVERY_MS)
    })
  }

  /** So that the change counts for the next lookup even if that comes an hour later. */
  #checkLater(ms: number): void {
    if (this.#closed) return
    this.#recheck?.cancel()
    this.#recheck = this.#options.clock.after(ms, () => {
      if (this.#checking === null) this.#startCheck(this.#options.clock.monotonic())
    })
  }

  /** Reads the file. False: it changed meanwhile, and the old content stays unless `takeAnyway`. Never rejects. */
  async #read(takeAnyway: boolean): Promise<boolean> {
    try {
      const before = await look(this.#options.path)
      const bytes = await readFile(this.#options.path)
      const after = await look(this.#options.path)
      if (before.stamp !== after.stamp && !takeAnyway) return false
      const value = await parse(bytes, this.#options.build(), this.#options.raw === true)
      if (this.#closed) return true
      this.#content = { kind: 'ready', value }
      this.#stamp = after.stamp
      this.#toldUnreadable = false
    } catch (error) {
      this.#unreadable(error)
    }
    return true
  }

  #absent(): void {
    if (this.#wasAbsent && this.#content.kind === 'ready') {
      this.#content = { kind: 'unreadable', text: `open ${this.#options.path}: No such file or directory` }
      this.#stamp = null
    }
    this.#wasAbsent = true
  }

  #unreadable(error: unknown): void {
    const text = `open ${this.#options.path}: ${errnoText(error)}`
    const kept = this.#content.kind === 'ready'
    if (!kept) this.#content = { kind: 'unreadable', text }
    if (!this.#toldUnreadable && !this.#closed) this.#options.onUnreadable(text, kept)
    this.#toldUnreadable = true
  }
}

async function look(path: string): Promise<Seen> {
  const seen = await stat(path, { bigint: true })
  return {
    stamp: `${seen.dev}:${seen.ino}:${seen.size}:${seen.mtimeNs}:${seen.ctimeNs}`,
    size: Number(seen.size),
    mtimeMs: Number(seen.mtimeMs),
  }
}

/** Feeds the builder in slices, so that a file of a million lines does not stop the sessions. */
async function parse<T>(bytes: Buffer, builder: LineBuilder<T>, raw: boolean): Promise<T> {
  const joiner = new LineJoiner(
    line => builder.line(line),
    line => builder.orphan?.(line),
  )
  let number = 0
  const push = raw
    ? (text: string, utf8: boolean) => builder.line({ text, line: ++number, utf8 })
    : (text: string, utf8: boolean) => joiner.push(text, utf8)
  for (let start = 0; start < bytes.length; ) {
    const target = start + SLICE_BYTES
    const newline = target >= bytes.length ? -1 : bytes.indexOf(0x0a, target)
    const end = newline < 0 ? bytes.length : newline + 1
    pushLines(bytes.subarray(start, end), push)
    start = end
    if (start < bytes.length) await nextTurn()
  }
  joiner.end()
  return builder.finish()
}

function pushLines(block: Buffer, push: (text: string, utf8: boolean) => void): void {
  const utf8 = isUtf8(block)
  const lines = block.toString(utf8 ? 'utf8' : 'latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) {
    if (utf8) push(line, true)
    else {
      const bytes = Buffer.from(line, 'latin1')
      const good = isUtf8(bytes)
      push(good ? bytes.toString('utf8') : line, good)
    }
  }
}
