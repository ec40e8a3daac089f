import { ACCESS_PARAMS, accessQuery, checkKey } from '../engine/access_check.ts'
import { restriction } from '../engine/restriction.ts'
import { DUNNO } from '../model/verdict.ts'

/** Judges the signed-in user. */
export const check_sasl_access = restriction({
  name: 'check_sasl_access',
  needs: 'client',
  argument: 'table',
  params: [...ACCESS_PARAMS, 'smtpd_sasl_auth_enable'],
  doc: `Search the access(5) table for the SASL login name, and do what the entry says.`,
  check(c) {
    if (!c.config.smtpd_sasl_auth_enable) {
      c.ask.warn("restriction `check_sasl_access' ignored: no SASL support")
      return DUNNO
    }
    const username = c.facts.sasl?.username ?? ''
    if (username === '') return DUNNO
    const shown = username.replace(/[\x00-\x1f\x7f]/g, '_')
    return checkKey(accessQuery(c, { name: shown, class: 'SASL login name' }), username)
  },
})
