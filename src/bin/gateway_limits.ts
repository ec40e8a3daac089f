/** What a gateway without a queue, and without Postfix's delivery agents behind it, does not do although main.cf asks for it. */
import type { Loaded } from '../config/config.ts'
import type { Place, Problem } from '../config/place.ts'
import { parseDestination } from '../hop/destination.ts'

const NOT_YET = 'Postern does not offer it yet'
const NEXT_HOP = 'accepted mail goes to postern_next_hop; do this there'

/** Parameters that Postern knows, and that have no effect in it. Told when they are set to something. */
const NO_EFFECT: ReadonlyMap<string, string> = new Map([
  ['content_filter', NEXT_HOP],
  ['smtpd_proxy_filter', NEXT_HOP],
  ['smtpd_milters', 'Postern calls no milters yet'],
  ['transport_maps', NEXT_HOP],
  ['sender_dependent_relayhost_maps', NEXT_HOP],
  ['always_bcc', NEXT_HOP],
  ['sender_bcc_maps', NEXT_HOP],
  ['recipient_bcc_maps', NEXT_HOP],
  ['postern_milter_listen', NOT_YET],
  ['postern_http_listen', NOT_YET],
])

/** One warning for each. */
export function findGatewayLimits(loaded: Loaded): readonly Problem[] {
  const warnings: Problem[] = []
  for (const [name, why] of NO_EFFECT) {
    const source = loaded.sources.get(name)
    if (source === undefined || source.kind === 'default' || loaded.settings.expandName(name) === '') continue
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
