import type { SignatureVerifiers } from '../../src/mailauth/dkim/types.ts'
import type { SignatureAnswer } from '../../src/model/mail_auth.ts'

/** A message as a milter or the gateway hands it on: fields without their last CRLF, and the body. */
export interface Message {
  readonly fields: readonly Buffer[]
  readonly body: Buffer
}

/** Text of a test: any line ends become CRLF; odd bytes as latin1. */
export function messageOf(text: string): Message {
  return splitMessage(Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1'))
}

/** Lines end in CRLF. */
export function splitMessage(bytes: Buffer): Message {
  const fields: Buffer[] = []
  let start = 0
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return { fields, body: bytes.subarray(at + 2) }
    let end = bytes.indexOf('\r\n', at)
    if (end < 0) end = bytes.length
    at = end + 2
    const next = bytes[at]
    if (next === 0x20 || next === 0x09) continue
    fields.push(bytes.subarray(start, end))
    start = at
  }
  return { fields, body: Buffer.alloc(0) }
}

export function joinMessage({ fields, body }: Message): Buffer {
  return Buffer.concat([...fields.flatMap(field => [field, CRLF]), CRLF, body])
}

const CRLF = Buffer.from('\r\n')

/** Whole, or with the body in pieces that end at `cuts`. */
export function verifyMessage(
  verifiers: SignatureVerifiers,
  message: Message,
  cuts: readonly number[] = [],
): Promise<SignatureAnswer> {
  const verifier = verifiers.open()
  for (const field of message.fields) verifier.header(field)
  let start = 0
  for (const cut of [...cuts, message.body.length]) {
    // A copy that is spoilt afterwards: the verifier must not keep the piece.
    const piece = Buffer.from(message.body.subarray(start, cut))
    verifier.body(piece)
    piece.fill(0x21)
    start = cut
  }
  return verifier.end()
}
