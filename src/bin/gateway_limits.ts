/** What a gateway without a queue, and without Postfix's delivery agents behind it, does not do although main.cf asks for it. */
import type { Loaded } from '../config/config.ts'
import type { Place, Problem } from '../config/place.ts'
import { parseDestination } from '../hop/destination.ts'
import { isOwnMilter } from './message_judging.ts'

const NOT_YET = 'Postern does not offer it yet'
const NEXT_HOP = 'accepted mail goes to postern_next_hop; do this there'
const CLEANUP = 'the Postfix behind postern_next_hop can do it, where cleanup(8) is; set it there'
const CIPHERS = "the ciphers are those of Node's OpenSSL"
const AUTHORITIES = 'the authorities are those of Node; add some with the environment variable NODE_EXTRA_CA_CERTS'
const LOCAL_ADDRESS = 'the system chooses the address'
const NO_MILTERS = 'Postern calls no milters but its own, the one of postern_milter_listen'

/** Parameters that Postern knows, and that have no effect in it. Told when they are set to something. */
export const NO_EFFECT: ReadonlyMap<string, string> = new Map([
  ['content_filter', NEXT_HOP],
  ['smtpd_proxy_filter', `${NEXT_HOP}, or name the filter as postern_next_hop`],
  ['transport_maps', NEXT_HOP],
  ['relocated_maps', NEXT_HOP],
  ['sender_dependent_relayhost_maps', NEXT_HOP],
  ['sender_dependent_default_transport_maps', NEXT_HOP],
  ['always_bcc', CLEANUP],
  ['sender_bcc_maps', CLEANUP],
  ['recipient_bcc_maps', CLEANUP],
  ['always_add_missing_headers', CLEANUP],
  ['undisclosed_recipients_header', CLEANUP],
  ['smtpd_milters', NO_MILTERS],
  ['smtpd_milter_maps', NO_MILTERS],
  ['smtpd_dns_reply_filter', 'name servers are believed as they are'],
  ['smtpd_authorized_verp_clients', 'XVERP is not offered'],
  ['smtpd_tls_ciphers', CIPHERS],
  ['smtpd_tls_mandatory_ciphers', CIPHERS],
  ['smtpd_tls_exclude_ciphers', CIPHERS],
  ['smtpd_tls_mandatory_exclude_ciphers', CIPHERS],
  ['smtpd_tls_ccert_verifydepth', 'a chain may be as long as OpenSSL allows'],
  ['smtpd_tls_dcert_file', 'DSA certificates are out of use'],
  ['tls_server_sni_maps', 'every name gets the same certificate'],
  ['smtp_tls_CAfile', AUTHORITIES],
  ['smtp_tls_CApath', AUTHORITIES],
  ['smtp_bind_address', LOCAL_ADDRESS],
  ['smtp_bind_address6', LOCAL_ADDRESS],
  ['maillog_file', 'postern_log says where log lines go'],
  ['postern_http_listen', NOT_YET],
])

/** One warning for each. */
export function findGatewayLimits(loaded: Loaded): readonly Problem[] {
  const warnings: Problem[] = []
  for (const [name, why] of NO_EFFECT) {
    const source = loaded.sources.get(name)
    if (source === undefined || source.kind === 'default' || loaded.settings.expandName(name) === '') continue
    if (name === 'smtpd_milters' && loaded.config.smtpd_milters.every(each => isOwnMilter(each, loaded.config)))
      continue
    warnings.push({ place: source.place, text: `${name} has no effect: ${why}` })
  }
  return warnings
}

/** HOLD in the text of a table or of a list of checks. */
export function findHolds(text: string, file: string): readonly Problem[] {
  const warnings: Problem[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^(?![ \t]*#).*?[ \t]HOLD\b/.exec(line)
    if (match === null) continue
    const place: Place = { file, line: index + 1, column: match[0].length - 'HOLD'.length + 1 }
    const remedy = 'it is answered 451 unless postern_hold_hop names a place for it'
    warnings.push({ place, text: `HOLD needs a queue, which Postern does not have: ${remedy}` })
  }
  return warnings
}

/** FILTER with a service of master.cf, in the text of a table or of a list of checks. */
export function findFilters(text: string, file: string): readonly Problem[] {
  const warnings: Problem[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^(?![ \t]*#)(.*?[ \t])FILTER[ \t]+([^\s:]+:\S*)/.exec(line)
    const parsed = parseDestination(match?.[2] ?? 'discard:')
    if (match === null || parsed.ok) continue
    const place: Place = { file, line: index + 1, column: (match[1] ?? '').length + 1 }
    warnings.push({ place, text: `FILTER is answered 451: ${parsed.problem}` })
  }
  return warnings
}
