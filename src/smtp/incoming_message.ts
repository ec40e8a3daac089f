import type { ContentEvent } from '../model/event.ts'
import type { Dialogue } from './dialogue.ts'
import { filterRules } from './filter_rules.ts'
import { type FilterDoors, MessageFilter } from './message_filter.ts'
import { Outbox } from './outbox.ts'
import { receivedLines } from './received.ts'

/** Why a message that was received whole is not taken, before anybody looks at its content. */
export type IncomingFault = 'bare_lf' | 'size' | null

/** One message on its way in: our headers first, then the client's lines, through the content checks into the outbox. */
export class IncomingMessage {
  readonly filter: MessageFilter
  readonly outbox: Outbox
  fault: IncomingFault = null
  private readonly d: Dialogue
  private first = true

  constructor(d: Dialogue) {
    this.d = d
    this.filter = new MessageFilter(filterRules(d.config), this.makeDoors())
    this.outbox = new Outbox(d, this.filter.state)
  }

  /** PREPEND headers and our Received header. Postfix: they pass through header_checks as well. */
  async start(): Promise<void> {
    const lines = [...this.d.effects.prepend, ...(await receivedLines(this.d))]
    for (const line of lines) await this.filter.line(Buffer.from(line, 'utf8'), false)
    await this.forward()
  }

  /** One line, or a piece of one. */
  async line(bytes: Buffer, partial: boolean): Promise<void> {
    const blank = bytes[0] === 0x20 || bytes[0] === 0x09
    // Or it would continue our Received header.
    if (this.first && blank) await this.filter.line(Buffer.alloc(0), false)
    this.first = false
    if (this.fault !== null) return
    const { config, tx } = this.d
    const limit = config.message_size_limit
    if (limit > 0 && limit - tx.receivedSize < bytes.length + 2) {
      this.fault = 'size'
      this.d.log.warn(`${this.d.queueIdOrNot}: queue file size limit exceeded`)
      this.outbox.abort()
      return
    }
    tx.receivedSize += bytes.length + 2
    await this.filter.line(bytes, partial)
    await this.forward()
  }

  /** The last line has come. */
  async end(): Promise<void> {
    if (this.fault !== null) return
    await this.filter.end()
    await this.forward()
  }

  abort(): void {
    this.outbox.abort()
  }

  private async forward(): Promise<void> {
    const chunks = this.filter.take()
    if (this.filter.state.isBad) this.outbox.abort()
    else if (chunks.length > 0) await this.outbox.push(chunks)
  }

  private makeDoors(): FilterDoors {
    const { d } = this
    const queueId = d.queueIdOrNot
    const context = {
      queueId,
      sender: d.tx.sender ?? '',
      recipient: d.tx.recipient,
      protocol: d.protocol,
      helo: d.helo?.name ?? null,
    }
    return {
      find: (checks, text) => d.doors.lists.find(checks, text),
      log: {
        action: (action, { place, content }, text) =>
          d.log.add((client): ContentEvent => ({ kind: 'content', action, place, content, text, client, ...context })),
        warn: text =>
          d.log.warn(
            text.startsWith('message rejected') || text.includes('map lookup') ? `${queueId}: ${text}` : text,
            'cleanup',
          ),
      },
      messageId: (name, value) => {
        if (name === 'message-id') d.log.add(() => ({ kind: 'message_id', queueId, messageId: value }))
        else d.log.info(`${queueId}: ${name}=${value}`, 'cleanup')
      },
      mimeError: (text, content) =>
        d.log.info(
          client =>
            `${queueId}: reject: mime-error ${text}: ${content} from ${client}; from=<${context.sender}> to=<${context.recipient ?? 'unknown'}>`,
          'cleanup',
        ),
    }
  }
}
