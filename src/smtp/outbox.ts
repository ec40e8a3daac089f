import type { HopResult, HopTransaction, NextHop } from '../model/hop.ts'
import type { ContentState } from './content_state.ts'
import type { Dialogue } from './dialogue.ts'
import { HeaderEditor, type HeaderEditorRules } from './header_editor.ts'
import { HeldMessage } from './held_message.ts'
import { Pipe } from './pipe.ts'
import { makeEnvelope } from './queue_file.ts'
import type { AcceptedRecipient } from './transaction.ts'

/** So much may lie between the client and a slow next hop. */
const PIPE_SIZE = 64 * 1024
const NO_HOLD = '451 4.7.1 Error: mail cannot be held here, try again later'
/** Recipients that it took before: what it says now is no answer to what the client has asked. */
const HOP_CHANGED = '451 4.4.1 Error: the next hop no longer takes this message, try again later'
const FAILED = '451 4.3.0 Error: queue file write error'

/** A service of master.cf is none of ours. */
const FILTER_REMEDY =
  'name where the filter listens, as smtp:[HOST]:PORT, lmtp:[HOST]:PORT or lmtp:unix:PATH; maildir:DIR and discard: are known, too'

/** Where the message goes in the end. */
interface Route {
  readonly discard: boolean
  readonly hold: boolean
  readonly redirect: string | null
  readonly filter: string | null
  readonly bcc: readonly string[]
}

export type Delivered = { readonly taken: true } | { readonly taken: false; readonly reply: string }

/** What is changed in a message on its way out. */
export interface MessageEdit {
  /** Header fields for the top, with CRLF in folded ones and none at the end. */
  readonly insert: readonly string[]
  readonly header: HeaderEditorRules
}

export interface OutboxOptions {
  /** The next hop sees nothing before `deliver`. */
  readonly hold: boolean
}

/**
 * Holds a message back: the beginning until it has grown beyond postern_message_staging_size, and then it streams; all of it where
 * something at its end may still change where it goes, or what is on top of it. What is held beyond that size waits in a spool.
 * The next hop's final dot always waits for the verdict.
 */
export class Outbox {
  private readonly d: Dialogue
  private readonly content: ContentState
  private readonly hold: boolean
  private readonly held: HeldMessage
  private pipe: Pipe | null = null
  private result: Promise<HopResult> | null = null
  private aborted = false
  edit: MessageEdit | null = null

  constructor(d: Dialogue, content: ContentState, { hold }: OutboxOptions) {
    this.d = d
    this.content = content
    this.hold = hold
    this.held = new HeldMessage(d.doors.openSpool)
  }

  /** Resolves when there is room for more; a text says why there is none. */
  async push(chunks: readonly Buffer[]): Promise<string | null> {
    if (this.aborted || this.route.discard) return null
    const { held, pipe } = this
    held.add(chunks)
    // Lines are short: handing each on alone would cost more than copying.
    if (pipe !== null && held.staged >= PIPE_SIZE / 4) await this.drainInto(pipe)
    if (pipe !== null || held.staged <= this.d.config.postern_message_staging_size) return null
    if (this.isHeld) return held.spill()
    await this.open()
    return null
  }

  /** The message is complete and nobody objects: deliver it. */
  async deliver(): Promise<Delivered> {
    const route = this.route
    if (route.discard) {
      this.abort()
      return { taken: true }
    }
    if (this.pipe !== null) return this.finishStream(this.pipe, route)
    const tx = await this.transaction(route)
    if (typeof tx === 'string') {
      this.abort()
      return { taken: false, reply: tx }
    }
    this.d.tx.hop = tx
    const result = await tx.data(this.outgoing())
    this.held.discard()
    return this.delivered(result)
  }

  /** Nothing is delivered to anyone. Safe at any time. */
  abort(): void {
    this.aborted = true
    this.held.discard()
    this.pipe?.fail(new Error('message aborted'))
    this.d.tx.hop?.abort()
  }

  private get route(): Route {
    const { effects } = this.d
    const { content } = this
    return {
      discard: effects.discard || content.discard,
      hold: effects.hold || content.hold,
      // Postfix: what the session says comes after what the content says.
      redirect: effects.redirect ?? content.redirect,
      filter: effects.filter ?? content.filter,
      bcc: [...effects.bcc, ...content.bcc],
    }
  }

  /** Other recipients or another hop than those that have been asked already. */
  private get reroutes(): boolean {
    const { hold, redirect, filter } = this.route
    return hold || redirect !== null || filter !== null
  }

  private get isHeld(): boolean {
    return this.hold || this.reroutes || this.route.bcc.length > 0
  }

  private async open(): Promise<void> {
    const { hop } = this.d.tx
    if (hop === null) return
    const pipe = new Pipe(PIPE_SIZE)
    this.pipe = pipe
    this.result = hop.data(pipe).finally(() => pipe.abandon())
    await this.drainInto(pipe)
  }

  private async drainInto(pipe: Pipe): Promise<void> {
    for (const block of this.held.takeStaged()) await pipe.write(block)
  }

  private async finishStream(pipe: Pipe, route: Route): Promise<Delivered> {
    // What could bring this about makes the whole message wait; should that be wrong, then better late than elsewhere.
    if (this.reroutes || route.bcc.length > 0) {
      this.d.log.warn(
        `${this.d.queueIdOrNot}: cannot hold, redirect, copy or filter: the next hop has part of the message already`,
      )
      this.abort()
      return { taken: false, reply: FAILED }
    }
    await this.drainInto(pipe)
    pipe.end()
    return this.delivered(await this.result)
  }

  /** What is held, as it goes out. Throws when it cannot be read, or is not to go out after all. */
  private async *outgoing(): AsyncGenerator<Uint8Array, void, void> {
    const { edit, held } = this
    try {
      if (edit !== null && edit.insert.length > 0) yield Buffer.from(edit.insert.map(field => `${field}\r\n`).join(''))
      const editor = edit === null || edit.header.remove.length === 0 ? null : new HeaderEditor(edit.header)
      for await (const piece of held.read()) {
        if (this.aborted) throw new Error('message aborted')
        if (editor === null) yield piece
        else yield* editor.push(piece)
      }
      if (editor !== null) yield* editor.end()
    } catch (error) {
      if (!this.aborted)
        this.d.log.warn(`${this.d.queueIdOrNot}: cannot read a message that was kept: ${String(error)}`)
      throw error
    }
  }

  private delivered(result: HopResult | null): Delivered {
    if (result === null) return { taken: false, reply: FAILED }
    const { outcome, reply, recipients } = result
    const { queueId, sender, arrivedMs } = this.d.tx
    const delaySeconds = Math.max(0, (this.d.doors.clock.now() - arrivedMs) / 1000)
    for (const one of recipients) {
      this.d.log.add(() => ({ kind: 'delivery', queueId: queueId ?? '', sender: sender ?? '', delaySeconds, ...one }))
    }
    if (outcome === 'taken') return { taken: true }
    return { taken: false, reply: outcome === 'refused' ? reply : FAILED }
  }

  /** With all its recipients; a string is the refusal. */
  private async transaction(route: Route): Promise<HopTransaction | string> {
    const { hop } = this.d.tx
    if (this.reroutes) return this.reroute(route)
    if (hop?.isLost !== true) return this.addCopies(route)
    // The message took longer to come than the next hop waits, or that was started again: nothing is lost but the connection.
    const again = await this.reroute(route)
    return typeof again === 'string' && !again.startsWith('4') ? HOP_CHANGED : again
  }

  /** A new transaction instead of the one that RCPT began; a string is the refusal. */
  private async reroute(route: Route): Promise<HopTransaction | string> {
    const { d } = this
    const hop = this.chooseHop(route)
    if (typeof hop === 'string') return hop
    d.tx.hop?.abort()
    const tx = hop.begin(await makeEnvelope(d, await this.senderFor(route)))
    const recipients =
      route.redirect === null
        ? distinct(d.tx.recipients)
        : [{ hopAddress: route.redirect, options: { notify: [], orcpt: null } }]
    for (const { hopAddress, options } of recipients) {
      const answer = await tx.addRecipient(hopAddress, options)
      if (!answer.ok) {
        tx.abort()
        return answer.reply
      }
    }
    d.tx.hop = tx
    return this.addCopies(route)
  }

  private async senderFor({ redirect }: Route): Promise<string> {
    const { doors, tx } = this.d
    const sender = tx.sender ?? ''
    if (redirect === null) return tx.hopSender ?? sender
    return (await doors.srs?.senderFor(sender, redirect)) ?? sender
  }

  /** A string is the refusal: mail that was to be held or filtered goes nowhere else. */
  private chooseHop(route: Route): NextHop | string {
    const { hops } = this.d.doors
    if (route.hold) return hops.hold ?? NO_HOLD
    if (route.filter === null) return hops.main
    const hop = hops.filter(route.filter)
    if (hop !== null) return hop
    this.d.log.warn(`${this.d.queueIdOrNot}: cannot use FILTER ${route.filter}: ${FILTER_REMEDY}`)
    return '451 4.3.5 Server configuration error'
  }

  private async addCopies(route: Route): Promise<HopTransaction | string> {
    const { d } = this
    const { hop } = d.tx
    if (hop === null) return FAILED
    for (const address of route.bcc) {
      const answer = await hop.addRecipient(address, { notify: ['NEVER'], orcpt: null })
      // Postfix would bounce the copy, and tell nobody.
      if (!answer.ok) d.log.warn(`${d.queueIdOrNot}: BCC recipient ${address} refused: ${answer.reply}`)
    }
    return hop
  }
}

/** Each address once, as Postfix cleanup(8) delivers it. */
function distinct(recipients: readonly AcceptedRecipient[]): readonly AcceptedRecipient[] {
  const byAddress = new Map(recipients.map(each => [each.hopAddress.toLowerCase(), each]))
  return [...byAddress.values()]
}
