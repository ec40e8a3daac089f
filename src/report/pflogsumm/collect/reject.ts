/** Lines of smtpd and postscreen that say "reject: RCPT from client[address]: 550 … reason; from=<…> to=<…> …". */
import type { CountOptions } from '../../options.ts'
import { count3, type Map3 } from './nested.ts'
import { domainOf, lower, mungSrs, mungVerp } from './rewrite.ts'

const REFUSAL = /^.* \b(?:reject(?:_warning)?|hold|discard): ([^ \t\n\v\f\r]+) from ([^ \t\n\v\f\r]+?): (.*)$/s
/** Reasons that say nothing by their first words: pattern, and what becomes of them. */
const FIXED_REASONS: readonly (readonly [RegExp, string])[] = [
  [/^.*?\d{3} (Message size exceeds fixed limit);.*$/s, '$1'],
  [/^.*?\d{3} (Server configuration (?:error|problem));.*$/s, '(Local) $1'],
]
const PIPELINING = /^.*?\d{3} (Improper use of SMTP command pipelining);.*$/s

/** Counts by stage, reason and whom it concerns, as pflogsumm finds these. */
export function countRefusal(counts: Map3, text: string, options: CountOptions): void {
  const parts = REFUSAL.exec(text)
  const [stage, client, rest] = [parts?.[1] ?? '', parts?.[2] ?? '', parts?.[3] ?? '']
  const reason = options.verboseDetail ? rest : shortReason(stage, rest)
  const { from, to } = addresses(rest, options)
  // The sender "0" is none for Perl.
  const sender = from === '0' ? '' : from
  const withAddresses = (name: string): string => {
    if (options.rejectAddTo) return `${name}  (${options.rejectAddFrom ? `${from} -` : ''}> ${to})`
    return options.rejectAddFrom ? `${name}  (${from})` : name
  }
  if (reason.startsWith('Sender address rejected:'))
    count3(counts, [stage, reason, options.rejectAddTo ? `${from} -> ${to}` : from])
  else if (/^(?:Recipient address rejected:|User unknown(?: |$))/.test(reason)) {
    const who = options.rejectAddFrom ? `${to}  (${sender === '' ? domainOf(client) : sender})` : to
    count3(counts, [stage, reason, who])
  } else if (PIPELINING.test(reason)) {
    const source = /^.+? from ([^ \t\n\v\f\r]+?):.*$/s.exec(text)?.[1] ?? ''
    count3(counts, [stage, reason.replace(PIPELINING, '$1'), source])
  } else {
    const fixed = FIXED_REASONS.find(([pattern]) => pattern.test(reason))
    const name = fixed === undefined ? reason : reason.replace(fixed[0], fixed[1])
    count3(counts, [stage, name, withAddresses(domainOf(client))])
  }
}

function shortReason(stage: string, rest: string): string {
  switch (stage) {
    case 'RCPT':
    case 'DATA':
    case 'CONNECT':
      return (
        rest
          // What stands in "<>" behind the code is the client's, and could be anything.
          .replace(/^(\d{3} <).*?(>:)/s, '$1$2')
          .replace(/^(?:\d{3} \d\.\d\.\d )(Protocol error);.*$/s, '$1')
          .replace(/^(?:.*?[:;] )(?:\[[^\]]+\] )?([^;,]+)[;,].*$/s, '$1')
          .replace(/^((?:Sender|Recipient) address rejected: [^:]+):.*$/s, '$1')
          .replace(/(?:client|Client host|Sender address) .+? blocked/s, 'blocked')
      )
    case 'MAIL':
      return rest.replace(/^\d{3} (?:<.+>: )?([^;:]+)[;:]?.*$/s, '$1')
    default:
      return rest.replace(/^(?:.*[:;] )?([^,]+).*$/s, '$1')
  }
}

/** "<>" where there is none; pflogsumm finds the recipient also where it is not closed, or named only in the reason. */
function addresses(rest: string, options: CountOptions): { readonly from: string; readonly to: string } {
  const to =
    /to=<([^>]+)>/.exec(rest)?.[1] ??
    /\d{3} <([^>]+)>: User unknown /.exec(rest)?.[1] ??
    /to=<(.*?)(?:[, ]|$)/s.exec(rest)?.[1] ??
    '<>'
  const named = mungVerp(/from=<([^>]+)>/.exec(rest)?.[1] ?? '<>', options.verpMung)
  const from = options.srsMung ? mungSrs(named) : named
  return options.ignoreCase ? { from: lower(from), to: lower(to) } : { from, to }
}
