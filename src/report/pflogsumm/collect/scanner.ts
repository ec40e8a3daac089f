/**
 * The first pass over a block of the log, by bytes: most lines are known by their first words and done with. Lines that count by
 * themselves are counted here; those of a queue id are left as tasks. Whatever looks unusual is read as a string, after
 * pflogsumm's own patterns, so that both ways say the same: the quick one is only taken where it must.
 */
import type { HeaderOptions } from '../../../maillog/header.ts'
import type { CountOptions } from '../../options.ts'
import { DayRule } from '../day_rule.ts'
import {
  BLANK,
  CLOSE,
  COLON,
  endWithout,
  endWithoutProcess,
  isAt,
  isDigit,
  lineEnd,
  NEWLINE,
  OPEN,
  twoDigits,
} from './bytes.ts'
import { HeaderScanner } from './header_scanner.ts'
import { lineCutter, withoutMessageId } from './line.ts'
import { ACTIONS, RefusalLanes } from './refusal_lanes.ts'
import { StatelessCounts } from './stateless.ts'
import * as task from './tasks.ts'
import { TrafficCounts } from './traffic.ts'
import { WarningLanes } from './warning_lanes.ts'

const word = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const POSTFIX = word('postfix/')
const POSTFIX_NAME = word('postfix')
const SERVICES = [word('submission/'), word('smtps/')]
const SMTPD = word('smtpd[')
const POSTSCREEN = word('postscreen[')
const CLEANUP = word('cleanup[')
const PICKUP = word('pickup[')
const SMTP = word('smtp[')
const MASTER = word('master[')
const CLIENT = word('client=')
const MESSAGE_ID = word('message-id=')
const FROM = word('from=<')
const TO = word('to=<')
const UID = word('uid=')
const UID_FROM = word(' from=<')
const REMOVED = word('removed\n')
/** First words that are no queue id, whoever says them. */
const SPECIAL = ['warning', 'fatal', 'panic', 'reject', 'reject_warning', 'hold', 'discard'].map(word)
/** "ct ", as in "connect to". */
const CONNECT_TO = [116, BLANK] as const
/** Nothing that could be in a line. */
const NOTHING = [NEWLINE, NEWLINE] as const
const CARRIAGE_RETURN = 13
const COMMA = 44
const LOWER_A = 97
const LOWER_Z = 122
const DASH = 45
const LESS = 60
const GREATER = 62

export class Scanner {
  readonly stateless: StatelessCounts
  readonly refusals: RefusalLanes
  readonly warnings: WarningLanes
  readonly traffic = new TrafficCounts()
  readonly days: DayRule
  read = 0
  postfix = 0
  readonly #options: CountOptions
  readonly #header: HeaderScanner
  readonly #cut: ReturnType<typeof lineCutter>
  #bytes: Buffer = Buffer.alloc(0)
  #fields: Int32Array = new Int32Array(0)
  #count = 0
  #texts: string[] = []
  /** "smtp[" and the like of the line in hand, and its first word. */
  #daemon = 0
  #id = 0
  #idEnd = 0
  /** Whether it is all letters and digits. */
  #isPlainId = false

  constructor(options: CountOptions) {
    this.#options = options
    this.#cut = lineCutter(options.syslogName)
    this.stateless = new StatelessCounts(options, this.traffic)
    this.refusals = new RefusalLanes(options)
    this.warnings = new WarningLanes(options)
    this.days = new DayRule(options)
    this.#header = new HeaderScanner(this.days)
  }

  /** The blocks to come are of another log. */
  beginLog(options: HeaderOptions): void {
    this.#header.beginLog(options)
  }

  /**
   * `bytes` up to `length` are whole lines, the last with its line break. `fields` has room for the tasks (`roomFor`), and has
   * them afterwards.
   */
  scan({ bytes, fields }: task.Block, length: number): task.ScanResult {
    this.#bytes = bytes
    this.#header.bytes = bytes
    this.#fields = fields
    this.#count = 0
    this.#texts = []
    for (let at = 0; at < length; ) {
      this.read++
      const program = this.#header.programAt(at)
      const end = program < 0 ? -1 : this.#header.isWanted ? this.#line(program) : lineEnd(bytes, program)
      at = (end < 0 ? this.#readAsText(at, program) : end) + 1
    }
    return { count: this.#count, texts: this.#texts }
  }

  /** The end of the line; -1: it must be read as a string. */
  #line(program: number): number {
    const bytes = this.#bytes
    if (!isAt(bytes, program, POSTFIX)) return this.#otherProgram(program)
    let at = program + POSTFIX.length
    for (const service of SERVICES) if (bytes[at] === service[0] && isAt(bytes, at, service)) at += service.length
    this.#daemon = at
    let byte = bytes[at] ?? 0
    while ((byte >= LOWER_A && byte <= LOWER_Z) || byte === DASH) byte = bytes[++at] ?? 0
    if (byte !== OPEN || at === this.#daemon) return -1
    do byte = bytes[++at] ?? 0
    while (isDigit(byte))
    if (byte !== CLOSE || bytes[at + 1] !== COLON || bytes[at + 2] !== BLANK) return -1
    at += 3
    if (!this.#takeId(at)) return this.#special(at)
    switch (bytes[this.#daemon]) {
      case 115: // s
        if (isAt(bytes, this.#daemon, SMTPD)) return this.#smtpd(program)
        return isAt(bytes, this.#daemon, SMTP) ? this.#queue(program, CONNECT_TO) : this.#queue(program, NOTHING)
      case 112: // p
        if (isAt(bytes, this.#daemon, POSTSCREEN)) return this.#smtpd(program)
        return isAt(bytes, this.#daemon, PICKUP) ? this.#pickup(program) : this.#queue(program, NOTHING)
      case 99: // c
        return isAt(bytes, this.#daemon, CLEANUP) ? this.#cleanup() : this.#queue(program, NOTHING)
      case 109: // m
        return isAt(bytes, this.#daemon, MASTER) ? -1 : this.#queue(program, NOTHING)
      default:
        return this.#queue(program, NOTHING)
    }
  }

  #otherProgram(program: number): number {
    const bytes = this.#bytes
    if (this.#options.syslogName !== '' || isAt(bytes, program, POSTFIX_NAME)) return -1
    let at = program
    // Without a program it may be a line within a line.
    for (let byte = bytes[at]; byte !== OPEN; byte = bytes[++at]) {
      if (byte === BLANK || byte === NEWLINE) return -1
      if (byte === COLON && bytes[at + 1] === BLANK) break
    }
    return lineEnd(bytes, at)
  }

  /** The first word of the message; false: there is none, or it is a special one. */
  #takeId(start: number): boolean {
    const bytes = this.#bytes
    let at = start
    let isPlain = true
    for (let byte = bytes[at] ?? 0; byte > BLANK && byte !== COLON; byte = bytes[++at] ?? 0) {
      if (byte === OPEN) return false
      if (byte < 48 || byte > 122 || (byte > 57 && byte < 65) || (byte > 90 && byte < 97 && byte !== 95))
        isPlain = false
    }
    const stop = bytes[at]
    if (at === start || (stop !== COLON && stop !== BLANK)) return false
    this.#id = start
    this.#idEnd = at
    this.#isPlainId = isPlain
    if ((bytes[start] ?? 0) < LOWER_A) return true
    for (const special of SPECIAL) if (at - start === special.length && isAt(bytes, start, special)) return false
    return true
  }

  /** A line whose first word is no queue id. */
  #special(start: number): number {
    const { from, to } = { from: this.#daemon, to: start - 3 }
    // The daemon's name ends before "[12]: ".
    let end = from
    while (end < to && this.#bytes[end] !== OPEN) end++
    // A check of cleanup(8) says "warning: header", but behind a queue id.
    if (isAt(this.#bytes, from, CLEANUP)) return -1
    const lineEnds = this.warnings.count(this.#bytes, start, { from, to: end })
    if (lineEnds >= 0) this.#accept()
    return lineEnds
  }

  /** "uid=0 from=<root>": nothing that could be the line of a sender. */
  #pickup(program: number): number {
    const bytes = this.#bytes
    const value = this.#idEnd + 2
    if (bytes[value - 2] !== COLON || bytes[value - 1] !== BLANK || !isAt(bytes, value, UID)) return -1
    let at = value + UID.length
    while (isDigit(bytes[at])) at++
    if (!isAt(bytes, at, UID_FROM)) return -1
    at += UID_FROM.length
    while (bytes[at] !== GREATER) if (bytes[at++] === NEWLINE) return -1
    if (bytes[at + 1] !== NEWLINE) return -1
    this.#accept()
    this.#leave(task.PICKUP, program, at + 1)
    return at + 1
  }

  #smtpd(program: number): number {
    const bytes = this.#bytes
    const at = this.#idEnd
    if (bytes[at] === BLANK) {
      if (this.#options.smtpdStats) return -1
      const end = endWithoutProcess(bytes, at)
      if (end >= 0) this.#accept()
      return end
    }
    const value = at + 2
    if (!this.#isPlainId || bytes[at + 1] !== BLANK) return -1
    if (!isAt(bytes, value, CLIENT)) return this.#refusal(value)
    const client = value + CLIENT.length
    if (bytes[client] === COMMA || bytes[client] === NEWLINE) return -1
    const end = lineEnd(bytes, client)
    this.#accept()
    this.#leave(task.CLIENT, program, end)
    return end
  }

  #refusal(value: number): number {
    const action = ACTIONS[this.refusals.count(this.#bytes, value)]
    if (action === undefined) return -1
    this.#accept()
    this.traffic.hour = this.#header.hour
    this.stateless.noteRefusal(action)
    return lineEnd(this.#bytes, value)
  }

  /** Message-Id and nothing that a header check could have written. */
  #cleanup(): number {
    const bytes = this.#bytes
    let at = this.#idEnd + 2
    if (bytes[at - 2] !== COLON || bytes[at - 1] !== BLANK || !isAt(bytes, at, MESSAGE_ID)) return -1
    at += MESSAGE_ID.length
    if (bytes[at] === LESS) at++
    const end = endWithout(bytes, at, [COLON, BLANK])
    if (end >= 0) this.#accept()
    return end
  }

  /** Lines of the daemons that deliver, and of all that are not named here; `other`: two bytes that make it worth reading. */
  #queue(program: number, other: readonly [number, number]): number {
    const bytes = this.#bytes
    const value = this.#idEnd + 2
    if (bytes[value - 2] === COLON && bytes[value - 1] === BLANK) {
      const isSender = isAt(bytes, value, FROM)
      if (isSender || isAt(bytes, value, TO)) {
        const end = lineEnd(bytes, value)
        this.#accept()
        this.#leave(isSender ? task.SENDER : task.RECIPIENT, program, end)
        return end
      }
      if (isAt(bytes, value, REMOVED)) {
        this.#accept()
        return value + REMOVED.length - 1
      }
    }
    const end = endWithout(bytes, this.#id, other)
    if (end >= 0) this.#accept()
    return end
  }

  /** A line of Postfix. */
  #accept(): void {
    this.postfix++
    if (this.#header.date !== this.days.lastDate) this.#beginDay()
  }

  #beginDay(): void {
    this.days.begin(this.#header.date, this.#header.day)
    this.traffic.selectDay(this.#header.day)
    if (this.#options.zeroFill) this.traffic.zeroFill()
  }

  #leave(kind: number, program: number, lineEnds: number): void {
    let end = lineEnds
    while (this.#bytes[end - 1] === CARRIAGE_RETURN) end--
    const at = this.#count++ * task.FIELDS
    const fields = this.#fields
    fields[at + task.KIND] = kind
    fields[at + task.ID] = this.#id
    fields[at + task.ID_END] = this.#idEnd
    fields[at + task.VALUE] = this.#idEnd + 2
    fields[at + task.END] = end
    fields[at + task.PROGRAM] = program
    fields[at + task.HOUR] = this.#header.hour
    fields[at + task.CLOCK] =
      twoDigits(this.#bytes, this.#header.clock + 3) * 100 + twoDigits(this.#bytes, this.#header.clock + 6)
    fields[at + task.DAY] = this.#header.day
    fields[at + task.ROW] = this.days.row
  }

  /** The end of the line, which was read as a string. `program` is negative where the header was not understood. */
  #readAsText(start: number, program: number): number {
    const bytes = this.#bytes
    const end = lineEnd(bytes, start)
    let last = end
    while (last > start && bytes[last - 1] === CARRIAGE_RETURN) last--
    if (last === start) {
      this.read--
      return end
    }
    if (program >= 0) this.#countText(bytes.toString('latin1', program, last), { program, end: last })
    else this.#countAnyForm(bytes.toString('latin1', start, last))
    return end
  }

  #countAnyForm(text: string): void {
    const line = this.#header.readAnyForm(text)
    if (line === null || !this.#header.isWanted) return
    const { minute, second } = line.time
    this.#countText(line.text, { clock: minute * 100 + second })
  }

  #countText(
    text: string,
    place: { readonly program: number; readonly end: number } | { readonly clock: number },
  ): void {
    const line = this.#cut(withoutMessageId(text))
    if (line === null) return
    this.#accept()
    this.traffic.hour = this.#header.hour
    if (this.stateless.count(line)) return
    if ('program' in place) this.#leave(task.OTHER, place.program, place.end)
    else {
      const at = this.#count * task.FIELDS
      this.#leave(task.TEXT, 0, 0)
      this.#fields[at + task.VALUE] = this.#texts.push(text) - 1
      this.#fields[at + task.CLOCK] = place.clock
    }
  }
}
