import { SmtpClient } from './smtp_client.ts'

export interface SenderOptions {
  readonly port: number
  /** Source address, any of 127/8. */
  readonly from?: string
  readonly sender?: string
  readonly recipients?: readonly string[]
  /** Instead of `recipients`: of the message with this index. */
  readonly recipientOf?: (index: number) => string
  /** BDAT in chunks of this size instead of DATA. */
  readonly chunkSize?: number
}

/** Sends messages over one connection, envelope pipelined, and gives the last reply to each. */
export async function sendMessages(messages: Iterable<Buffer>, options: SenderOptions): Promise<readonly string[]> {
  const {
    port,
    from = '127.0.0.1',
    sender = 'a@good.example',
    recipients = ['you@example.org'],
    recipientOf,
    chunkSize,
  } = options
  const client = new SmtpClient({ host: '127.0.0.1', port, from })
  const replies: string[] = []
  await client.read()
  await client.command('EHLO client.example')
  for (const message of messages) {
    const addresses = recipientOf === undefined ? recipients : [recipientOf(replies.length)]
    const envelope = [`MAIL FROM:<${sender}>`, ...addresses.map(address => `RCPT TO:<${address}>`)]
    const commands = chunkSize === undefined ? [...envelope, 'DATA'] : envelope
    client.write(commands.map(line => `${line}\r\n`).join(''))
    let last = ''
    for (const _ of commands) last = (await client.read()).join('\n')
    if (chunkSize === undefined && last.startsWith('354')) {
      client.write(stuffed(message))
      last = (await client.read()).join('\n')
    }
    for (let at = 0; chunkSize !== undefined && (at === 0 || at < message.length); at += chunkSize) {
      const chunk = message.subarray(at, at + chunkSize)
      client.write(`BDAT ${chunk.length}${at + chunkSize >= message.length ? ' LAST' : ''}\r\n`)
      client.write(chunk)
      last = (await client.read()).join('\n')
    }
    replies.push(last)
  }
  client.write('QUIT\r\n')
  await client.read()
  client.destroy()
  return replies
}

/** RFC 5321 4.5.2, with the final dot. */
function stuffed(message: Buffer): Buffer {
  const text = message.toString('latin1').replace(/(^|\r\n)\./g, '$1..')
  return Buffer.from(`${text}.\r\n`, 'latin1')
}
