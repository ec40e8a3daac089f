/** The message of a mail that `postern explain` plays: as a client would send it, and what is found out about it. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import { describeDns, describeSpf } from '../engine/describe_answer.ts'
import type { AuthEnvelope, MessageAuth, MessageJudge, MessageVerdict } from '../model/mail_auth.ts'
import type { SpfAnswer, SpfQuestion } from '../model/spf.ts'
import type { TraceQuestion } from '../model/trace.ts'
import type { MessageJudging } from '../smtp/doors.ts'
import { formatProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { errnoText } from '../util/errno_text.ts'
import { CommandError, NEGATIVE } from './exit_status.ts'
import { openSealing } from './forwarding.ts'
import type { DecisionParts } from './gateway.ts'
import { openMessageJudges } from './message_judges.ts'
import { messageJudging } from './message_judging.ts'
import type { Terminal } from './terminal.ts'
import { questionLines } from './trace_text.ts'

/** What DATA is to carry, line ends CRLF, dots stuffed, without the final dot. "-" is standard input. */
export function readMessage(path: string): Buffer {
  try {
    return asSent(readFileSync(path === '-' ? 0 : path))
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${errnoText(error)}`, NEGATIVE)
  }
}

function asSent(bytes: Buffer): Buffer {
  const text = bytes
    .toString('latin1')
    // A mailbox file begins each mail so; it is no header field.
    .replace(/^From .*\r?\n/, '')
    .replace(/\r?\n/g, '\r\n')
    .replace(/^\./gm, '..')
  return Buffer.from(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1')
}

/** Why nothing judged the message. */
export type Unjudged = 'no message' | 'nobody asks' | 'not reached'

/** What the judge of messages said, and what was asked for it. */
export interface FoundOut {
  readonly verdict: MessageVerdict
  readonly questions: readonly TraceQuestion[]
  /** It is that of the milter: no list of the gateway asks for one. */
  readonly isOfMilter: boolean
}

/** The judge of messages of a configuration, that writes down what it said. */
export class NotedJudging {
  readonly judging: MessageJudging | null
  readonly #questions: TraceQuestion[] = []
  readonly #isOfMilter: boolean
  #verdict: MessageVerdict | null = null

  /** CommandError where it cannot work. */
  constructor(
    config: Config,
    parts: Pick<DecisionParts, 'decision' | 'dnsLists'>,
    { clock, warn, isAuthenticated }: { clock: Clock; warn(text: string): unknown; isAuthenticated: boolean },
  ) {
    const timed = makeTimed(clock, question => this.#questions.push(question))
    const judges = openMessageJudges(config, {
      resolver: notedResolver(parts.dnsLists.resolver, timed),
      clock,
      spf: question => notedSpf(question, parts.decision.spfPolicy.spf.check(question), timed),
      warn: problem => warn(formatProblem(problem)),
    })
    const sealing = openSealing(config, { clock, fault: error => warn(`no ARC seal: ${String(error)}`) })
    if ('problem' in sealing) throw new CommandError(sealing.problem, NEGATIVE)
    const open = (): MessageJudge => this.#noting(sealing.seal?.(judges.open()) ?? judges.open(), isAuthenticated)
    const own = messageJudging(config, open)
    // Behind the milter a Postfix asks, and there is no list of ours.
    this.#isOfMilter = own === null && config.postern_milter_listen.length > 0
    this.judging = this.#isOfMilter ? { openMessage: open, asMilter: true } : own
  }

  found(): FoundOut | Unjudged {
    if (this.judging === null) return 'nobody asks'
    if (this.#verdict === null) return 'not reached'
    return { verdict: this.#verdict, questions: this.#questions, isOfMilter: this.#isOfMilter }
  }

  /** A login is told, not played. */
  #noting(judge: MessageJudge, isAuthenticated: boolean): MessageJudge {
    const told = (envelope: AuthEnvelope): AuthEnvelope =>
      isAuthenticated ? { ...envelope, authenticated: true } : envelope
    return {
      start: envelope => judge.start?.(told(envelope)),
      header: field => judge.header(field),
      body: chunk => judge.body(chunk),
      removals: () => judge.removals?.() ?? [],
      end: async envelope => {
        this.#verdict = await judge.end(told(envelope))
        return this.#verdict
      },
    }
  }
}

interface Told<T> {
  readonly door: string
  readonly question: (answer: T) => string
  readonly said: (answer: T) => string
}
type Timed = <T>(told: Told<T>, asked: Promise<T>) => Promise<T>

function makeTimed(clock: Clock, note: (question: TraceQuestion) => void): Timed {
  const start = clock.monotonic()
  return async ({ door, question, said }, asked) => {
    const atMs = clock.monotonic() - start
    const answer = await asked
    note({ door, question: question(answer), answer: said(answer), atMs, tookMs: clock.monotonic() - start - atMs })
    return answer
  }
}

function notedResolver(resolver: Resolver, timed: Timed): Resolver {
  return {
    query: (name, type) =>
      timed({ door: 'dns', question: () => `${type} ${name}`, said: describeDns }, resolver.query(name, type)),
  }
}

function notedSpf({ identity }: SpfQuestion, asked: Promise<SpfAnswer>, timed: Timed): Promise<SpfAnswer> {
  return timed({ door: 'spf', question: ({ domain }) => `${identity} ${domain}`, said: describeSpf }, asked)
}

const WHY_NOT: Readonly<Record<Unjudged, string>> = {
  'no message': 'the message was not judged, because there is none: say --message FILE for DKIM, DMARC and ARC of it',
  'nobody asks':
    'the message was not judged: neither check_dmarc in smtpd_end_of_data_restrictions nor postern_milter_listen asks for it',
  'not reached': 'the message was not judged: the mail did not come so far',
}

/** What was found out about the message, as text. */
export function messageLines(found: FoundOut | Unjudged, { style }: Terminal): readonly string[] {
  if (typeof found === 'string') return [style('yellow', WHY_NOT[found]), '']
  const { verdict, questions, isOfMilter } = found
  const { action, reply, insert, remove } = verdict
  return [
    style('cyan', isOfMilter ? 'the message, as the milter of postern_milter_listen judges it' : 'the message'),
    ...authLines(verdict.auth).map(line => `    ${line}`),
    style(action === 'accept' ? 'green' : 'red', `=> ${action}${reply === '' ? '' : `: ${reply}`}`),
    ...questionLines(questions, { indent: 8, style }),
    ...remove.map(({ name, nth }) => `    takes out ${name} number ${nth}: it claims to be ours`),
    ...insert.map(field => `    puts on top ${field.replace(/\r\n[ \t]+/g, ' ')}`),
    '',
  ]
}

function authLines({ spf, dkim, arc, dmarc, override, disposition }: MessageAuth): readonly string[] {
  const { mailfrom } = spf
  const because = (problem: string | null): string => (problem === null ? '' : `: ${problem}`)
  const aligned = (is: boolean): string => (is ? 'aligned' : 'not aligned')
  const policy = dmarc.record === null ? '' : `, policy ${dmarc.publishedPolicy} of ${dmarc.policyDomain}`
  const found = dmarc.record === null ? '' : ` (SPF ${aligned(dmarc.spfAligned)}, DKIM ${aligned(dmarc.dkimAligned)})`
  const instead = override === null ? '' : `; done: ${disposition}, because of ${override.type} ${override.comment}`
  return [
    `SPF    ${mailfrom === null ? 'not asked' : `${describeSpf(mailfrom)} for ${mailfrom.domain}`}`,
    ...(dkim.length === 0 ? ['DKIM   no signature'] : []),
    ...dkim.map(
      ({ result, domain, selector, problem }) => `DKIM   ${result} ${selector}._domainkey.${domain}${because(problem)}`,
    ),
    `ARC    ${arc.result}${because(arc.problem)}`,
    `DMARC  ${dmarc.result} for From: ${dmarc.fromDomain || '(no domain)'}${policy}${found}${because(dmarc.problem)}${instead}`,
  ]
}

/** The same as data. */
export function messageJson(found: FoundOut | Unjudged): unknown {
  if (typeof found === 'string') return { judged: false, because: WHY_NOT[found] }
  const { verdict, questions, isOfMilter } = found
  const { action, reply, insert, remove, auth } = verdict
  return { judged: true, by: isOfMilter ? 'milter' : 'gateway', action, reply, insert, remove, auth, questions }
}
