import { restriction } from '../engine/restriction.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses a bounce for several recipients: a real bounce has exactly one. */
export const reject_multi_recipient_bounce = restriction({
  name: 'reject_multi_recipient_bounce',
  needs: 'moment',
  params: ['multi_recipient_bounce_reject_code'],
  doc: `Reject the request when the envelope sender is null and the message has more than one recipient, with
    multi_recipient_bounce_reject_code (default: 550). Reliable at the DATA stage only.`,
  check({ facts, config, subject }) {
    const limit = facts.where === 'RCPT' ? 0 : 1
    if (facts.sender !== '' || facts.recipientCount <= limit) return DUNNO
    const text = `<${subject.name}>: ${subject.class} rejected: Multi-recipient bounce`
    return reject(config.multi_recipient_bounce_reject_code, '5.3', text)
  },
})
