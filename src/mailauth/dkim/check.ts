/** Whether one signature verifies, once everything for it is there (RFC 6376 6.1). */
import { createHash, verify } from 'node:crypto'
import type { DkimResult } from '../../model/mail_auth.ts'
import type { BodyHash } from './body_hash.ts'
import { canonicalFields, cutValue, type Field, type HeaderBlock } from './header_block.ts'
import type { KeyAnswer } from './key_lookup.ts'
import type { KeyRecord, PublicKey } from './key_record.ts'
import type { Signature, SignedBy } from './signature.ts'

export interface Verdict {
  readonly result: DkimResult
  /** Null for a pass. */
  readonly problem: string | null
  readonly keyBits: number | null
  readonly testing: boolean
}

export interface KeyLimits {
  readonly minKeyBits: number
  readonly maxKeyBits: number
}

export interface SignatureCheck {
  readonly signature: Signature
  /** The field that holds it. */
  readonly field: Field
  readonly header: HeaderBlock
  readonly body: BodyHash
  readonly keys: KeyAnswer
  readonly limits: KeyLimits
  /** Seconds since 1970. */
  readonly now: number
}

/** Clocks differ: RFC 6376 3.5 x= allows for some. OpenDKIM: ClockDrift. Seconds. */
const CLOCK_DRIFT = 300

/** DKIM-Signature or ARC-Message-Signature. */
export function checkSignature({ signature, field, header, body, keys, limits, now }: SignatureCheck): Verdict {
  const { expires, bodyLength, bodyHash, identityDomain, domain } = signature
  // Without its key nothing is known of a signature: temperror comes before any failure.
  if (keys.status === 'found' && expires !== null && now - CLOCK_DRIFT > expires) return refused('fail', 'expired')
  const data = (): Buffer => {
    const bare = cutValue(field, signature.cutFrom, signature.cutTo)
    return canonicalFields(header.select(signature.names, field), bare, signature.headerForm)
  }
  const verdict = checkWithKeys(keys, signature, { limits, isSubdomain: identityDomain !== domain, data })
  if (verdict.result !== 'pass') return verdict
  if (bodyLength !== null && bodyLength > body.length)
    return { ...verdict, result: 'neutral', problem: 'l= is longer than the body' }
  // RFC 6376 8.2: what was added below is not signed, and MIME can make it the only thing that is seen.
  if (bodyLength !== null && bodyLength < body.length) {
    const problem = `l= leaves ${body.length - bodyLength} of ${body.length} bytes of the body unsigned`
    return { ...verdict, result: 'policy', problem }
  }
  if (!bodyHash.equals(body.sha256)) return { ...verdict, result: 'fail', problem: 'body hash does not match' }
  return verdict
}

export interface KeyUse {
  readonly limits: KeyLimits
  /** i= is below d=, which a key with t=s does not allow (RFC 6376 3.6.1). */
  readonly isSubdomain: boolean
  /** What was signed, asked for when there is a key for it. */
  readonly data: () => Buffer
}

/** Looks for a key among those found that has made the signature. */
export function checkWithKeys(keys: KeyAnswer, by: SignedBy, use: KeyUse): Verdict {
  if (keys.status === 'failed') return refused('temperror', keys.reason)
  if (keys.status === 'absent') return refused('permerror', 'no key')
  let first: Verdict | null = null
  let isFit = false
  let data: Buffer | null = null
  for (const record of keys.records) {
    const refusal = refuseKey(record, by, use)
    if (refusal !== null) {
      first ??= refusal
      continue
    }
    if (record.kind !== 'key') continue
    data ??= use.data()
    const about = { keyBits: record.bits, testing: record.testing }
    if (isMadeBy(record, data, by.signature)) return { result: 'pass', problem: null, ...about }
    // A key that could have been the one tells more than one that could not.
    if (!isFit) first = { result: 'fail', problem: 'signature does not match the header', ...about }
    isFit = true
  }
  return first ?? refused('permerror', 'no key')
}

/** Null: the key may be tried. */
function refuseKey(record: KeyRecord, by: SignedBy, { limits, isSubdomain }: KeyUse): Verdict | null {
  if (record.kind === 'unusable') return refused('permerror', record.problem)
  const { bits, testing } = record
  const problem = keyProblem(record, by, isSubdomain)
  if (problem !== null) return { result: 'permerror', problem, keyBits: bits, testing }
  if (bits === null) return null
  // RFC 8301 3.2
  if (bits < limits.minKeyBits)
    return { result: 'policy', problem: `key of ${bits} bits is too short`, keyBits: bits, testing }
  if (bits > limits.maxKeyBits)
    return { result: 'policy', problem: `key of ${bits} bits is too long`, keyBits: bits, testing }
  return null
}

/** RFC 6376 6.1.2 */
function keyProblem(key: PublicKey, by: SignedBy, isSubdomain: boolean): string | null {
  if (key.type !== by.keyType) return `key is for ${key.type}`
  if (!key.allowsSha256) return 'key is not for SHA-256'
  if (!key.allowsMail) return 'key is not for mail'
  return key.exactDomain && isSubdomain ? 'key is not for subdomains (t=s)' : null
}

function isMadeBy({ type, key }: PublicKey, data: Buffer, signature: Buffer): boolean {
  try {
    if (type === 'rsa') return verify('sha256', data, key, signature)
    // RFC 8463 3: the hash is what is signed.
    return verify(null, createHash('sha256').update(data).digest(), key, signature)
  } catch {
    // OpenSSL refuses numbers that make no key, such as an even modulus.
    return false
  }
}

function refused(result: DkimResult, problem: string): Verdict {
  return { result, problem, keyBits: null, testing: false }
}
