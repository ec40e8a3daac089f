/** Sealing of messages that are passed on (RFC 8617 5.1). */
import type { ArcAnswer } from '../../model/mail_auth.ts'
import { type BodyHasher, makeBodyHasher } from '../dkim/body_hash.ts'
import { canonicalFields, type Field, HeaderBlock, readField } from '../dkim/header_block.ts'
import {
  algorithmOf,
  foldBase64,
  foldList,
  foldTags,
  makeSignature,
  recommendedNames,
  type SigningKey,
} from '../dkim/sign.ts'
import { findSets, highestInstance, MAX_SETS } from './arc_sets.ts'

export interface SealOptions {
  readonly by: SigningKey
  /** Seconds since 1970. */
  readonly time: number
}

/** Seals one message that streams by, as it is passed on; keeps no more of it than the header. */
export interface ArcSealer {
  /** "Name: value" with its folded lines, CRLF between them, none at the end; what is put in or taken out here included. */
  header(field: Uint8Array): void
  /** The next piece of the body, of any size. */
  body(chunk: Uint8Array): void
  /** The three fields to put above the header, the first topmost; none where no seal may be added. Once. */
  end(found: SealFound): readonly string[]
}

export interface SealFound {
  /** What the verifier found of the message as it came. */
  readonly chain: ArcAnswer
  /** The value of Authentication-Results (RFC 8601) from the authserv-id on; may be folded. */
  readonly authResults: string
}

export function makeArcSealer(options: SealOptions): ArcSealer {
  const header = new HeaderBlock(Number.POSITIVE_INFINITY)
  const body = makeBodyHasher('relaxed')
  return {
    header: field => header.add(field),
    body: chunk => body.update(chunk),
    end: found => sealFields({ header, body, options }, found),
  }
}

/** Seals a message that is there whole. */
export function sealArc(
  message: { readonly fields: readonly Uint8Array[]; readonly body: Uint8Array },
  options: SealOptions,
  found: SealFound,
): readonly string[] {
  const sealer = makeArcSealer(options)
  for (const field of message.fields) sealer.header(field)
  sealer.body(message.body)
  return sealer.end(found)
}

interface Sealing {
  readonly header: HeaderBlock
  readonly body: BodyHasher
  readonly options: SealOptions
}

function sealFields(sealing: Sealing, { chain, authResults }: SealFound): readonly string[] {
  const { header, options } = sealing
  const highest = highestInstance(header)
  const instance = highest + 1
  // RFC 8617 5.1 step 1, 5.1.2: a chain that was sealed as failed, or is full, is not added to.
  if (instance > MAX_SETS || chain.sets.at(-1)?.chainValidation === 'fail') return []
  const results = `ARC-Authentication-Results: i=${instance}; ${authResults}`
  const message = messageSignature(sealing, instance)
  const { by, time } = options
  const found = findSets(header)
  const holds = chain.result === 'pass' && found.kind === 'sets'
  const chainValidation = highest === 0 ? 'none' : holds ? 'pass' : 'fail'
  // RFC 8617 5.1.2: of a chain that fails, only the last set is sealed.
  const before = holds ? found.sets.flatMap(set => [set.results, set.messageSignature, set.seal]) : []
  const seal = foldTags('ARC-Seal', [
    `i=${instance}`,
    `a=${algorithmOf(by.key)}`,
    `t=${time}`,
    `cv=${chainValidation}`,
    `d=${by.domain}`,
    `s=${by.selector}`,
  ])
  const data = canonicalFields([...before, field(results), field(message)], field(seal), 'relaxed')
  return [seal + foldBase64(makeSignature(data, by.key)), message, results]
}

/** RFC 8617 4.1.2: as a DKIM signature, without v=, over no field of ARC. */
function messageSignature({ header, body, options: { by, time } }: Sealing, instance: number): string {
  const names = recommendedNames(header, ['DKIM-Signature'])
  const text = foldTags('ARC-Message-Signature', [
    `i=${instance}`,
    `a=${algorithmOf(by.key)}`,
    'c=relaxed/relaxed',
    `d=${by.domain}`,
    `s=${by.selector}`,
    `t=${time}`,
    foldList('h=', names),
    `bh=${body.end().sha256.toString('base64')}`,
  ])
  const selected = header.select(
    names.map(name => name.toLowerCase()),
    null,
  )
  return text + foldBase64(makeSignature(canonicalFields(selected, field(text), 'relaxed'), by.key))
}

function field(text: string): Field {
  return readField(Buffer.from(text))
}
