/** Chunks of a log into lines with their headers read, a batch at a time. */
import { type HeaderOptions, HeaderReader } from './header.ts'
import type { ReadLine } from './read_line.ts'

export type { ReadLine } from './read_line.ts'

/** Lines in the order of the log. */
export interface LineBatch {
  readonly lines: readonly ReadLine[]
  /** Lines in which no form of header was found, as they were. */
  readonly headless: readonly string[]
  /** Lines that were longer than MAX_LINE and have lost their ends. */
  readonly cut: number
}

/** Syslog lines have 8 kB at most, and Docker's 16: what is longer is no line of a log, and must not fill the memory. */
export const MAX_LINE = 1 << 18

/** Takes chunks and gives batches; the piece of a line that a chunk ends with waits for the next one. */
export class LineReader {
  readonly #header: HeaderReader
  #begun = ''
  #isTooLong = false

  constructor(options: HeaderOptions) {
    this.#header = new HeaderReader(options)
  }

  /** `chunk` may be used again by the caller afterwards. */
  take(chunk: Uint8Array): LineBatch {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const batch = new BatchBuilder(this.#header)
    let start = 0
    let end = text.indexOf('\n')
    if (end >= 0 && (this.#begun !== '' || this.#isTooLong)) {
      // Only this line is joined: to join the chunk would copy it.
      const whole = this.#begun + text.slice(0, Math.min(end, MAX_LINE + 1))
      batch.add(whole, 0, whole.length)
      if (this.#isTooLong && whole.length <= MAX_LINE) batch.cut++
      this.#begun = ''
      this.#isTooLong = false
      start = end + 1
      end = text.indexOf('\n', start)
    }
    for (; end >= 0; end = text.indexOf('\n', start)) {
      batch.add(text, start, end)
      start = end + 1
    }
    this.#keep(text, start)
    return batch
  }

  /** What is left when the log has ended without a line break. */
  end(): LineBatch {
    const batch = new BatchBuilder(this.#header)
    if (this.#begun !== '') batch.add(this.#begun, 0, this.#begun.length)
    if (this.#isTooLong) batch.cut++
    this.#begun = ''
    this.#isTooLong = false
    return batch
  }

  #keep(text: string, start: number): void {
    const room = MAX_LINE - this.#begun.length
    const rest = text.length - start
    if (rest > room) this.#isTooLong = true
    this.#begun += text.slice(start, start + Math.min(rest, room))
  }
}

class BatchBuilder implements LineBatch {
  readonly lines: ReadLine[] = []
  readonly headless: string[] = []
  cut = 0
  readonly #header: HeaderReader

  constructor(header: HeaderReader) {
    this.#header = header
  }

  add(source: string, start: number, lineEnd: number): void {
    let end = lineEnd
    // A log that went through Windows or a terminal.
    while (end > start && source.charCodeAt(end - 1) === 13) end--
    if (end === start) return
    if (end - start > MAX_LINE) {
      end = start + MAX_LINE
      this.cut++
    }
    const line = this.#header.read(source, start, end)
    if (line === null) this.headless.push(source.slice(start, end))
    else this.lines.push(line)
  }
}

/** All lines of one log. `chunks` are its bytes, unpacked. */
export async function* readLogLines(
  chunks: AsyncIterable<Uint8Array>,
  options: HeaderOptions,
): AsyncGenerator<LineBatch> {
  const reader = new LineReader(options)
  for await (const chunk of chunks) yield reader.take(chunk)
  yield reader.end()
}
