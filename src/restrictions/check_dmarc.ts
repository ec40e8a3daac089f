import { restriction } from '../engine/restriction.ts'
import type { StatusDetail } from '../model/reply.ts'
import { DUNNO, reject, type Verdict } from '../model/verdict.ts'

/** What SPF, DKIM, ARC and DMARC (RFC 9989) found out about the whole message decides. It was found out before this list is walked. */
export const check_dmarc = restriction({
  name: 'check_dmarc',
  own: true,
  needs: 'moment',
  params: ['postern_dmarc_conf', 'postern_dmarc_reject_failures'],
  doc: `Refuse mail that fails DMARC and whose domain asks for that, "550 5.7.1 rejected by DMARC policy for DOMAIN"; mark or hold
    it where the domain asks for quarantine. In smtpd_end_of_data_restrictions only, where it has every message verified: SPF,
    DKIM signatures, the ARC chain. What came of it is told in an Authentication-Results header. What is refused, and what is
    excepted, is for the postern_dmarc_ parameters or an opendmarc.conf to say.`,
  check({ facts, ask, subject }) {
    const { message } = facts
    if (message === undefined && facts.where !== 'END-OF-MESSAGE') {
      ask.warnOnce(
        'check_dmarc does nothing here: the message comes later, write it into smtpd_end_of_data_restrictions',
      )
      return DUNNO
    }
    // Null: it could not be verified, which the log says.
    if (message === undefined || message === null || message.action === 'accept') return DUNNO
    if (message.action === 'quarantine') {
      const origin = {
        table: 'check_dmarc',
        key: message.auth.dmarc.fromDomain,
        name: subject.name,
        class: subject.class,
      }
      return { kind: 'action', action: 'HOLD', text: message.reply, ...origin }
    }
    return refusal(message.reply)
  },
})

/** "550 5.7.1 text", "451 4.7.1 text". */
function refusal(reply: string): Verdict {
  const [, code = '451', subject = '7', detail = '1', text = reply] =
    /^(\d{3}) \d\.(\d+)\.(\d+) ([\s\S]*)$/.exec(reply) ?? []
  const status: StatusDetail = `${Number(subject)}.${Number(detail)}`
  return reject(Number(code), status, text)
}
