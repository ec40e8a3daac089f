import type {
  ArcAnswer,
  AuthEnvelope,
  DmarcAnswer,
  DmarcPolicy,
  MessageVerdict,
  PolicyOverride,
} from '../../model/mail_auth.ts'
import { fillPercent } from '../../util/percent_text.ts'
import { findException } from './exceptions.ts'
import type { HeaderFacts } from './header_facts.ts'
import type { MessageSettings } from './settings.ts'

/** What is to be done, and why. */
export interface Decision {
  readonly action: MessageVerdict['action']
  readonly reply: string
  readonly disposition: DmarcPolicy
  readonly override: PolicyOverride | null
  /** Lines of opendmarc's log, in its words where it has any. */
  readonly log: readonly string[]
}

export interface FoundOut {
  readonly header: HeaderFacts
  readonly dmarc: DmarcAnswer
  readonly arc: ArcAnswer
  readonly envelope: AuthEnvelope
}

/** RFC 9989 11.5: so many author domains of one message are evaluated. With more the answer would not be whole. */
export const MAX_AUTHOR_DOMAINS = 8

const ACCEPT: Decision = { action: 'accept', reply: '', disposition: 'none', override: null, log: [] }

/** What the header alone decides, before anything is asked; null: nothing. */
export function decideByHeader(header: HeaderFacts, settings: MessageSettings): Decision | null {
  const { from, requirementError } = header
  if (settings.requiredHeaders && requirementError !== null)
    return refuse(`message header has ${requirementError}`, `RFC5322 requirement error: ${requirementError}`)
  if (from.domains.length > 1 && settings.rejectMultiValueFrom)
    return refuse('message header has several authors of different domains', 'multi-valued From field detected')
  if ((from.domains.length > MAX_AUTHOR_DOMAINS || header.hasUnreadFrom) && settings.rejectFailures)
    return refuse('message header has too many authors', 'multi-valued From field detected')
  if (from.domains.length > 0) return null
  if (settings.requiredHeaders)
    return refuse('message header has no domain in From', 'unable to parse From header field')
  const log =
    from.problem === 'no From field'
      ? 'RFC5322 requirement error: missing From field; accepting'
      : 'unable to parse From header field'
  return { ...ACCEPT, log: [log] }
}

function refuse(text: string, log: string): Decision {
  return { ...ACCEPT, action: 'reject', reply: `550 5.7.1 ${text}`, disposition: 'reject', log: [log] }
}

/** What DMARC's answer means under these settings. */
export function decide(found: FoundOut, settings: MessageSettings): Decision {
  const { dmarc, arc } = found
  const log = [`${dmarc.fromDomain} ${dmarc.result}`]
  if (dmarc.result === 'temperror') return { ...deferred(dmarc, settings), log }
  if (dmarc.result !== 'fail') return { ...ACCEPT, log }
  const weakened: PolicyOverride | null =
    dmarc.policy === dmarc.publishedPolicy ? null : { type: 'policy_test_mode', comment: 't=y' }
  if (dmarc.policy === 'none') return { ...ACCEPT, override: weakened, log }
  const exception = findException(found, settings)
  if (exception !== null) {
    const isArc = exception.comment.startsWith('arc=pass')
    const said = isArc
      ? 'ARC pass, policy pass > overriding DMARC fail'
      : `${exception.comment} > overriding DMARC fail`
    return { ...ACCEPT, override: exception, log: [said, ...log] }
  }
  const before = arc.result === 'pass' ? ['ARC pass, policy fail > continuing DMARC eval'] : []
  return {
    ...enforced(dmarc, settings),
    ...(weakened === null ? {} : { override: weakened }),
    log: [...before, ...log],
  }
}

function enforced(dmarc: DmarcAnswer, settings: MessageSettings): Decision {
  const { policy, policyDomain } = dmarc
  if (!settings.rejectFailures)
    return { ...ACCEPT, override: { type: 'local_policy', comment: 'policies are not enforced here' } }
  if (policy === 'quarantine' && !settings.holdQuarantined) return { ...ACCEPT, disposition: 'quarantine' }
  if (policy === 'quarantine')
    return {
      ...ACCEPT,
      action: 'quarantine',
      reply: `quarantined by DMARC policy for ${policyDomain}`,
      disposition: 'quarantine',
    }
  const text = fillPercent(settings.rejectString, policyDomain)
  return { ...ACCEPT, action: 'reject', reply: `550 5.7.1 ${text}`, disposition: 'reject' }
}

function deferred({ fromDomain }: DmarcAnswer, settings: MessageSettings): Decision {
  if (settings.temperror === 'accept') return ACCEPT
  const reply = `451 4.7.1 cannot evaluate the DMARC policy of ${fromDomain} now, try again later`
  return { ...ACCEPT, action: 'tempfail', reply }
}

/** Which of several answers counts: the strictest policy of those that fail (RFC 9989 11.5), then what is least sure. */
export function strictest(answers: readonly DmarcAnswer[]): DmarcAnswer | null {
  return answers.reduce<DmarcAnswer | null>(
    (worst, answer) => (worst === null || severity(answer) > severity(worst) ? answer : worst),
    null,
  )
}

function severity({ result, policy }: DmarcAnswer): number {
  if (result === 'fail') return { reject: 7, quarantine: 6, none: 4 }[policy]
  return { temperror: 5, permerror: 3, none: 2, pass: 1 }[result]
}
