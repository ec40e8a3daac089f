import { DUNNO, PERMIT, SERVER_ERROR, type Verdict } from '../model/verdict.ts'
import { splitWords } from '../util/words.ts'
import { listFault } from './access.ts'
import { type ACCESS_PARAMS, accessQuery, checkKey } from './access_check.ts'
import type { Check } from './restriction.ts'

type CertCheck = Check<'relay_clientcerts' | 'smtpd_tls_ask_ccert'>

/** permit_tls_clientcerts and permit_tls_all_clientcerts. Postfix: permit_tls_clientcerts. */
export async function checkClientCert(c: CertCheck, how: { name: string; anyTrusted: boolean }): Promise<Verdict> {
  const { tls } = c.facts
  if (tls === null) return DUNNO
  const cert = tls.clientCert
  if (cert === null) {
    if (!c.config.smtpd_tls_ask_ccert) c.ask.warn(`${how.name} is requested, but "smtpd_tls_ask_ccert = no"`)
    return DUNNO
  }
  if (cert.trusted && how.anyTrusted) return PERMIT
  const prints = [cert.certFingerprint, cert.publicKeyFingerprint]
  for (const print of prints) {
    const listed = await c.ask.mapsKey('relay_clientcerts', print)
    if (listed.status === 'found') return PERMIT
    if (listed.status === 'failed') {
      c.ask.warn(`relay_clientcerts: lookup error for fingerprint '${prints[0]}', pkey fingerprint ${prints[1]}`)
      return listFault(listed.reason)
    }
  }
  return DUNNO
}

const SEARCH_WORDS: Readonly<Record<string, 'certFingerprint' | 'publicKeyFingerprint'>> = {
  cert_fingerprint: 'certFingerprint',
  pubkey_fingerprint: 'publicKeyFingerprint',
}

/** check_ccert_access. Postfix: check_ccert_access. */
export async function checkCertAccess(
  c: Check<(typeof ACCESS_PARAMS)[number] | 'smtpd_tls_ask_ccert'>,
): Promise<Verdict> {
  const cert = c.facts.tls?.clientCert ?? null
  if (cert === null) {
    if (!c.config.smtpd_tls_ask_ccert) c.ask.warn('check_ccert_access is requested, but "smtpd_tls_ask_ccert = no"')
    return DUNNO
  }
  const query = accessQuery(c, { name: cert.subjectCommonName, class: 'Client certificate' })
  for (const word of searchOrder(c.argument)) {
    const part = Object.hasOwn(SEARCH_WORDS, word) ? SEARCH_WORDS[word] : undefined
    if (part === undefined) {
      c.ask.warn(`check_ccert_access: unexpected action '${word}' in '${c.argument}'`)
      return SERVER_ERROR
    }
    const verdict = await checkKey(query, cert[part])
    if (verdict.kind !== 'dunno') return verdict
  }
  return DUNNO
}

/** The words of `{ type:name { search_order = … } }`; without it certificate first, then key. */
function searchOrder(argument: string): readonly string[] {
  const order = /\{\s*search_order\s*=\s*([^{}]*)\}/.exec(argument)?.[1]
  return order === undefined ? ['cert_fingerprint', 'pubkey_fingerprint'] : splitWords(order)
}
