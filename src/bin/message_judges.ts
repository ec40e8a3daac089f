import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import { makeSignatureVerifiers, signatureDefaults } from '../mailauth/dkim/verifier.ts'
import { makeMessageJudge } from '../mailauth/message/message_judge.ts'
import type { MessageSettings } from '../mailauth/message/settings.ts'
import type { AuthEnvelope, MessageJudge, MessageVerdict } from '../model/mail_auth.ts'
import type { SpfAnswer, SpfQuestion } from '../model/spf.ts'
import type { TableProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { readMessageSettings } from './dmarc_conf.ts'
import { ownVersion } from './version.ts'

/** Opens a judge for each message of one configuration. */
export interface MessageJudges {
  readonly settings: MessageSettings
  open(): MessageJudge
}

export interface MessageJudgeServices {
  readonly resolver: Resolver
  readonly clock: Clock
  spf(question: SpfQuestion): Promise<SpfAnswer>
  warn(problem: TableProblem): void
  /** Told of each verdict when it is given; never throws. */
  onVerdict?(verdict: MessageVerdict, envelope: AuthEnvelope): void
}

/** SPF, DKIM, ARC and DMARC of one configuration; reads postern_dmarc_conf where it names a file. */
export function openMessageJudges(config: Config, services: MessageJudgeServices): MessageJudges {
  const { resolver, clock } = services
  const settings = readMessageSettings(config)
  const signatures = makeSignatureVerifiers({ ...signatureDefaults, resolver, clock })
  const deps = {
    settings,
    resolver,
    signatures,
    spf: (question: SpfQuestion) => services.spf(question),
    software: `Postern v${ownVersion()} ${config.myhostname}`,
    fault: (error: unknown) => services.warn(faultOf(error)),
  }
  const onVerdict = services.onVerdict?.bind(services)
  const open = (): MessageJudge => makeMessageJudge(deps)
  return { settings, open: onVerdict === undefined ? open : () => tellingJudge(open(), onVerdict) }
}

/** The same judge, that also tells somebody else what it found. */
function tellingJudge(judge: MessageJudge, tell: NonNullable<MessageJudgeServices['onVerdict']>): MessageJudge {
  return {
    start: envelope => judge.start?.(envelope),
    header: field => judge.header(field),
    body: chunk => judge.body(chunk),
    removals: () => judge.removals?.() ?? [],
    async end(envelope) {
      const verdict = await judge.end(envelope)
      tell(verdict, envelope)
      return verdict
    },
  }
}

function faultOf(error: unknown): TableProblem {
  const text = `message not judged, a fault of Postern: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  return { severity: 'error', table: 'check_dmarc', file: null, line: null, text, remedy: null }
}
