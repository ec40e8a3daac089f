import type { ArcAnswer, DkimAnswer, SignatureAnswer } from '../../model/mail_auth.ts'
import { type ArcCheck, openArc } from '../arc/chain.ts'
import { nextTurn } from '../turn.ts'
import { type BodyHash, type BodyHasher, makeBodyHasher } from './body_hash.ts'
import { checkSignature, type Verdict } from './check.ts'
import { chooseSignatures, type FoundSignature } from './choose.ts'
import { type Canonicalization, type Field, HeaderBlock } from './header_block.ts'
import { type KeyAnswer, KeyLookup } from './key_lookup.ts'
import { KeyRecords } from './key_record.ts'
import type { Claims, Signature } from './signature.ts'
import type { SignatureLimits, SignatureOptions, SignatureVerifier, SignatureVerifiers } from './types.ts'

/** RFC 8301 3.2 for the keys; the others are far above what mail has. */
export const signatureDefaults: SignatureLimits = {
  maxSignatures: 10,
  minKeyBits: 1024,
  maxKeyBits: 4096,
  maxHeaderBytes: 256 * 1024,
  timeLimit: 20,
}

export function makeSignatureVerifiers(options: SignatureOptions): SignatureVerifiers {
  const records = new KeyRecords()
  return { open: () => new MessageVerifier(options, records) }
}

/** Signatures of a message that are verified in one go: one takes up to 2 ms, with four keys of 4096 bits and a header of 256 KB. */
const UNINTERRUPTED = 2

/** A signature on its way: to be verified with its key, or answered already. */
type Pending =
  | { readonly claims: Claims; readonly answer: Verdict }
  | {
      readonly claims: Claims
      readonly field: Field
      readonly signature: Signature
      readonly keys: Promise<KeyAnswer>
    }

interface Started {
  readonly signatures: readonly Pending[]
  readonly arc: ArcCheck | ArcAnswer
}

class MessageVerifier implements SignatureVerifier {
  readonly #options: SignatureOptions
  readonly #header: HeaderBlock
  readonly #lookup: KeyLookup
  readonly #hashers = new Map<Canonicalization, BodyHasher>()
  #started: Started | null = null

  constructor(options: SignatureOptions, records: KeyRecords) {
    const { resolver, clock, timeLimit, maxHeaderBytes } = options
    this.#options = options
    this.#header = new HeaderBlock(maxHeaderBytes)
    this.#lookup = new KeyLookup({ resolver, clock, records, timeLimit })
  }

  header(field: Uint8Array): void {
    this.#header.add(field)
  }

  body(chunk: Uint8Array): void {
    this.#started ??= this.#start()
    for (const hasher of this.#hashers.values()) hasher.update(chunk)
  }

  async end(): Promise<SignatureAnswer> {
    this.#started ??= this.#start()
    const { signatures, arc } = this.#started
    const bodies = new Map<Canonicalization, BodyHash>()
    for (const [form, hasher] of this.#hashers) bodies.set(form, hasher.end())
    const dkim: DkimAnswer[] = []
    for (const pending of signatures) {
      if (dkim.length >= UNINTERRUPTED) await nextTurn()
      dkim.push(await this.#finish(pending, bodies))
    }
    const { minKeyBits, maxKeyBits, clock } = this.#options
    const limits = { minKeyBits, maxKeyBits }
    const arcAnswer = 'finish' in arc ? await arc.finish({ bodies, limits, now: clock.now() / 1000 }) : arc
    this.#lookup.end()
    return { dkim, arc: arcAnswer }
  }

  /** The header is complete: everything that is needed of body and DNS is known. */
  #start(): Started {
    const { maxSignatures } = this.#options
    const chosen = chooseSignatures(this.#header, maxSignatures)
    const signatures = chosen.signatures.map(found => this.#open(found))
    if (chosen.left !== null) {
      const problem = `only the first ${maxSignatures} signatures are verified, those of the author's domain before others`
      signatures.push({ claims: chosen.left.parsed.claims, answer: unverified(problem) })
    }
    const arc = openArc(this.#header, this.#lookup)
    if ('bodyForms' in arc) for (const form of arc.bodyForms) this.#hash(form)
    return { signatures, arc }
  }

  #open({ field, parsed }: FoundSignature): Pending {
    const { claims } = parsed
    if (parsed.kind === 'refused') return { claims, answer: { ...parsed.refusal, keyBits: null, testing: false } }
    if (this.#header.isTooLarge) return { claims, answer: unverified('header too long to be verified') }
    const { signature } = parsed
    this.#hash(signature.bodyForm)
    return { claims, field, signature, keys: this.#lookup.find(signature.selector, signature.domain) }
  }

  #hash(form: Canonicalization): void {
    if (!this.#hashers.has(form)) this.#hashers.set(form, makeBodyHasher(form))
  }

  async #finish(pending: Pending, bodies: ReadonlyMap<Canonicalization, BodyHash>): Promise<DkimAnswer> {
    if ('answer' in pending) return { ...pending.claims, ...pending.answer }
    const { claims, field, signature } = pending
    const keys = await pending.keys
    const body = bodies.get(signature.bodyForm)
    if (body === undefined) throw new Error(`no hash of the ${signature.bodyForm} body`)
    const { minKeyBits, maxKeyBits, clock } = this.#options
    const limits = { minKeyBits, maxKeyBits }
    const header = this.#header
    return { ...claims, ...checkSignature({ signature, field, header, body, keys, limits, now: clock.now() / 1000 }) }
  }
}

function unverified(problem: string): Verdict {
  return { result: 'policy', problem, keyBits: null, testing: false }
}
