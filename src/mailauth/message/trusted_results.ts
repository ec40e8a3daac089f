import type { AuthEnvelope, DkimAnswer } from '../../model/mail_auth.ts'
import type { SpfAnswer } from '../../model/spf.ts'
import { type AuthResults, property } from '../auth_results/auth_results.ts'
import type { MessageSettings } from './settings.ts'

/** What hosts of ours in front of this one have found to pass. */
export interface TrustedIdentifiers {
  readonly spf: Pick<SpfAnswer, 'result' | 'domain'> | null
  readonly dkim: readonly Pick<DkimAnswer, 'result' | 'domain'>[]
}

/** OpenDMARC: SPF counts when it is about the envelope sender of this very message. */
export function trustedIdentifiers(
  trusted: readonly AuthResults[],
  { sender }: AuthEnvelope,
  { spfIgnoreResults }: MessageSettings,
): TrustedIdentifiers {
  const passed = trusted.flatMap(({ results }) => results.filter(({ result }) => result === 'pass'))
  const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
  const isSpf = passed.some(result => {
    const value = result.method === 'spf' ? property(result, 'smtp.mailfrom')?.toLowerCase() : undefined
    return domain !== '' && value !== undefined && value.slice(value.lastIndexOf('@') + 1) === domain
  })
  return {
    spf: isSpf && !spfIgnoreResults ? { result: 'pass', domain } : null,
    dkim: passed
      .filter(({ method }) => method === 'dkim')
      .map(result => ({ result: 'pass', domain: (property(result, 'header.d') ?? '').toLowerCase() })),
  }
}
