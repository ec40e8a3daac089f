/** Whether an Authenticated Received Chain holds (RFC 8617 5.2). */
import type { ArcAnswer, ArcSet } from '../../model/mail_auth.ts'
import type { BodyHash } from '../dkim/body_hash.ts'
import { checkSignature, checkWithKeys, type KeyLimits, type Verdict } from '../dkim/check.ts'
import { type Canonicalization, canonicalFields, cutValue, type HeaderBlock } from '../dkim/header_block.ts'
import type { KeyAnswer, KeyLookup } from '../dkim/key_lookup.ts'
import { nextTurn } from '../turn.ts'
import { findSets, type SealedSet } from './arc_sets.ts'

/** A chain whose keys are being asked for. */
export interface ArcCheck {
  /** Of the bodies that have to be hashed. */
  readonly bodyForms: readonly Canonicalization[]
  finish(end: ArcEnd): Promise<ArcAnswer>
}

export interface ArcEnd {
  readonly bodies: ReadonlyMap<Canonicalization, BodyHash>
  readonly limits: KeyLimits
  /** Seconds since 1970. */
  readonly now: number
}

interface SetWithKeys {
  readonly set: SealedSet
  readonly messageKeys: Promise<KeyAnswer>
  readonly sealKeys: Promise<KeyAnswer>
}

/** To be called when the header is complete. */
export function openArc(header: HeaderBlock, lookup: KeyLookup): ArcCheck | ArcAnswer {
  const found = findSets(header)
  if (found.kind === 'none') return { result: 'none', sets: [], oldestPass: 0, problem: null }
  if (found.kind === 'broken') return failed(found.shown, found.problem)
  if (header.isTooLarge) return failed([], 'header too long to be verified')
  const sets = found.sets.map(set => ({
    set,
    messageKeys: lookup.find(set.signature.selector, set.signature.domain),
    sealKeys: lookup.find(set.sealedBy.selector, set.sealedBy.domain),
  }))
  const bodyForms = [...new Set(found.sets.map(({ signature }) => signature.bodyForm))]
  return { bodyForms, finish: end => finish(header, sets, end) }
}

async function finish(header: HeaderBlock, sets: readonly SetWithKeys[], end: ArcEnd): Promise<ArcAnswer> {
  const shown = sets.map(({ set }) => set.shown)
  // Steps 4 and 5: the newest has to verify; how far back the older do tells who has changed the message last.
  let oldestPass = 0
  for (const { set, messageKeys } of sets.toReversed()) {
    if (set.shown.instance < sets.length) await nextTurn()
    const verdict = checkMessageSignature(header, set, { ...end, keys: await messageKeys })
    if (verdict.result === 'pass') continue
    const { instance } = set.shown
    if (instance === sets.length) return failed(shown, `ARC-Message-Signature ${instance}: ${verdict.problem}`)
    oldestPass = instance + 1
    break
  }
  // Step 6
  const sealed: Buffer[] = []
  for (const { set, sealKeys } of sets) {
    if (set.shown.instance > 1) await nextTurn()
    const verdict = checkSeal(sealed, set, { keys: await sealKeys, limits: end.limits })
    if (verdict.result !== 'pass') return failed(shown, `ARC-Seal ${set.shown.instance}: ${verdict.problem}`)
  }
  return { result: 'pass', sets: shown, oldestPass, problem: null }
}

function checkMessageSignature(
  header: HeaderBlock,
  { signature, messageSignature }: SealedSet,
  { bodies, ...rest }: ArcEnd & { readonly keys: KeyAnswer },
): Verdict {
  const body = bodies.get(signature.bodyForm)
  if (body === undefined) throw new Error(`no hash of the ${signature.bodyForm} body`)
  return checkSignature({ signature, field: messageSignature, header, body, ...rest })
}

/** RFC 8617 5.1.1: every set up to this one, relaxed. Adds its own canonical text to `sealed`, that of the sets before it. */
function checkSeal(
  sealed: Buffer[],
  { results, messageSignature, seal, sealedBy }: SealedSet,
  { keys, limits }: { readonly keys: KeyAnswer; readonly limits: KeyLimits },
): Verdict {
  const data = (): Buffer => {
    const bare = cutValue(seal, sealedBy.cutFrom, sealedBy.cutTo)
    return Buffer.concat([...sealed, canonicalFields([results, messageSignature], bare, 'relaxed')])
  }
  const verdict = checkWithKeys(keys, sealedBy, { limits, isSubdomain: false, data })
  sealed.push(canonicalFields([results, messageSignature, seal], null, 'relaxed'))
  return verdict
}

/** RFC 8617 5.2.1: all failures are permanent, those of the DNS included. */
function failed(sets: readonly ArcSet[], problem: string): ArcAnswer {
  return { result: 'fail', sets, oldestPass: 0, problem }
}
