import { BoundedMap, own } from './bounded.ts'
import type { Moment } from './gateway.ts'
import type { Client } from './reject_line.ts'

/** Messages on their way at one time; a queue of more is a flood, and its oldest count as never finished. */
const MAX_OPEN = 50_000

/** A message that has a queue id. */
export interface OpenMessage {
  /** Null: handed in on this machine. */
  readonly client: { readonly name: string | null; readonly address: string } | null
  /** Of a user who has signed in, or of this machine. */
  readonly isOwn: boolean
  readonly moment: Moment
  /** Its content has come. */
  hasContent: boolean
  isAccepted: boolean
}

/** What follows the messages from their queue id to the end. */
export interface MessageOutcomes {
  accepted(message: OpenMessage): void
  /** The next hop's answer to a message that nothing else has taken: Postern has no queue. */
  refusedByNextHop(message: OpenMessage, isPermanent: boolean): void
  /** One of our users has written to this address. */
  wroteTo(recipient: string): void
}

/** One message counts once, when it is sure to be taken: Postfix has it in its queue, or the next hop of Postern has it. */
export class Messages {
  readonly #open = new BoundedMap<OpenMessage>(MAX_OPEN)
  readonly #outcomes: MessageOutcomes

  constructor(outcomes: MessageOutcomes) {
    this.#outcomes = outcomes
  }

  get(queueId: string): OpenMessage | undefined {
    return this.#open.get(queueId)
  }

  /** "QUEUEID: client=…" */
  fromClient(queueId: string, { name, address }: Client, how: { isOwn: boolean; moment: Moment }): void {
    const client = { name: name === null ? null : own(name), address: own(address) }
    this.#begin(queueId, { ...how, client, hasContent: false, isAccepted: false })
  }

  /** pickup: "QUEUEID: uid=0 from=<root>". */
  fromHere(queueId: string, moment: Moment): void {
    this.#begin(queueId, { client: null, isOwn: true, moment, hasContent: false, isAccepted: false })
  }

  /** cleanup: "QUEUEID: message-id=<…>". */
  hasContent(queueId: string): void {
    const message = this.#open.get(queueId)
    if (message !== undefined) message.hasContent = true
  }

  /** qmgr: "QUEUEID: from=<…>, size=…, nrcpt=… (queue active)". */
  queued(queueId: string): void {
    const message = this.#open.get(queueId)
    if (message !== undefined) this.#accept(queueId, message)
  }

  /** "QUEUEID: to=<…>, relay=…, status=sent (…)". */
  delivered(queueId: string, recipient: string, how: { status: string; isRemote: boolean }): void {
    const message = this.#open.get(queueId)
    if (message === undefined) return
    if (how.status !== 'sent') {
      if (!message.isAccepted && message.hasContent) this.#outcomes.refusedByNextHop(message, how.status === 'bounced')
      return
    }
    this.#accept(queueId, message)
    if (message.isOwn && how.isRemote) this.#outcomes.wroteTo(recipient)
  }

  /** It was refused although it had a queue id already, or it has left the queue. */
  ended(queueId: string): void {
    this.#open.delete(queueId)
  }

  /** Messages that are still under way at the end of the log count, if they had come to the end. */
  finish(): void {
    for (const [queueId, message] of this.#open.entries()) if (message.hasContent) this.#accept(queueId, message)
  }

  #begin(queueId: string, message: OpenMessage): void {
    // A new message with a queue id that was used before: short ids are inode numbers.
    this.#open.delete(queueId)
    this.#open.set(queueId, message)
  }

  #accept(queueId: string, message: OpenMessage): void {
    if (message.isAccepted) return
    message.isAccepted = true
    this.#outcomes.accepted(message)
    // Only of our own we want to know to whom they go.
    if (!message.isOwn) this.#open.delete(queueId)
  }
}
