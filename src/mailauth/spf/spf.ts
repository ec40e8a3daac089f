import type { Resolver } from '../../dns/resolver.ts'
import { toAscii } from '../../mail/idna.ts'
import type { SpfAnswer, SpfQuestion } from '../../model/spf.ts'
import type { Clock } from '../../util/clock.ts'
import { parseIp } from '../../util/ip.ts'
import { Evaluation } from './evaluation.ts'
import { expandExplanation, type MacroValues, parseMacros, usesLetter } from './macro.ts'
import { isLookupName, questionText } from './names.ts'
import { Records } from './records.ts'
import type { HostResult } from './verdict.ts'

export interface SpfOptions {
  readonly resolver: Resolver
  readonly clock: Clock
  /** Our own host name, for %{r}. */
  readonly receiver: string
  /** One check may take so long, seconds; RFC 7208 4.6.4 wants at least 20. */
  readonly timeLimit: number
  /** Terms whose question had no answer; RFC 7208 4.6.4 says 2. */
  readonly voidLimit: number
}

/** RFC 7208 check_host(). */
export interface Spf {
  /** Never rejects. */
  check(question: SpfQuestion): Promise<SpfAnswer>
}

const OVER: HostResult = { result: 'temperror', mechanism: null, problem: 'the time for this check is over' }

/** An SPF evaluator with its own memory of parsed records. */
export function makeSpf(options: SpfOptions): Spf {
  const records = new Records(options.resolver)
  return { check: question => check(question, options, records) }
}

async function check(question: SpfQuestion, options: SpfOptions, records: Records): Promise<SpfAnswer> {
  const { localPart, domain } = splitIdentity(question)
  const address = parseIp(question.address)
  // RFC 7208 4.3: a name that is none, a single label or an address literal has no record.
  if (address === null || !isLookupName(domain) || !domain.includes('.')) return answer(question, domain, NO_RECORD)
  const found = await records.find(domain)
  if (found.kind === 'none') return answer(question, domain, NO_RECORD)
  if (found.kind !== 'record')
    return answer(question, domain, { result: found.kind, mechanism: null, problem: found.problem })
  const values: MacroValues = {
    sender: `${localPart}@${domain}`,
    localPart,
    senderDomain: domain,
    domain,
    address,
    clientName: 'unknown',
    helo: question.helo,
    receiver: options.receiver === '' ? 'unknown' : options.receiver,
    now: options.clock.now() / 1000,
  }
  const { resolver, voidLimit } = options
  const evaluation = new Evaluation({ resolver, records, address, values, voidLimit })
  const said = await inTime(options, evaluation, async decided => {
    const host = await evaluation.run(found.record, domain)
    decided(host)
    return { host, explanation: host.result === 'fail' ? await explain(evaluation, resolver) : null }
  })
  return { ...answer(question, domain, said.host), explanation: said.explanation, record: found.record.text }
}

const NO_RECORD: HostResult = { result: 'none', mechanism: null, problem: null }

function answer(question: SpfQuestion, domain: string, host: HostResult): SpfAnswer {
  const { identity } = question
  return { ...host, identity, domain: host.result === 'none' && !domain.includes('.') ? '' : domain, explanation: null }
}

/** RFC 7208 2.3, 2.4, 4.3: postmaster stands for a missing local part; the null sender is postmaster of the HELO name. */
function splitIdentity({ identity, helo, sender }: SpfQuestion): { localPart: string; domain: string } {
  if (identity === 'helo' || sender === '') return { localPart: 'postmaster', domain: asciiDomain(helo) }
  const at = sender.lastIndexOf('@')
  return { localPart: at > 0 ? sender.slice(0, at) : 'postmaster', domain: asciiDomain(sender.slice(at + 1)) }
}

/** A-labels (RFC 7208 4.3, RFC 8616 4), without the trailing dot. */
function asciiDomain(domain: string): string {
  const bare = domain.endsWith('.') ? domain.slice(0, -1) : domain
  return /^[\x00-\x7f]*$/.test(bare) ? bare : toAscii(bare)
}

interface Said {
  readonly host: HostResult
  readonly explanation: string | null
}

/** RFC 7208 4.6.4: an overall time limit, whose passing is a temperror. A fail without its explanation is a fail. */
async function inTime(
  options: SpfOptions,
  evaluation: Evaluation,
  run: (decided: (host: HostResult) => void) => Promise<Said>,
): Promise<Said> {
  const over = Promise.withResolvers<Said>()
  let host = OVER
  const timer = options.clock.after(options.timeLimit * 1000, () => {
    evaluation.stop()
    over.resolve({ host, explanation: null })
  })
  const decided = (said: HostResult): void => {
    host = said
  }
  try {
    // What comes after the time limit, a failure included, is nobody's concern.
    return await Promise.race([run(decided), over.promise])
  } finally {
    timer.cancel()
  }
}

/** RFC 7208 6.2: the text that the domain gives for its fail. Whatever is wrong with it: there is none. */
async function explain(evaluation: Evaluation, resolver: Resolver): Promise<string | null> {
  const { decided } = evaluation
  const spec = decided?.record.exp
  if (decided === null || spec === null || spec === undefined) return null
  const target = await evaluation.target(spec, decided.domain)
  if (!isLookupName(target)) return null
  const found = await resolver.query(questionText(target), 'TXT')
  if (found.status !== 'found' || found.records.length !== 1) return null
  const [record] = found.records
  const text = record?.type === 'TXT' ? record.strings.join('') : ''
  if (text === '' || /[^\x20-\x7e]/.test(text)) return null
  const parsed = parseMacros(text, true)
  if (typeof parsed === 'string') return null
  const { pieces } = parsed
  if (usesLetter(pieces, 'sl') && !evaluation.localPartIsAscii) return null
  return expandExplanation(pieces, await evaluation.values(decided.domain, usesLetter(pieces, 'p')))
}
