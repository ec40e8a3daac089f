import { ACCESS_PARAMS } from '../engine/access_check.ts'
import { checkCertAccess } from '../engine/client_cert.ts'
import { restriction } from '../engine/restriction.ts'

/** Judges the client certificate. */
export const check_ccert_access = restriction({
  name: 'check_ccert_access',
  needs: 'client',
  argument: 'table',
  params: [...ACCESS_PARAMS, 'smtpd_tls_ask_ccert'],
  doc: `Search the access(5) table for the fingerprint of the client certificate and of its public key (smtpd_tls_fingerprint_digest), and do what the entry says. { type:name { search_order = cert_fingerprint, pubkey_fingerprint } } sets the order.`,
  check: checkCertAccess,
})
