import type { HopConnection, Step } from './connection.ts'

/** How a message went out. */
export type Transfer =
  | { readonly kind: 'sent' }
  /** The message itself ended in an error: nothing may be delivered. */
  | { readonly kind: 'source_failed' }
  /** The server said something, or was lost, before the message was through. */
  | { readonly kind: 'interrupted' }
  /** Not for a server without SMTPUTF8: bytes above 127 in the header. */
  | { readonly kind: 'needs_smtputf8' }

const DOT = 0x2e
const CR = 0x0d
const LF = 0x0a
const LF_DOT = Buffer.from('\n.')

/** Writes dot-stuffed lines. RFC 5321 4.5.2. */
export class DotStuffer {
  readonly #write: (bytes: Uint8Array | string) => void
  #last = LF
  #beforeLast = CR

  constructor(write: (bytes: Uint8Array | string) => void) {
    this.#write = write
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    if (bytes.length === 0) return
    if (this.#last === LF && bytes[0] === DOT) this.#write('.')
    let from = 0
    for (let at = bytes.indexOf(LF_DOT); at !== -1; at = bytes.indexOf(LF_DOT, at + 1)) {
      this.#write(bytes.subarray(from, at + 1))
      this.#write('.')
      from = at + 1
    }
    this.#write(from === 0 ? bytes : bytes.subarray(from))
    this.#beforeLast = bytes.length > 1 ? (bytes.at(-2) ?? 0) : this.#last
    this.#last = bytes.at(-1) ?? 0
  }

  /** The line end that a message without one at its end still needs before the dot. */
  finish(): void {
    if (this.#last !== LF || this.#beforeLast !== CR) this.#write('\r\n')
  }
}

/**
 * Sends a message after "354", all but the terminating dot, and no faster than the server takes it. The source is always read to
 * its end, also when nobody wants it any more, since it is a client's DATA that has to be read anyway.
 */
export async function sendMessage(
  message: AsyncIterable<Uint8Array>,
  connection: HopConnection,
  options: { readonly step: Step; readonly asciiHeader: boolean },
): Promise<Transfer> {
  const stuffer = new DotStuffer(bytes => connection.writeBytes(bytes))
  const header = options.asciiHeader ? new HeaderScan() : null
  let state: Transfer = { kind: 'sent' }
  connection.currently = options.step.doing
  try {
    for await (const chunk of message) {
      if (state.kind !== 'sent') continue
      if (header?.push(chunk) === 'not_ascii') state = { kind: 'needs_smtputf8' }
      else if (connection.broken !== null || connection.early !== null) state = { kind: 'interrupted' }
      else {
        stuffer.push(chunk)
        if (!(await connection.drained(options.step))) state = { kind: 'interrupted' }
      }
    }
  } catch {
    return { kind: 'source_failed' }
  } finally {
    connection.currently = null
  }
  if (state.kind === 'sent') stuffer.finish()
  return state
}

/** Reads a message that nobody takes; false when it ended in an error. */
export async function drain(message: AsyncIterable<Uint8Array>): Promise<boolean> {
  try {
    for await (const _ of message);
    return true
  } catch {
    return false
  }
}

/** Looks for bytes above 127 up to the first empty line. */
class HeaderScan {
  #over = false
  #atLineStart = true

  push(chunk: Uint8Array): 'ascii' | 'not_ascii' {
    if (this.#over) return 'ascii'
    for (const byte of chunk) {
      if (byte > 127) return 'not_ascii'
      if (byte === LF) {
        if (this.#atLineStart) {
          this.#over = true
          return 'ascii'
        }
        this.#atLineStart = true
      } else if (byte !== CR) this.#atLineStart = false
    }
    return 'ascii'
  }
}
