import { checkClientCert } from '../engine/client_cert.ts'
import { restriction } from '../engine/restriction.ts'

/** Lets clients in by certificate. */
export const permit_tls_clientcerts = restriction({
  name: 'permit_tls_clientcerts',
  needs: 'client',
  local: true,
  params: ['relay_clientcerts', 'smtpd_tls_ask_ccert'],
  doc: `Permit the request when the fingerprint of the client certificate or of its public key is listed in relay_clientcerts.`,
  check: c => checkClientCert(c, { name: 'permit_tls_clientcerts', anyTrusted: false }),
})
