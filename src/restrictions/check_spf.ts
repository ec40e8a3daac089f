import { accessVerdict } from '../engine/access.ts'
import { restriction } from '../engine/restriction.ts'

/** SPF as policyd-spf 3.0.4 does it, in a list. RFC 7208; the settings are those of policyd-spf.conf(5). */
export const check_spf = restriction({
  name: 'check_spf',
  own: true,
  // It says "prepend" for the first recipient of a message only.
  needs: 'moment',
  ownTimeout: true,
  params: ['access_map_reject_code', 'access_map_defer_code'],
  doc: `Ask the SPF records (RFC 7208) of the HELO name and of the sender's domain whether this client may send for them, and
    tell the result in a Received-SPF or Authentication-Results header. What is refused beyond that is for
    postern_spf_helo_reject and postern_spf_mail_from_reject, or a policyd-spf.conf, to say; by default nothing is.`,
  // The HELO name as soon as it is known, and with it the sender once there is one.
  ahead: { needs: 'helo', ask: ({ ask }) => ask.spfAhead() },
  async check({ ask, subject, config }) {
    const { action, log } = await ask.spfPolicy()
    for (const line of log) ask.info(line, 'policyd-spf')
    return accessVerdict(action, { table: 'check_spf', key: 'SPF', subject }, { ask, config })
  },
})
