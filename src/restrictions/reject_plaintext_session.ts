import { restriction } from '../engine/restriction.ts'
import { DUNNO, reject } from '../model/verdict.ts'

/** Refuses clients that do not encrypt. */
export const reject_plaintext_session = restriction({
  name: 'reject_plaintext_session',
  needs: 'client',
  local: true,
  params: ['plaintext_reject_code'],
  doc: 'Reject the request when the connection is not encrypted, with plaintext_reject_code (default: 450).',
  check: ({ facts, config }) =>
    facts.tls === null ? reject(config.plaintext_reject_code, '7.1', 'Session encryption is required') : DUNNO,
})
