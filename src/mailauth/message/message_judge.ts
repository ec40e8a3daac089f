/**
 * Joins SPF, DKIM, ARC and DMARC for one message that streams by. Every question is asked as soon as it can be: SPF when the
 * envelope is known, the policy and the keys when the header is complete. So the time that this adds is that of the longest chain of
 * lookups, and most of it passes while the body comes.
 */
import type { Resolver } from '../../dns/resolver.ts'
import type {
  ArcAnswer,
  AuthEnvelope,
  DkimAnswer,
  DmarcAnswer,
  MessageAuth,
  MessageJudge,
  MessageVerdict,
  SignatureAnswer,
} from '../../model/mail_auth.ts'
import type { SpfAnswer, SpfQuestion } from '../../model/spf.ts'
import type { SignatureVerifier, SignatureVerifiers } from '../dkim/types.ts'
import { type Dmarc, makeDmarc, noDmarc } from '../dmarc/dmarc.ts'
import { type Decision, decide, decideByHeader, MAX_AUTHOR_DOMAINS, strictest } from './decide.ts'
import { type HeaderFacts, HeaderScan } from './header_facts.ts'
import { isIgnored } from './ignored.ts'
import { opendkimLines, opendmarcLines, spfLine } from './log_lines.ts'
import { authResultsHeader, receivedSpfHeader } from './results.ts'
import type { MessageSettings } from './settings.ts'
import { trustedIdentifiers } from './trusted_results.ts'

/** What the judges of all messages share. */
export interface MessageJudgeDeps {
  readonly settings: MessageSettings
  readonly resolver: Resolver
  /** RFC 7208 check_host(); never rejects. */
  spf(question: SpfQuestion): Promise<SpfAnswer>
  readonly signatures: SignatureVerifiers
  /** For DMARC-Filter: "Postern v0.1.0 mx.example.org". */
  readonly software: string
  /** A fault of ours: the message passes unjudged. */
  fault(error: unknown): void
}

const NO_ARC: ArcAnswer = { result: 'none', sets: [], oldestPass: 0, problem: null }

/** A judge for one message. */
export function makeMessageJudge(deps: MessageJudgeDeps): MessageJudge {
  return new StreamingJudge(deps)
}

class StreamingJudge implements MessageJudge {
  readonly #deps: MessageJudgeDeps
  readonly #scan: HeaderScan
  readonly #dmarc: Dmarc
  #verifier: SignatureVerifier | null = null
  #header: HeaderFacts | null = null
  /** Mail that nobody wants looked at is not. */
  #isIgnored = false
  #isFaulty = false
  readonly #spf = new Map<string, Promise<SpfAnswer>>()

  constructor(deps: MessageJudgeDeps) {
    this.#deps = deps
    this.#scan = new HeaderScan(deps.settings)
    this.#dmarc = makeDmarc({ resolver: deps.resolver, method: deps.settings.method })
  }

  start(envelope: AuthEnvelope): void {
    this.#guard(() => {
      this.#isIgnored = isIgnored(envelope, this.#deps.settings)
      if (!this.#isIgnored) void this.#askSpf(envelope)
    })
  }

  header(field: Uint8Array): void {
    // Whatever fails elsewhere: what is forged is to be known.
    this.#scanField(field)
    this.#guard(() => {
      if (this.#isIgnored) return
      this.#verifier ??= this.#deps.signatures.open()
      this.#verifier.header(field)
    })
  }

  body(chunk: Uint8Array): void {
    this.#guard(() => {
      this.#completeHeader()
      if (!this.#isIgnored) this.#verifier?.body(chunk)
    })
  }

  async end(envelope: AuthEnvelope): Promise<MessageVerdict> {
    const remove = this.removals()
    try {
      if (this.#isFaulty || isIgnored(envelope, this.#deps.settings)) return unjudged(remove)
      return { ...(await this.#judge(envelope, this.#completeHeader())), remove }
    } catch (error) {
      this.#deps.fault(error)
      return unjudged(remove)
    }
  }

  /** RFC 8601 5: forged results go whether or not there are others. */
  removals(): MessageVerdict['remove'] {
    return this.#scan.forged.map(nth => ({ name: 'Authentication-Results', nth }))
  }

  #scanField(field: Uint8Array): void {
    try {
      this.#scan.add(field)
    } catch (error) {
      if (!this.#isFaulty) this.#deps.fault(error)
      this.#isFaulty = true
    }
  }

  /** The first moment at which the authors are known. */
  #completeHeader(): HeaderFacts {
    if (this.#header !== null) return this.#header
    this.#header = this.#scan.facts()
    if (!this.#isIgnored) for (const domain of this.#authors(this.#header)) this.#dmarc.lookAhead(domain)
    return this.#header
  }

  #authors({ from }: HeaderFacts): readonly string[] {
    return from.domains.slice(0, MAX_AUTHOR_DOMAINS).filter(domain => !this.#deps.settings.ignoreMailFrom.has(domain))
  }

  async #judge(envelope: AuthEnvelope, header: HeaderFacts): Promise<Omit<MessageVerdict, 'remove'>> {
    const { settings } = this.#deps
    const [spf, signatures] = await Promise.all([this.#askSpf(envelope), this.#verifier?.end() ?? NO_SIGNATURES])
    const { dkim, arc } = signatures
    const authors = this.#authors(header)
    const found = trustedIdentifiers(header.trusted, envelope, settings)
    const identifiers = { spf: found.spf ?? spf, dkim: [...dkim, ...found.dkim] }
    const answers = await Promise.all(authors.map(domain => this.#dmarc.evaluate(domain, identifiers)))
    const dmarc =
      strictest(answers) ?? noDmarc(header.from.domains.length > 0 ? 'none' : 'permerror', '', header.from.problem)
    const decision =
      decideByHeader(header, settings) ??
      (answers.length === 0 ? ignoring(header) : decide({ header, dmarc, arc, envelope }, settings))
    return this.#verdict({ envelope, decision, spf, dkim, arc, dmarc })
  }

  #verdict(said: Said): Omit<MessageVerdict, 'remove'> {
    const { envelope, decision, spf, dkim, arc, dmarc } = said
    const { settings } = this.#deps
    const { override, disposition, action, reply } = decision
    const auth: MessageAuth = { spf: { helo: null, mailfrom: spf }, dkim, arc, dmarc, override, disposition }
    const texts = [...(spf === null ? [] : [spfLine(spf, envelope)]), ...decision.log]
    const log = settings.log ? [...opendkimLines(dkim), ...opendmarcLines(texts)] : []
    return { action, reply, insert: this.#inserted(auth, envelope), log, auth }
  }

  #inserted(auth: MessageAuth, envelope: AuthEnvelope): readonly string[] {
    const { settings, software } = this.#deps
    const { spf, disposition } = auth
    const jobId = envelope.queueId ?? 'unknown'
    const authservId = settings.authservIdWithJobId ? `${settings.authservId}/${jobId}` : settings.authservId
    const teller = { authservId, envelope }
    const isMarked = disposition === 'quarantine' && settings.quarantineHeader !== ''
    return [
      authResultsHeader(auth, teller),
      ...(settings.receivedSpf && spf.mailfrom !== null ? [receivedSpfHeader(spf.mailfrom, teller)] : []),
      ...(isMarked ? [settings.quarantineHeader] : []),
      ...(settings.softwareHeader ? [`DMARC-Filter: ${software} ${jobId}`] : []),
    ]
  }

  /** RFC 7208 2.4: the null sender is the HELO name's postmaster. Null: SPF is not checked here. */
  #askSpf({ clientAddress, helo, sender }: AuthEnvelope): Promise<SpfAnswer | null> {
    if (!this.#deps.settings.spfSelfValidate) return Promise.resolve(null)
    const key = JSON.stringify([clientAddress, helo, sender])
    const asked = this.#spf.get(key) ?? this.#deps.spf({ identity: 'mailfrom', address: clientAddress, helo, sender })
    this.#spf.set(key, asked)
    return asked
  }

  /** Whatever is wrong with us, the message goes on. */
  #guard(run: () => void): void {
    if (this.#isFaulty) return
    try {
      run()
    } catch (error) {
      this.#isFaulty = true
      this.#deps.fault(error)
    }
  }
}

interface Said {
  readonly envelope: AuthEnvelope
  readonly decision: Decision
  readonly spf: SpfAnswer | null
  readonly dkim: readonly DkimAnswer[]
  readonly arc: ArcAnswer
  readonly dmarc: DmarcAnswer
}

const NO_SIGNATURES: SignatureAnswer = { dkim: [], arc: NO_ARC }

function ignoring({ from }: HeaderFacts): Decision {
  const log = [`ignoring mail from ${from.domains.join(', ')}`]
  return { action: 'accept', reply: '', disposition: 'none', override: null, log }
}

/** Accepted, and nothing said about it. */
function unjudged(remove: MessageVerdict['remove']): MessageVerdict {
  const auth: MessageAuth = {
    spf: { helo: null, mailfrom: null },
    dkim: [],
    arc: NO_ARC,
    dmarc: noDmarc('none', '', null),
    override: null,
    disposition: 'none',
  }
  return { action: 'accept', reply: '', insert: [], remove, log: [], auth }
}
