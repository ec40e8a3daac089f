/** The second pass over a block: tasks into the counts of queue ids. Common lines are read as bytes, others as strings. */
import type { CountOptions } from '../../options.ts'
import { isAt, isDigit } from './bytes.ts'
import { lineCutter, withoutMessageId } from './line.ts'
import type { QueueCounts } from './queue.ts'
import * as task from './tasks.ts'
import type { TrafficCounts } from './traffic.ts'

const word = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const SIZE = word('>, size=')
const AFTER_ADDRESS = word('>, ')
const ORIG_TO = word('orig_to=<')
const RELAY = word('relay=')
const CONN_USE = word('conn_use=')
const DELAY = word('delay=')
const DELAYS = word('delays=')
const DSN = word('dsn=')
const SENT = word('status=sent ')
/** "forwarded as" begins with it. */
const FORW = word('forw')
/** Longest address that is read as bytes. */
const MAX_ADDRESS = 512
/** Digits that a number exactly holds. */
const MAX_DIGITS = 15
const AT = 64
const OPEN = 91
const LESS = 60
const GREATER = 62
const COMMA = 44
const DOT = 46
const BLANK = 32
const ZERO = 48
const LOWER_F = 102

export class QueueLanes {
  readonly #queue: QueueCounts
  readonly #traffic: TrafficCounts
  readonly #cut: ReturnType<typeof lineCutter>
  /** Whether addresses are rewritten, or kept with their messages: then they are read as strings. */
  readonly #isPlainSender: boolean
  readonly #isPlainRecipient: boolean
  readonly #ignoreCase: boolean
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  /** Of the line in hand, lower-cased. */
  readonly #address = Buffer.alloc(MAX_ADDRESS)
  #length = 0
  #number = 0

  constructor(queue: QueueCounts, options: CountOptions, traffic: TrafficCounts) {
    this.#queue = queue
    this.#traffic = traffic
    this.#cut = lineCutter(options.syslogName)
    const isPlain = !options.uucpMung && !options.messageDetail
    this.#isPlainSender = isPlain && options.verpMung === null && !options.srsMung
    this.#isPlainRecipient = isPlain && !options.useOrigTo
    this.#ignoreCase = options.ignoreCase
  }

  run({ bytes, fields }: task.Block, { count, texts }: task.ScanResult): void {
    this.#bytes = bytes
    for (let at = 0; at < count * task.FIELDS; at += task.FIELDS) {
      this.#traffic.hour = fields[at + task.HOUR] ?? 0
      this.#traffic.selectDay(fields[at + task.ROW] ?? 0)
      this.#end = fields[at + task.END] ?? 0
      if (!this.#runFast(fields, at)) this.#runAsText(fields, at, texts)
    }
  }

  #runFast(fields: Int32Array, at: number): boolean {
    switch (fields[at + task.KIND]) {
      case task.CLIENT:
        this.#receive(fields, at)
        return true
      case task.PICKUP:
        this.#queue.receive(this.#place(fields, at), this.#queue.senders.pickup)
        return true
      case task.SENDER:
        return this.#isPlainSender && this.#send(fields, at)
      case task.RECIPIENT:
        return this.#isPlainRecipient && this.#deliver(fields, at)
      default:
        return false
    }
  }

  #runAsText(fields: Int32Array, at: number, texts: readonly string[]): void {
    const isText = fields[at + task.KIND] === task.TEXT
    const text = isText
      ? (texts[fields[at + task.VALUE] ?? 0] ?? '')
      : this.#bytes.toString('latin1', fields[at + task.PROGRAM] ?? 0, this.#end)
    const line = this.#cut(withoutMessageId(text))
    if (line === null) return
    const clock = fields[at + task.CLOCK] ?? 0
    this.#queue.count(line, {
      day: fields[at + task.DAY] ?? 0,
      row: fields[at + task.ROW] ?? 0,
      hour: fields[at + task.HOUR] ?? 0,
      minute: Math.floor(clock / 100),
      second: clock % 100,
    })
  }

  /** The place of the queue id in the table. */
  #place(fields: Int32Array, at: number): number {
    return this.#queue.table.place(this.#bytes, fields[at + task.ID] ?? 0, fields[at + task.ID_END] ?? 0)
  }

  #receive(fields: Int32Array, at: number): void {
    const bytes = this.#bytes
    const from = (fields[at + task.VALUE] ?? 0) + 'client='.length
    let to = from
    while (to < this.#end && bytes[to] !== COMMA) to++
    this.#queue.receive(this.#place(fields, at), this.#queue.senders.clientOrigin(bytes, from, to))
  }

  #send(fields: Int32Array, at: number): boolean {
    const bytes = this.#bytes
    const close = this.#takeAddress((fields[at + task.VALUE] ?? 0) + 'from=<'.length)
    if (close < 0 || !isAt(bytes, close, SIZE)) return false
    const digits = close + SIZE.length
    let to = digits
    let size = 0
    for (; isDigit(bytes[to]); to++) size = size * 10 + (bytes[to] ?? 0) - ZERO
    if (to === digits || to - digits > MAX_DIGITS) return false
    const { table, senders } = this.#queue
    const place = this.#place(fields, at)
    if (table.size(place) !== 0) return true
    table.setSize(place, size)
    const origin = table.origin(place)
    if (origin < 0) return true
    const isNull = this.#length === 0 || (this.#length === 1 && this.#address[0] === ZERO)
    const address = isNull ? senders.nullSender : senders.addresses.names.intern(this.#address, 0, this.#length)
    senders.count(address, origin, size)
    table.setOrigin(place, -1)
    return true
  }

  #deliver(fields: Int32Array, at: number): boolean {
    const bytes = this.#bytes
    let place = this.#takeAddress((fields[at + task.VALUE] ?? 0) + 'to=<'.length)
    if (place < 0 || !isAt(bytes, place, AFTER_ADDRESS)) return false
    place += AFTER_ADDRESS.length
    if (isAt(bytes, place, ORIG_TO)) {
      while (place < this.#end && bytes[place] !== GREATER) place++
      if (!isAt(bytes, place, AFTER_ADDRESS)) return false
      place += AFTER_ADDRESS.length
    }
    place = this.#behind(place, RELAY)
    if (place >= 0 && isAt(bytes, place, CONN_USE)) place = this.#behind(place, CONN_USE)
    if (place < 0 || !isAt(bytes, place, DELAY)) return false
    place = this.#takeNumber(place + DELAY.length)
    if (place >= 0 && isAt(bytes, place, DELAYS)) place = this.#behind(place, DELAYS)
    if (place >= 0 && isAt(bytes, place, DSN)) place = this.#behind(place, DSN)
    if (place < 0 || !isAt(bytes, place, SENT) || !this.#isCommonAnswer(place + SENT.length)) return false
    const size = this.#queue.table.size(this.#place(fields, at))
    // Those without a size are listed by name.
    if (size === 0) return false
    this.#queue.deliver(
      this.#queue.recipients.addresses.names.intern(this.#address, 0, this.#length),
      this.#number,
      size,
    )
    return true
  }

  /** Behind "name=value, ", where the value has no comma and is not empty; -1: it is not that. */
  #behind(start: number, name: Uint8Array): number {
    const bytes = this.#bytes
    if (!isAt(bytes, start, name)) return -1
    let at = start + name.length
    while (at < this.#end && bytes[at] !== COMMA) at++
    return at > start + name.length && bytes[at] === COMMA && bytes[at + 1] === BLANK ? at + 2 : -1
  }

  /** "12.3, " into `#number`, and where it ends; -1: it is none. */
  #takeNumber(start: number): number {
    const bytes = this.#bytes
    let at = start
    let value = 0
    let scale = 1
    for (; isDigit(bytes[at]); at++) value = value * 10 + (bytes[at] ?? 0) - ZERO
    if (bytes[at] === DOT)
      for (at++; isDigit(bytes[at]); at++) {
        value = value * 10 + (bytes[at] ?? 0) - ZERO
        scale *= 10
      }
    if (at === start || at - start > MAX_DIGITS || bytes[at] !== COMMA || bytes[at + 1] !== BLANK) return -1
    // Exact numbers: the quotient is the number next to the decimal one, as strtod() gives.
    this.#number = value / scale
    return at + 2
  }

  /** The address up to ">", lower-cased as is wanted, into `#address`; where it ends, -1: it is an uncommon one. */
  #takeAddress(start: number): number {
    const bytes = this.#bytes
    const address = this.#address
    let isLower = this.#ignoreCase
    let at = start
    for (let byte = bytes[at] ?? 0; byte !== GREATER; byte = bytes[++at] ?? 0) {
      if (at >= this.#end || byte === OPEN || at - start >= MAX_ADDRESS) return -1
      if (byte === AT) isLower = true
      address[at - start] = isLower && byte >= 65 && byte <= 90 ? byte + 32 : byte
    }
    this.#length = at - start
    return at
  }

  /** Whether nothing in what the next server said could be taken for something else. */
  #isCommonAnswer(start: number): boolean {
    const bytes = this.#bytes
    for (let at = start; at < this.#end; at++) {
      const byte = bytes[at]
      if (byte === LESS && bytes[at - 1] === 61) return false
      if (byte === LOWER_F && isAt(bytes, at, FORW)) return false
    }
    return true
  }
}
