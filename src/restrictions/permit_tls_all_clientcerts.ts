import { checkClientCert } from '../engine/client_cert.ts'
import { restriction } from '../engine/restriction.ts'

/** Lets clients in by certificate of any trusted issuer. */
export const permit_tls_all_clientcerts = restriction({
  name: 'permit_tls_all_clientcerts',
  needs: 'client',
  local: true,
  params: ['relay_clientcerts', 'smtpd_tls_ask_ccert'],
  doc: `Permit the request when the client certificate verifies under smtpd_tls_CAfile or smtpd_tls_CApath, or is listed in relay_clientcerts. Use only with a private certificate authority.`,
  check: c => checkClientCert(c, { name: 'permit_tls_all_clientcerts', anyTrusted: true }),
})
