import type { Config } from './config.ts'
import { guardsRelaying } from './contradictions.ts'
import type { Place, Problem } from './place.ts'

interface Told {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What only shows when several parameters are seen together. `placeOf` gives the place of a parameter's value. */
export function crossChecks(config: Config, placeOf: (name: string) => Place): Told {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const problem = (name: string, text: string) => problems.push({ place: placeOf(name), text })
  const warning = (name: string, text: string) => warnings.push({ place: placeOf(name), text })

  // Postfix: both are fatal at start.
  if (/[, \t\r\n]/.test(config.myorigin)) {
    problem('myorigin', `cannot use "${config.myorigin}" for myorigin: expected a single value`)
  }
  if (config.relayhost !== '' && config.relayhost.toLowerCase() === config.myhostname.toLowerCase()) {
    problem('relayhost', `relayhost and myhostname must not be the same: "${config.relayhost}"`)
  }
  if (config.myorigin.startsWith('/')) problem('myorigin', `cannot read myorigin from ${config.myorigin}`)
  const guarded = [config.smtpd_relay_restrictions, config.smtpd_recipient_restrictions].some(words =>
    guardsRelaying(words, config.restriction_classes),
  )
  if (!guarded) {
    const remedy = 'add reject_unauth_destination, or defer_unauth_destination, where it is always reached'
    const level = ', or set compatibility_level = 3.6 for the default that has it'
    const hint = config.smtpd_relay_restrictions.length === 0 ? remedy + level : remedy
    problem(
      'smtpd_relay_restrictions',
      `anyone may relay mail to anywhere through smtpd_relay_restrictions and smtpd_recipient_restrictions: ${hint}`,
    )
  }
  if (config.smtpd_sasl_auth_enable && config.smtpd_sasl_type !== 'dovecot') {
    const remedy = 'set it to dovecot, and smtpd_sasl_path to the socket of Dovecot'
    warning(
      'smtpd_sasl_type',
      `smtpd_sasl_type "${config.smtpd_sasl_type}" is not offered, AUTH will not be either: ${remedy}`,
    )
  }
  const hasCertificate =
    config.smtpd_tls_chain_files.length > 0 || config.smtpd_tls_cert_file !== '' || config.smtpd_tls_eccert_file !== ''
  const wantsTls = config.smtpd_tls_security_level === 'may' || config.smtpd_tls_security_level === 'encrypt'
  if (wantsTls && !hasCertificate) {
    warning('smtpd_tls_security_level', 'TLS is switched on but there is no certificate: set smtpd_tls_chain_files')
  }
  return { problems, warnings }
}
