import { quoteAddress } from '../mail/address.ts'
import type { HopDelivery, HopEnvelope, HopReply, HopResult, HopTransaction, NextHop } from '../model/hop.ts'
import { type Maildir, MaildirError, type MaildirFile, syncNew, takeBack } from '../store/maildir.ts'
import { drain } from './transfer.ts'

/**
 * Delivers into one maildir, one file per recipient with the header lines of Postfix virtual(8) on top: Return-Path, X-Original-To,
 * Delivered-To. Line ends become LF. The client hears 250 when all files and their names are on the disk.
 */
export function makeMaildirHop(maildir: MaildirDoor, warn: (text: string) => void): NextHop {
  void maildir.sweep()
  let inUse = 0
  let closing: (() => void) | null = null
  const leave = (): void => {
    inUse--
    if (inUse === 0) closing?.()
  }
  return {
    begin(envelope) {
      inUse++
      return new MaildirTransaction(envelope, { maildir, warn, leave })
    },
    close: () =>
      new Promise(resolve => {
        closing = resolve
        if (inUse === 0) resolve()
      }),
  }
}

/** What of a maildir is needed here. */
export type MaildirDoor = Pick<Maildir, 'directory' | 'begin' | 'sweep'>

interface MaildirDeps {
  readonly maildir: MaildirDoor
  warn(text: string): void
  leave(): void
}

class MaildirTransaction implements HopTransaction {
  readonly #envelope: HopEnvelope
  readonly #deps: MaildirDeps
  #recipients: string[] = []
  #state: 'open' | 'data' | 'over' = 'open'
  /** `abort` was called while the message was being written. */
  #unwanted = false

  constructor(envelope: HopEnvelope, deps: MaildirDeps) {
    this.#envelope = envelope
    this.#deps = deps
  }

  addRecipient(address: string): Promise<HopReply> {
    this.#recipients.push(address)
    return Promise.resolve({ ok: true })
  }

  async data(message: AsyncIterable<Uint8Array>): Promise<HopResult> {
    if (this.#state !== 'open' || this.#recipients.length === 0) {
      this.abort()
      const taken = await drain(message)
      return { outcome: taken ? 'refused' : 'aborted', reply: '554 5.5.1 Error: no valid recipients', recipients: [] }
    }
    this.#state = 'data'
    const result = await this.#deliver(message)
    this.#state = 'over'
    this.#deps.leave()
    return result
  }

  get isLost(): boolean {
    return false
  }

  abort(): void {
    if (this.#state === 'data') this.#unwanted = true
    if (this.#state !== 'open') return
    this.#state = 'over'
    this.#deps.leave()
  }

  async #deliver(message: AsyncIterable<Uint8Array>): Promise<HopResult> {
    const files: MaildirFile[] = []
    const source = new Source(message)
    try {
      if (!(await this.#writeAll(files, source)) || this.#unwanted) return aborted()
      await this.#publish(files)
      return this.#result('sent', '250 2.0.0 Ok', 'delivered to maildir')
    } catch (error) {
      if (!(error instanceof MaildirError)) throw error
      const complete = await source.drain()
      const text = `maildir delivery failed: ${error.message}`
      this.#deps.warn(`${this.#envelope.queueId}: ${text}`)
      return complete ? this.#result('deferred', refusal(error.code), text) : aborted()
    } finally {
      for (const file of files) await file.discard()
    }
  }

  /** False: the message ended in an error. `files` gets every file that was begun. */
  async #writeAll(files: MaildirFile[], source: Source): Promise<boolean> {
    const { maildir } = this.#deps
    const [first, ...others] = this.#recipients
    if (first === undefined) return false
    const file = await maildir.begin()
    files.push(file)
    const top = this.#headerLines(first)
    await file.write(top)
    for await (const chunk of source) await file.write(chunk)
    if (source.failed) return false
    await file.sync()
    for (const recipient of others) {
      const copy = await maildir.begin()
      files.push(copy)
      await copy.write(this.#headerLines(recipient))
      for await (const chunk of file.read(Buffer.byteLength(top))) await copy.write(chunk)
      await copy.sync()
    }
    return true
  }

  /** All or none, as far as the file system lets us. */
  async #publish(files: MaildirFile[]): Promise<void> {
    const names: string[] = []
    const { directory } = this.#deps.maildir
    try {
      for (const file of files) names.push(await file.deliver())
      await syncNew(directory)
      files.length = 0
    } catch (error) {
      for (const name of names) await takeBack(directory, name)
      throw error
    }
  }

  #headerLines(recipient: string): string {
    const to = quoteAddress(recipient)
    return `Return-Path: <${quoteAddress(this.#envelope.sender)}>\nX-Original-To: ${to}\nDelivered-To: ${to}\n`
  }

  #result(status: HopDelivery['status'], reply: string, text: string): HopResult {
    const relay = `maildir:${this.#deps.maildir.directory}`
    const dsn = reply.split(' ')[1] ?? '4.0.0'
    const recipients = this.#recipients.map((recipient): HopDelivery => ({ recipient, status, relay, dsn, text }))
    return { outcome: status === 'sent' ? 'taken' : 'refused', reply, recipients }
  }
}

function aborted(): HopResult {
  return { outcome: 'aborted', reply: '451 4.3.0 Message was not completed', recipients: [] }
}

/** Always temporary (Postfix virtual(8): the maildir is the administrator's, so try again), whatever is wrong. */
function refusal(code: string): string {
  if (code === 'ENOSPC') return '452 4.3.1 Insufficient system storage'
  if (code === 'EDQUOT' || code === 'EFBIG') return '452 4.2.2 Mailbox is full'
  return '451 4.3.0 Cannot deliver the message now'
}

/** The message with LF line ends, a last one added where there is none. Errors of the source end it and are kept in `failed`. */
class Source implements AsyncIterable<Uint8Array> {
  readonly #iterator: AsyncIterator<Uint8Array>
  failed = false

  constructor(message: AsyncIterable<Uint8Array>) {
    this.#iterator = message[Symbol.asyncIterator]()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const converter = new LineEnds()
    for (let chunk = await this.#next(); chunk !== null; chunk = await this.#next()) yield converter.push(chunk)
    yield converter.finish()
  }

  /** Reads what is left; false when the source failed. */
  async drain(): Promise<boolean> {
    while ((await this.#next()) !== null);
    return !this.failed
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const step = await this.#iterator.next()
      return step.done === true ? null : step.value
    } catch {
      this.failed = true
      return null
    }
  }
}

const CR = 13
const LF = 10

/** CRLF to LF, whatever the chunks; a CR alone stays. */
export class LineEnds {
  #heldCr = false
  #last = LF

  push(chunk: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(chunk.length + 1)
    let length = 0
    for (const byte of chunk) {
      if (this.#heldCr && byte !== LF) out[length++] = CR
      this.#heldCr = byte === CR
      if (byte !== CR) out[length++] = byte
    }
    this.#last = out[length - 1] ?? this.#last
    return out.subarray(0, length)
  }

  finish(): Uint8Array {
    const held = this.#heldCr ? [CR] : []
    return this.#heldCr || this.#last !== LF ? Uint8Array.from([...held, LF]) : new Uint8Array()
  }
}
