import type { AuthEnvelope, MessageJudge, MessageVerdict } from '../model/mail_auth.ts'
import type { Timer } from '../util/clock.ts'
import type { Dialogue } from './dialogue.ts'
import { JudgeFeed } from './judge_feed.ts'

/** One message and its judge. A judge that fails or takes too long costs a warning, and never the message. */
export interface JudgedMessage {
  /** Tells the judge who sends to whom, before anything of the message has come. */
  start(): Promise<void>
  /** One line as the client sent it, or a piece of one (`partial`: the line goes on). */
  line(bytes: Uint8Array, partial: boolean): void
  /** After the last line; logs what it says. Null: the message passes unjudged. */
  verdict(): Promise<MessageVerdict | null>
  /** What goes out of it all the same (RFC 8601 5). Never throws. */
  removals(): MessageVerdict['remove']
}

/** Null: messages are not judged, or this one goes nowhere. */
export function judgedMessage(d: Dialogue): JudgedMessage | null {
  const { messages } = d.doors
  if (messages === null || d.effects.discard) return null
  let feed: JudgeFeed | null = null
  let judge: MessageJudge | null = null
  const failed = (error: unknown): null => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    d.log.add(() => ({ kind: 'error', text: `${d.queueIdOrNot}: the message passes unjudged: ${text}` }))
    feed = null
    return null
  }
  try {
    judge = messages.openMessage()
    feed = new JudgeFeed(judge, d.config.header_size_limit)
  } catch (error) {
    return failed(error)
  }
  return {
    async start() {
      try {
        judge?.start?.(await authEnvelope(d))
      } catch (error) {
        failed(error)
      }
    },
    line(bytes, partial) {
      try {
        feed?.line(bytes, partial)
      } catch (error) {
        failed(error)
      }
    },
    async verdict() {
      try {
        return feed === null ? null : await timedVerdict(d, feed)
      } catch (error) {
        return failed(error)
      }
    },
    removals() {
      try {
        return judge?.removals?.() ?? []
      } catch (error) {
        failed(error)
        return []
      }
    },
  }
}

async function timedVerdict(d: Dialogue, feed: JudgeFeed): Promise<MessageVerdict | null> {
  const judge = feed.end()
  const envelope = await authEnvelope(d)
  const seconds = d.config.postern_message_judge_timeout
  let timer: Timer | undefined
  const late = new Promise<null>(resolve => {
    timer = d.doors.clock.after(seconds * 1000, () => resolve(null))
  })
  const verdict = await Promise.race([judge.end(envelope), late]).finally(() => timer?.cancel())
  if (verdict === null)
    d.log.warn(`${d.queueIdOrNot}: no verdict within ${seconds} seconds: the message passes unjudged`)
  for (const { daemon, text } of verdict?.log ?? []) d.log.info(`${d.queueIdOrNot}: ${text}`, daemon)
  return verdict
}

async function authEnvelope(d: Dialogue): Promise<AuthEnvelope> {
  const { tx } = d
  const { name } = await d.clientName()
  return {
    clientAddress: d.client.address,
    clientName: name,
    helo: d.helo?.name ?? '',
    sender: tx.sender ?? '',
    recipients: tx.recipients.map(({ address }) => address),
    authenticated: d.sasl !== null,
    queueId: tx.queueId,
  }
}
