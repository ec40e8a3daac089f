/**
 * Packets of the milter protocol, versions 2 to 6 (sendmail libmilter/mfdef.h; Postfix src/milter/milter8.c): four bytes of length,
 * one of command, then data. Pure.
 */

/** What is no packet of this protocol: there is no telling what comes behind it. */
export class MilterError extends SyntaxError {
  override readonly name = 'MilterError'
}

export interface Packet {
  /** One character: SMFIC_ of the MTA's, SMFIR_ of ours. */
  readonly command: string
  readonly data: Buffer
}

/** sendmail: MILTER_MDS_1M, the largest that can be negotiated; Postfix's headers end at header_size_limit. And some room for names. */
export const PACKET_LIMIT = 1024 * 1024 + 4096

const LENGTH_BYTES = 4
const SMALLEST_BUFFER = 4096

/** Cuts packets out of bytes that come in any pieces. What it has given out it never overwrites. */
export class PacketReader {
  #bytes: Buffer = Buffer.alloc(0)
  /** Where the next packet begins, and where the bytes end; behind them is room in a buffer of our own. */
  #start = 0
  #end = 0
  #isOwn = false

  push(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk
      this.#start = 0
      this.#end = chunk.length
      this.#isOwn = false
      return
    }
    this.#makeRoom(chunk.length)
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /** The next packet; null: it has not come whole. Throws MilterError. */
  next(): Packet | null {
    const held = this.#end - this.#start
    if (held < LENGTH_BYTES) return null
    const length = this.#bytes.readUInt32BE(this.#start)
    if (length < 1) throw new MilterError('a packet without a command')
    if (length > PACKET_LIMIT) throw new MilterError(`a packet of ${length} bytes, more than ${PACKET_LIMIT}`)
    if (held < LENGTH_BYTES + length) return null
    const at = this.#start + LENGTH_BYTES
    this.#start = at + length
    return {
      command: String.fromCharCode(this.#bytes.readUInt8(at)),
      data: this.#bytes.subarray(at + 1, at + length),
    }
  }

  /** Grows by doubling, so that bytes that come one by one are not copied again and again. */
  #makeRoom(size: number): void {
    const held = this.#end - this.#start
    if (this.#isOwn && this.#bytes.length - this.#end >= size) return
    const grown = Buffer.allocUnsafeSlow(Math.max(SMALLEST_BUFFER, 2 * held, held + size))
    this.#bytes.copy(grown, 0, this.#start, this.#end)
    this.#bytes = grown
    this.#start = 0
    this.#end = held
    this.#isOwn = true
  }
}

/** One packet as it goes over the wire. */
export function formatPacket(command: string, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 1)
  const head = Buffer.allocUnsafe(LENGTH_BYTES + 1)
  head.writeUInt32BE(length, 0)
  head.writeUInt8(command.charCodeAt(0), LENGTH_BYTES)
  return Buffer.concat([head, ...parts])
}

/** A string as the protocol has it: ended by NUL, so that it can hold none. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '')}\0`)
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value >>> 0, 0)
  return bytes
}
