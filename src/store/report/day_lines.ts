/**
 * Lines of text that are collected by day: every process appends to a file of its own, DAY.PID.lines, with one write(2) for all
 * lines of a turn of the event loop. So they survive kill -9, and nobody waits for them. Each line bears a checksum: what is torn
 * or damaged is passed over and counted.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { errnoCode, errnoText } from '../../util/errno_text.ts'
import { makeDirectories } from '../make_directories.ts'

export interface DayLinesOptions {
  readonly directory: string
  readonly pid: number
  /** Null: it works again, and so many lines are lost. */
  onTrouble(problem: string | null, lost: number): void
}

/** What could not be written is kept for so many bytes. */
const MAX_UNWRITTEN = 1_048_576
/** A flood of forged mail shall not fill the disk: about two million rows in one day of one process. */
export const MAX_FILE_BYTES = 1_073_741_824
const TOO_LARGE = `the file of this day has ${MAX_FILE_BYTES / 1_048_576} MB`

interface DayFile {
  readonly day: string
  readonly fd: number
  bytes: number
}

export class DayLinesWriter {
  readonly #options: DayLinesOptions
  /** By day, what is to be written there. */
  #waiting = new Map<string, string[]>()
  #waitingBytes = 0
  #isScheduled = false
  #file: DayFile | null = null
  /** The file may end in half a line. */
  #isTorn = true
  #trouble: string | null = null
  #lost = 0

  constructor(options: DayLinesOptions) {
    this.#options = options
  }

  /** `day`: "2026-11-24". `text` without line ends. Never throws. */
  add(day: string, text: string): void {
    const line = `${checksum(text)} ${text}\n`
    if (this.#waitingBytes + line.length > MAX_UNWRITTEN) {
      this.#lost++
      return
    }
    this.#waitingBytes += line.length
    const lines = this.#waiting.get(day)
    if (lines === undefined) this.#waiting.set(day, [line])
    else lines.push(line)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.flush())
  }

  /** Writes what waits. */
  flush(): void {
    this.#isScheduled = false
    for (const [day, lines] of this.#waiting) {
      const problem = this.#write(day, lines.join(''))
      if (problem !== null) {
        if (problem === TOO_LARGE) this.#drop(day, lines)
        if (this.#trouble !== problem) this.#options.onTrouble(problem, 0)
        this.#trouble = problem
        return
      }
      this.#waiting.delete(day)
    }
    this.#waitingBytes = 0
    if (this.#trouble === null) return
    this.#trouble = null
    this.#options.onTrouble(null, this.#lost)
    this.#lost = 0
  }

  close(): void {
    if (this.#waiting.size > 0) this.flush()
    this.#closeFile()
  }

  #drop(day: string, lines: readonly string[]): void {
    this.#lost += lines.length
    this.#waiting.delete(day)
    this.#waitingBytes = 0
    for (const rest of this.#waiting.values()) for (const line of rest) this.#waitingBytes += line.length
  }

  /** Null, or what the system said. */
  #write(day: string, text: string): string | null {
    try {
      const file = this.#open(day)
      const bytes = Buffer.from(this.#isTorn && file.bytes > 0 ? `\n${text}` : text)
      if (file.bytes + bytes.length > MAX_FILE_BYTES) return TOO_LARGE
      this.#isTorn = true
      for (let at = 0; at < bytes.length; ) {
        const written = fs.writeSync(file.fd, bytes, at)
        at += written
        file.bytes += written
      }
      this.#isTorn = false
      return null
    } catch (error) {
      this.#closeFile()
      return errnoText(error)
    }
  }

  #open(day: string): DayFile {
    if (this.#file?.day === day && fs.fstatSync(this.#file.fd).nlink > 0) return this.#file
    this.#closeFile()
    const { directory, pid } = this.#options
    makeDirectories(directory, 0o700)
    const fd = fs.openSync(join(directory, `${day}.${pid}.lines`), 'a', 0o600)
    const file = { day, fd, bytes: fs.fstatSync(fd).size }
    this.#file = file
    return file
  }

  #closeFile(): void {
    if (this.#file !== null) fs.closeSync(this.#file.fd)
    this.#file = null
    this.#isTorn = true
  }
}

/** A line as it was added; null: it is damaged. */
export type DayLine = string | null

/** The days of which there are lines, oldest first. */
export function collectedDays(directory: string): readonly string[] {
  const days = names(directory).flatMap(name => /^(\d{4}-\d\d-\d\d)\.\d+\.lines$/.exec(name)?.[1] ?? [])
  return [...new Set(days)].sort()
}

/** Every line of a day, of all processes, a file's in order. A file that cannot be read throws what the system said. */
export async function* readDay(directory: string, day: string): AsyncGenerator<DayLine> {
  for (const name of names(directory).toSorted())
    if (name.startsWith(`${day}.`) && name.endsWith('.lines')) yield* readLines(join(directory, name))
}

export function removeDay(directory: string, day: string): void {
  for (const name of names(directory))
    if (name.startsWith(`${day}.`) && name.endsWith('.lines')) fs.rmSync(join(directory, name), { force: true })
}

/** Longer than any row with all its names at their longest; a damaged line is not looked at further. */
const MAX_LINE = 262_144

async function* readLines(path: string): AsyncGenerator<DayLine> {
  let rest = ''
  let isTooLong = false
  // Streamed: a day may be larger than memory.
  for await (const chunk of fs.createReadStream(path, { encoding: 'utf8' })) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (isTooLong) yield null
      else if (line !== '') yield checked(line)
      isTooLong = false
    }
    if (rest.length > MAX_LINE) {
      isTooLong = true
      rest = ''
    }
  }
  if (isTooLong) yield null
  else if (rest !== '') yield checked(rest)
}

function checked(line: string): DayLine {
  const text = line.slice(9)
  return line[8] === ' ' && line.slice(0, 8) === checksum(text) ? text : null
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

function names(directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}
