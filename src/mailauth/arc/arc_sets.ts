/** The ARC Sets of a header (RFC 8617 4.2, 5.2 steps 1 to 3). */
import type { ArcSet } from '../../model/mail_auth.ts'
import { type Field, type HeaderBlock, valueText } from '../dkim/header_block.ts'
import { parseSignature, parseSignedBy, readClaims, type Signature, type SignedBy } from '../dkim/signature.ts'
import { parseTagList } from '../dkim/tag_list.ts'

/** One set that is complete and well formed. */
export interface SealedSet {
  readonly shown: ArcSet
  readonly results: Field
  readonly messageSignature: Field
  readonly seal: Field
  readonly signature: Signature
  readonly sealedBy: SignedBy
}

export type FoundSets =
  | { readonly kind: 'none' }
  /** `shown`: as far as they can be read. */
  | { readonly kind: 'broken'; readonly shown: readonly ArcSet[]; readonly problem: string }
  /** From instance 1 on, without a gap. */
  | { readonly kind: 'sets'; readonly sets: readonly SealedSet[] }

/** RFC 8617 4.2.1 */
export const MAX_SETS = 50

export const RESULTS = 'arc-authentication-results'
export const MESSAGE_SIGNATURE = 'arc-message-signature'
export const SEAL = 'arc-seal'

/** RFC 8617 4.1.1: comments are allowed wherever white space is. */
const RESULTS_INSTANCE =
  /^(?:[ \t\r\n]|\([^()\\]*\))*i(?:[ \t\r\n]|\([^()\\]*\))*=(?:[ \t\r\n]|\([^()\\]*\))*([0-9]{1,2})(?:[ \t\r\n]|\([^()\\]*\))*;/

/** Nobody writes longer comments there; a hundred thousand characters of them take 10 ms. */
const MAX_BEFORE_RESULTS = 1000

/** Thrown inside this file only. */
class Broken extends SyntaxError {}

export function findSets(header: HeaderBlock): FoundSets {
  const seals = header.named(SEAL)
  const signatures = header.named(MESSAGE_SIGNATURE)
  const results = header.named(RESULTS)
  if (seals.length === 0 && signatures.length === 0 && results.length === 0) return { kind: 'none' }
  const shown: ArcSet[] = []
  try {
    if (Math.max(seals.length, signatures.length, results.length) > MAX_SETS) throw new Broken('more than 50 sets')
    const byInstance = {
      seals: numbered(seals, sealInstance, 'ARC-Seal'),
      signatures: numbered(signatures, sealInstance, 'ARC-Message-Signature'),
      results: numbered(results, resultsInstance, 'ARC-Authentication-Results'),
    }
    const count = seals.length
    if (signatures.length !== count || results.length !== count) throw new Broken('incomplete set')
    const sets: SealedSet[] = []
    for (let instance = 1; instance <= count; instance++) {
      const seal = byInstance.seals.get(instance)
      const signature = byInstance.signatures.get(instance)
      const result = byInstance.results.get(instance)
      if (seal === undefined || signature === undefined || result === undefined)
        throw new Broken(`no complete set ${instance}`)
      sets.push(readSet({ instance, seal, signature, result, shown }))
    }
    checkChainValidation(shown)
    return { kind: 'sets', sets }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { kind: 'broken', shown, problem: error.message }
  }
}

function numbered(
  fields: readonly Field[],
  read: (field: Field) => number | null,
  name: string,
): ReadonlyMap<number, Field> {
  const byInstance = new Map<number, Field>()
  for (const field of fields) {
    const instance = read(field)
    if (instance === null || instance < 1 || instance > MAX_SETS) throw new Broken(`${name} without a sound i=`)
    if (byInstance.has(instance)) throw new Broken(`two ${name} with i=${instance}`)
    byInstance.set(instance, field)
  }
  return byInstance
}

function sealInstance(field: Field): number | null {
  const { tags } = parseTagList(valueText(field))
  const value = tags.get('i')?.value ?? ''
  return /^[0-9]{1,2}$/.test(value) ? Number(value) : null
}

function resultsInstance(field: Field): number | null {
  const match = RESULTS_INSTANCE.exec(valueText(field).slice(0, MAX_BEFORE_RESULTS))
  return match === null ? null : Number(match[1])
}

/** Of all fields, whatever is wrong with the chain; 0: none has one. */
export function highestInstance(header: HeaderBlock): number {
  const instances = [
    ...[...header.named(SEAL), ...header.named(MESSAGE_SIGNATURE)].map(sealInstance),
    ...header.named(RESULTS).map(resultsInstance),
  ]
  return instances.reduce<number>((highest, instance) => Math.max(highest, instance ?? 0), 0)
}

interface Parts {
  readonly instance: number
  readonly seal: Field
  readonly signature: Field
  readonly result: Field
  readonly shown: ArcSet[]
}

function readSet({ instance, seal, signature, result, shown }: Parts): SealedSet {
  const { tags, problem } = parseTagList(valueText(seal))
  const { domain, selector } = readClaims(tags, 'arc')
  const chainValidation = (tags.get('cv')?.value ?? '').toLowerCase()
  const set: ArcSet = {
    instance,
    domain,
    selector,
    chainValidation: word(chainValidation),
    authResults: payload(result),
  }
  shown.push(set)
  if (problem !== null) throw new Broken(`ARC-Seal ${instance}: ${problem}`)
  // RFC 8617 4.1.3: what a seal covers is fixed, so that it must not say it.
  if (tags.has('h')) throw new Broken(`ARC-Seal ${instance} with h=`)
  const sealedBy = parseSignedBy(tags)
  if (typeof sealedBy === 'string') throw new Broken(`ARC-Seal ${instance}: ${sealedBy}`)
  const parsed = parseSignature(valueText(signature), 'arc')
  if (parsed.kind === 'refused') throw new Broken(`ARC-Message-Signature ${instance}: ${parsed.refusal.problem}`)
  // RFC 8617 4.1.2
  if (parsed.signature.names.includes(SEAL)) throw new Broken(`ARC-Message-Signature ${instance} signs ARC-Seal`)
  return { shown: set, results: result, messageSignature: signature, seal, signature: parsed.signature, sealedBy }
}

/** RFC 8617 5.2 steps 1 and 3 C. */
function checkChainValidation(sets: readonly ArcSet[]): void {
  if (sets.at(-1)?.chainValidation === 'fail') throw new Broken('sealed as failed (cv=fail)')
  for (const { instance, chainValidation } of sets)
    if (chainValidation !== (instance === 1 ? 'none' : 'pass'))
      throw new Broken(`ARC-Seal ${instance} with cv=${chainValidation}`)
}

function word(text: string): string {
  return /^[a-z0-9-]{1,20}$/.test(text) ? text : ''
}

/** Unfolded, in UTF-8, without what is no text. */
function payload(field: Field): string {
  const text = valueText(field).replace(RESULTS_INSTANCE, '').replace(/\r\n/g, '')
  return Buffer.from(text, 'latin1')
    .toString('utf8')
    .replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '')
    .trim()
}
