import { accessVerdict } from '../engine/access.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Greylisting as Postgrey 1.37 does it, in a list. RFC 6647. */
export const check_greylist = restriction({
  name: 'check_greylist',
  own: true,
  // It remembers the attempt, which only a walk that gets here may do.
  needs: 'moment',
  params: ['access_map_reject_code', 'access_map_defer_code'],
  doc: `Defer mail of an unknown client network, sender and recipient until it is tried again after postern_greylist_delay,
    as Postgrey does; see the parameters postern_greylist_…. Put it behind reject_unauth_destination and whatever refuses
    mail for good. A memory that does not answer delays nobody.`,
  async check({ ask, subject, config }) {
    const answer = await ask.greylist()
    if (answer.status === 'failed') {
      if (answer.warning !== null) ask.warn(`check_greylist: nobody is greylisted: ${answer.warning}`)
      return DUNNO
    }
    for (const line of answer.log) ask.info(line, 'postgrey')
    const action =
      answer.status === 'greylist' ? answer.action : answer.prepend === null ? null : `PREPEND ${answer.prepend}`
    if (action === null) return DUNNO
    return accessVerdict(action, { table: 'check_greylist', key: 'greylisting', subject }, { ask, config })
  },
})
