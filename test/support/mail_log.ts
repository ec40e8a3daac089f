import fs from 'node:fs'
import type { Normalise } from './dialogue.ts'

/** The daemons whose lines tell what the SMTP session decided; delivery has tests of its own. */
const COMPARED = new Set(['smtpd', 'cleanup'])

/**
 * Lines that a run may have or not. cleanup runs beside smtpd: of a message refused at its end it tells the id before, after or
 * never. The others are about the clock of a virtual machine.
 */
const CHANCE = /: message-id=|^warning: file system clock is|^warning: resetting file time stamps/

/** How long after a dialogue its last line may still come. */
const LOG_TIMEOUT_MS = 3000

/** Reads what a mail log gains from one dialogue to the next. */
export class MailLog {
  readonly #path: string
  #offset = 0
  #text = ''

  constructor(path: string) {
    this.#path = path
  }

  /** Forgets what has come so far. */
  skip(): void {
    this.#readMore()
    this.#text = ''
  }

  /** The lines of one dialogue that made `connections`: all of them are there once that many "disconnect from" lines are. */
  async dialogue(connections: number, normalise: Normalise): Promise<readonly string[]> {
    const until = performance.now() + LOG_TIMEOUT_MS
    while (performance.now() < until) {
      this.#readMore()
      const ended = this.#text.match(/smtpd\[\d+\]: disconnect from|: fatal: |: panic: /g)?.length ?? 0
      if (ended >= connections && this.#text.endsWith('\n')) break
      await new Promise(resolve => setTimeout(resolve, 4))
    }
    const lines = this.#text.split('\n')
    this.#text = ''
    return comparableLines(lines).map(normalise)
  }

  #readMore(): void {
    const size = fs.existsSync(this.#path) ? fs.statSync(this.#path).size : 0
    if (size <= this.#offset) return
    const file = fs.openSync(this.#path, 'r')
    const bytes = Buffer.alloc(size - this.#offset)
    fs.readSync(file, bytes, 0, bytes.length, this.#offset)
    fs.closeSync(file)
    this.#offset = size
    this.#text += bytes.toString('latin1')
  }
}

/** "smtpd: text" of each line that counts: first all of smtpd, then all of cleanup, because two processes write in no fixed order. */
export function comparableLines(lines: readonly string[]): readonly string[] {
  const byDaemon = new Map<string, string[]>()
  for (const line of lines) {
    const parts = /^.*?[\w-]+\/(?:[\w-]+\/)?(\w+)\[\d+\]: (.*)$/.exec(line)
    const daemon = parts?.[1] ?? ''
    if (!COMPARED.has(daemon) || CHANCE.test(parts?.[2] ?? '')) continue
    byDaemon.set(daemon, [...(byDaemon.get(daemon) ?? []), `${daemon}: ${parts?.[2] ?? ''}`])
  }
  return [...(byDaemon.get('smtpd') ?? []), ...(byDaemon.get('cleanup') ?? [])]
}

export interface Changing {
  readonly helper: string
  readonly dirs: readonly string[]
}

/** What differs between two runs of the same dialogue: queue ids, dates, ports, delays, directories, helper addresses. */
export function normaliser(changing: Changing): Normalise {
  return line => {
    let text = line
    for (const dir of changing.dirs) text = text.replaceAll(dir, '@dir@')
    return (
      text
        .replaceAll(changing.helper, '@helper@')
        .replace(/queued as [0-9A-Za-z]+/, 'queued as <QID>')
        .replace(/\b(?:[0-9A-F]{8,14}|[0-9A-Za-z]{12,20})(?=: )/, '<QID>')
        .replace(/\]:\d+: /, ']: ')
        // The name of the listener in master.cf, "smtp" in everyday life.
        .replace(/for service (smtp|127\.0\.0\.1:\d+)/, 'for service <SERVICE>')
        .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w{3} \d{4} [\d:]+ [+-]\d{4}( \(\w+\))?/g, '<DATE>')
        .replace(/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d+ \d\d:\d\d:\d\d\b/g, '<DATE>')
    )
  }
}
