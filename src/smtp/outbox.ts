import type { HopResult, HopTransaction, NextHop } from '../model/hop.ts'
import type { ContentState } from './content_state.ts'
import type { Dialogue } from './dialogue.ts'
import { Pipe } from './pipe.ts'
import { makeEnvelope } from './queue_file.ts'
import type { AcceptedRecipient } from './transaction.ts'

/** So much may lie between the client and a slow next hop. */
const PIPE_SIZE = 64 * 1024
const NO_HOLD = '451 4.7.1 Error: mail cannot be held here, try again later'
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

/**
 * Holds the beginning of a message back until there is a verdict on the whole, or until it has grown beyond
 * postern_message_staging_size; then it streams. The next hop's final dot always waits for the verdict.
 */
export class Outbox {
  private readonly d: Dialogue
  private readonly content: ContentState
  private staged: Buffer[] = []
  private stagedSize = 0
  private pipe: Pipe | null = null
  private result: Promise<HopResult> | null = null
  private aborted = false

  constructor(d: Dialogue, content: ContentState) {
    this.d = d
    this.content = content
  }

  async push(chunks: readonly Buffer[]): Promise<void> {
    if (this.aborted || this.route.discard) return
    for (const chunk of chunks) this.stagedSize += chunk.length
    if (this.pipe !== null) {
      this.staged.push(...chunks)
      // Lines are short: handing each on alone would cost more than copying.
      if (this.stagedSize >= PIPE_SIZE / 4) await this.drainInto(this.pipe)
      return
    }
    // The piece of the client's packet must not be kept alive, or changed, by what comes after it.
    this.staged.push(Buffer.concat(chunks))
    if (this.stagedSize > this.d.config.postern_message_staging_size && !this.reroutes) await this.open()
  }

  /** The message is complete and nobody objects: deliver it. */
  async deliver(): Promise<Delivered> {
    const route = this.route
    if (route.discard) {
      this.abort()
      return { taken: true }
    }
    if (this.pipe !== null) return this.finishStream(route)
    const tx = this.reroutes ? await this.reroute(route) : await this.addCopies(route)
    if (typeof tx === 'string') {
      this.abort()
      return { taken: false, reply: tx }
    }
    this.d.tx.hop = tx
    await this.open()
    return this.finish()
  }

  /** Nothing is delivered to anyone. Safe at any time. */
  abort(): void {
    this.aborted = true
    this.staged = []
    this.stagedSize = 0
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

  private async open(): Promise<void> {
    const { hop } = this.d.tx
    if (hop === null) return
    const pipe = new Pipe(PIPE_SIZE)
    this.pipe = pipe
    this.result = hop.data(pipe).finally(() => pipe.abandon())
    await this.drainInto(pipe)
  }

  private async drainInto(pipe: Pipe): Promise<void> {
    const { staged } = this
    this.staged = []
    this.stagedSize = 0
    for (const chunk of joined(staged)) await pipe.write(chunk)
  }

  private async finishStream(route: Route): Promise<Delivered> {
    if (!this.reroutes && route.bcc.length === 0) return this.finish()
    this.d.log.warn(
      `${this.d.queueIdOrNot}: cannot hold, redirect, copy or filter: the next hop has part of the message already (see postern_message_staging_size)`,
    )
    this.abort()
    return { taken: false, reply: FAILED }
  }

  private async finish(): Promise<Delivered> {
    const { pipe, result } = this
    if (pipe === null || result === null) return { taken: false, reply: FAILED }
    await this.drainInto(pipe)
    pipe.end()
    const { outcome, reply, recipients } = await result
    const { queueId, sender, arrivedMs } = this.d.tx
    const delaySeconds = Math.max(0, (this.d.doors.clock.now() - arrivedMs) / 1000)
    for (const one of recipients) {
      this.d.log.add(() => ({ kind: 'delivery', queueId: queueId ?? '', sender: sender ?? '', delaySeconds, ...one }))
    }
    if (outcome === 'taken') return { taken: true }
    return { taken: false, reply: outcome === 'refused' ? reply : FAILED }
  }

  /** A new transaction instead of the one that RCPT began; a string is the refusal. */
  private async reroute(route: Route): Promise<HopTransaction | string> {
    const { d } = this
    const hop = this.chooseHop(route)
    if (typeof hop === 'string') return hop
    d.tx.hop?.abort()
    const tx = hop.begin(await makeEnvelope(d))
    const recipients =
      route.redirect === null
        ? distinct(d.tx.recipients)
        : [{ address: route.redirect, options: { notify: [], orcpt: null } }]
    for (const { address, options } of recipients) {
      const answer = await tx.addRecipient(address, options)
      if (!answer.ok) {
        tx.abort()
        return answer.reply
      }
    }
    d.tx.hop = tx
    return this.addCopies(route)
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

/** Chunks of a size that is worth a system call. */
function* joined(chunks: readonly Buffer[]): Generator<Buffer> {
  let batch: Buffer[] = []
  let size = 0
  for (const chunk of chunks) {
    batch.push(chunk)
    size += chunk.length
    if (size < PIPE_SIZE / 4) continue
    yield Buffer.concat(batch)
    batch = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(batch)
}

/** Each address once, as Postfix cleanup(8) delivers it. */
function distinct(recipients: readonly AcceptedRecipient[]): readonly AcceptedRecipient[] {
  const byAddress = new Map(recipients.map(each => [each.address.toLowerCase(), each]))
  return [...byAddress.values()]
}
