import type { AuthEnvelope, MessageJudge, MessageVerdict } from '../../model/mail_auth.ts'
import type { Clock } from '../../util/clock.ts'
import type { SigningKey } from '../dkim/sign.ts'
import { type ArcSealer, makeArcSealer } from './seal.ts'

export interface SealingOptions {
  readonly by: SigningKey
  readonly clock: Clock
  /** A fault of ours: the message passes without a seal. */
  fault(error: unknown): void
}

const RESULTS = /^Authentication-Results:[ \t]*/i

/**
 * The same judge, whose verdict puts a seal (RFC 8617 5.1) on top of what it tells of the message. What is refused gets none, nor
 * does a message of which nothing is told.
 */
export function sealingJudge(judge: MessageJudge, options: SealingOptions): MessageJudge {
  let sealer: ArcSealer | null = makeArcSealer({
    by: options.by,
    time: Math.floor(options.clock.now() / 1000),
  })
  const guarded = (run: (sealer: ArcSealer) => void): void => {
    try {
      if (sealer !== null) run(sealer)
    } catch (error) {
      sealer = null
      options.fault(error)
    }
  }
  return {
    start: (envelope: AuthEnvelope) => judge.start?.(envelope),
    removals: () => judge.removals?.() ?? [],
    header(field) {
      judge.header(field)
      guarded(each => each.header(field))
    },
    body(chunk) {
      judge.body(chunk)
      guarded(each => each.body(chunk))
    },
    async end(envelope): Promise<MessageVerdict> {
      const verdict = await judge.end(envelope)
      const results = verdict.insert.find(field => RESULTS.test(field))
      if (results === undefined || verdict.action === 'reject' || verdict.action === 'tempfail') return verdict
      let seal: readonly string[] = []
      guarded(each => {
        seal = each.end({ chain: verdict.auth.arc, authResults: results.replace(RESULTS, '') })
      })
      return { ...verdict, insert: [...seal, ...verdict.insert] }
    },
  }
}
