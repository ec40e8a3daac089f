import { createHash } from 'node:crypto'
import net from 'node:net'

const LINE = 76
const PIECE_LINES = 800

export interface BigMessage {
  readonly header: string
  /** Bytes of the body, made as they are needed. */
  pieces(): Generator<Buffer, void, void>
  readonly size: number
  readonly bodySha256: string
}

/** A message of about so many bytes whose lines all differ; no line begins with a dot. */
export function bigMessage(bytes: number): BigMessage {
  const header = 'From: a@good.example\r\nTo: you@example.org\r\nSubject: big\r\n'
  const lines = Math.ceil((bytes - header.length) / (LINE + 2))
  function* pieces(): Generator<Buffer, void, void> {
    for (let at = 0; at < lines; at += PIECE_LINES) {
      let text = ''
      for (let line = at; line < Math.min(lines, at + PIECE_LINES); line++)
        text += `${String(line).padEnd(LINE, 'abcdefghij.klmnopqrstuvwxyz')}\r\n`
      yield Buffer.from(text)
    }
  }
  const hash = createHash('sha256')
  for (const piece of pieces()) hash.update(piece)
  return { header, pieces, size: header.length + 2 + lines * (LINE + 2), bodySha256: hash.digest('hex') }
}

export interface BigSender {
  /** The reply to the end of the message. */
  readonly reply: Promise<string>
  destroy(): void
}

/** Sends it with DATA or in BDAT chunks, no faster than the server reads; `stopAfter`: so many pieces, and no end. */
export function sendBig(
  port: number,
  message: BigMessage,
  { bdat = false, stopAfter = Number.POSITIVE_INFINITY }: { readonly bdat?: boolean; readonly stopAfter?: number } = {},
): BigSender {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  const replies = new ReplyQueue(socket)
  const say = async (bytes: Buffer | string): Promise<void> => {
    if (!socket.destroyed && !socket.write(bytes)) await roomIn(socket)
  }
  const run = async (): Promise<string> => {
    await replies.next()
    await say('EHLO client.example\r\n')
    await replies.next()
    await say(`MAIL FROM:<a@good.example>\r\nRCPT TO:<you@example.org>\r\n${bdat ? '' : 'DATA\r\n'}`)
    for (let i = 0; i < (bdat ? 2 : 3); i++) await replies.next()
    let last = ''
    const chunk = async (bytes: Buffer, end: boolean): Promise<void> => {
      if (bdat) await say(`BDAT ${bytes.length}${end ? ' LAST' : ''}\r\n`)
      await say(bytes)
      if (bdat) last = await replies.next()
    }
    await chunk(Buffer.from(`${message.header}\r\n`), false)
    let sent = 0
    for (const piece of message.pieces()) {
      if (sent++ === stopAfter) return 'stopped'
      await chunk(piece, false)
    }
    if (bdat) await chunk(Buffer.alloc(0), true)
    else await say('.\r\n')
    if (!bdat) last = await replies.next()
    await say('QUIT\r\n')
    return last
  }
  return { reply: run(), destroy: () => socket.destroy() }
}

/** Resolves also when the connection is gone. */
function roomIn(socket: net.Socket): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

/** Whole replies in order; "[closed]" for one that never came. */
class ReplyQueue {
  #text = ''
  #closed = false
  #wake: () => void = () => undefined

  constructor(socket: net.Socket) {
    socket.on('data', bytes => {
      this.#text += bytes.toString('latin1')
      this.#wake()
    })
    const close = (): void => {
      this.#closed = true
      this.#wake()
    }
    socket.on('close', close)
    socket.on('error', close)
  }

  async next(): Promise<string> {
    for (;;) {
      const reply = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(this.#text)?.[0]
      if (reply !== undefined) {
        this.#text = this.#text.slice(reply.length)
        return reply.trim()
      }
      if (this.#closed) return '[closed]'
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}
