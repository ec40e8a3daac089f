import type { ContentEvent } from '../model/event.ts'
import type { MessageVerdict } from '../model/mail_auth.ts'
import type { Dialogue } from './dialogue.ts'
import { filterRules } from './filter_rules.ts'
import { type JudgedMessage, judgedMessage } from './judged_message.ts'
import { type FilterDoors, MessageFilter } from './message_filter.ts'
import { Outbox } from './outbox.ts'
import { receivedLines } from './received.ts'

/** Why a message that was received whole is not taken, before anybody looks at its content. */
export type IncomingFault = 'bare_lf' | 'size' | 'storage' | null

/** One message on its way in: our headers first, then the client's lines, through the content checks into the outbox. */
export class IncomingMessage {
  readonly filter: MessageFilter
  readonly outbox: Outbox
  fault: IncomingFault = null
  private readonly d: Dialogue
  private readonly judged: JudgedMessage | null
  private first = true
  /** Bytes of our own on top. */
  private head = 0

  constructor(d: Dialogue) {
    this.d = d
    const rules = filterRules(d.config)
    this.filter = new MessageFilter(rules, this.makeDoors())
    this.judged = judgedMessage(d)
    // Mail that is to be held, redirected or copied goes elsewhere than the recipients that the next hop was asked about.
    const late = rules.checks.size > 0 || d.config.smtpd_end_of_data_restrictions.length > 0
    this.outbox = new Outbox(d, this.filter.state, { hold: this.judged !== null || late })
  }

  /** PREPEND headers and our Received header. Postfix: they pass through header_checks as well. */
  async start(): Promise<void> {
    await this.judged?.start()
    const lines = [...this.d.effects.prepend, ...(await receivedLines(this.d))]
    for (const line of lines) await this.filter.line(Buffer.from(line, 'utf8'), false)
    this.head = await this.filter.endOwnHeader()
    await this.forward()
  }

  /** One line, or a piece of one. */
  async line(bytes: Buffer, partial: boolean): Promise<void> {
    const blank = bytes[0] === 0x20 || bytes[0] === 0x09
    // Or it would continue our Received header.
    if (this.first && blank) {
      await this.filter.line(Buffer.alloc(0), false)
      this.judged?.line(Buffer.alloc(0), false)
    }
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
    this.judged?.line(bytes, partial)
    await this.filter.line(bytes, partial)
    await this.forward()
  }

  /** The last line has come. */
  async end(): Promise<void> {
    if (this.fault !== null) return
    await this.filter.end()
    await this.forward()
  }

  /** What the judge of whole messages says; null: it was not asked, or did not say. Once, after `end`. */
  async verdict(): Promise<MessageVerdict | null> {
    if (this.judged === null || this.fault !== null || this.filter.state.isBad || this.d.effects.discard) return null
    const verdict = await this.judged.verdict()
    const { insert, remove } = verdict ?? { insert: [], remove: this.judged.removals() }
    if (insert.length > 0 || remove.length > 0)
      this.outbox.edit = { insert, header: { remove, head: this.head, edits: this.filter.edits } }
    return verdict
  }

  abort(): void {
    this.outbox.abort()
  }

  private async forward(): Promise<void> {
    const chunks = this.filter.take()
    if (this.filter.state.isBad) this.outbox.abort()
    else if (chunks.length > 0) {
      const problem = await this.outbox.push(chunks)
      if (problem === null) return
      this.d.log.warn(`${this.d.queueIdOrNot}: cannot keep the message until it is judged: ${problem}`)
      this.fault = 'storage'
      this.outbox.abort()
    }
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
