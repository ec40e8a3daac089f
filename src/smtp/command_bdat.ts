import { escapeBytes } from './bytes.ts'
import { InputBuffer } from './codec.ts'
import { finishMessage, noteBareLf } from './command_data.ts'
import type { Dialogue } from './dialogue.ts'
import { IncomingMessage } from './incoming_message.ts'
import { contentLimits } from './timing.ts'
import type { Token } from './token.ts'

interface Chunk {
  readonly size: number
  readonly last: boolean
}

/** RFC 3030 BDAT. */
export async function bdat(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  if (d.discarded.has('CHUNKING')) return d.refuse('521 5.5.1 Error: command not implemented')
  const chunk = parseChunk(argv)
  if (chunk === null) {
    const line = argv.map(token => token.text).join(' ')
    d.log.warn(
      client =>
        `${d.queueIdOrNot}: malformed BDAT command syntax from ${client}: ${escapeBytes(Buffer.from(line)).slice(0, 100)}`,
    )
    return d.refuse('521 5.5.4 Syntax: BDAT count [LAST]')
  }
  d.wire.startRequest(contentLimits(d.config))
  const refusal = await checkChunk(d, chunk)
  if (refusal !== null) return skip(d, chunk, refusal)
  const { tx } = d
  if (tx.bdat === 'none') {
    d.incoming = new IncomingMessage(d)
    d.chunks = new InputBuffer()
    await d.incoming.start()
  }
  tx.bdat = 'ok'
  d.where = 'BDAT content'
  const message = d.incoming
  if (message === null) return skip(d, chunk, '551 5.0.0 Discarded after earlier error')
  await receiveChunk(d, { message, chunk })
  if (chunk.last) {
    d.where = 'END-OF-MESSAGE'
    return finishMessage(d, message, { bdat: true })
  }
  if (message.fault !== null) {
    await finishMessage(d, message, { bdat: true })
    d.tx.bdat = 'error'
    return false
  }
  await d.reply(`250 2.0.0 Ok: ${chunk.size} bytes`)
  return true
}

function parseChunk(argv: readonly Token[]): Chunk | null {
  const count = argv[1]?.text ?? ''
  const size = Number(count)
  if (argv.length > 3 || !/^\d+$/.test(count) || !Number.isSafeInteger(size)) return null
  if (argv.length === 3 && argv[2]?.text.toUpperCase() !== 'LAST') return null
  return { size, last: argv.length === 3 }
}

/** The refusal, or null. The first chunk is what DATA is elsewhere. */
async function checkChunk(d: Dialogue, chunk: Chunk): Promise<string | null> {
  const { tx, config } = d
  if (chunk.size === 0 && !chunk.last) {
    d.log.warn(client => `${d.queueIdOrNot}: null BDAT request from ${client}`)
    return '551 5.7.1 Null BDAT request'
  }
  if (tx.bdat === 'error') return `551 5.0.0 Discarded ${chunk.size} bytes after earlier error`
  if (tx.bdat === 'none') {
    if (tx.recipients.length === 0)
      return tx.sender === null ? '503 5.5.1 Error: need RCPT command' : '554 5.5.1 Error: no valid recipients'
    const refusal = await d.judge('data', d.facts())
    if (refusal !== null) return refusal
  }
  if (config.message_size_limit > 0 && tx.receivedSize > config.message_size_limit - chunk.size) {
    d.log.warn(client => `${d.queueIdOrNot}: BDAT request from ${client} exceeds message size limit`)
    return '552 5.3.4 Chunk exceeds message size limit'
  }
  return null
}

/** Reads what belongs to the chunk and forgets it; then chunks are thrown away until the last. */
async function skip(d: Dialogue, chunk: Chunk, refusal: string): Promise<false> {
  for (let left = chunk.size; left > 0; ) {
    const bytes = d.wire.input.takeBytes(left)
    if (bytes === null) await d.wire.pull()
    else left -= bytes.length
  }
  await d.reply(refusal)
  if (chunk.last) {
    // Postfix 3.7: MAIL state goes, and the recipients stay counted; nothing can come of them without a sender.
    d.resetTransaction()
  } else {
    d.incoming?.abort()
    d.incoming = null
    d.tx.bdat = 'error'
  }
  return false
}

async function receiveChunk(
  d: Dialogue,
  { message, chunk }: { message: IncomingMessage; chunk: Chunk },
): Promise<void> {
  const rules = { limit: d.config.line_length_limit, detectBareLf: d.detectBareLf }
  for (let left = chunk.size; left > 0; ) {
    const bytes = d.wire.input.takeBytes(left)
    if (bytes === null) {
      await d.wire.pull()
      continue
    }
    left -= bytes.length
    d.chunks.push(bytes)
    for (let line = d.chunks.takeLine(rules); line !== null; line = d.chunks.takeLine(rules)) {
      if (line.bareLf) noteBareLf(d, message)
      await message.line(line.bytes, line.cut)
    }
  }
  if (!chunk.last) return
  // The last line may lack its end.
  const rest = d.chunks.takeBytes(d.chunks.length)
  if (rest !== null) await message.line(rest, false)
  await message.end()
}
