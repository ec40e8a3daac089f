/** Public keys in the DNS (RFC 6376 3.6.1, RFC 8463 4). */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { listItems, parseTagList, withoutBlanks } from './tag_list.ts'

export interface PublicKey {
  readonly kind: 'key'
  readonly type: 'rsa' | 'ed25519'
  readonly key: KeyObject
  /** Of the modulus; null: ed25519. */
  readonly bits: number | null
  /** t=y */
  readonly testing: boolean
  /** t=s: i= has to name d= itself. */
  readonly exactDomain: boolean
  /** Whether h= allows SHA-256. */
  readonly allowsSha256: boolean
  /** Whether s= allows mail. */
  readonly allowsMail: boolean
}

/** What one TXT record holds. */
export type KeyRecord = PublicKey | { readonly kind: 'unusable'; readonly problem: string }

/** RFC 6376 3.6.1 wants no more than a UDP answer holds; 8192 bits are 1,500 characters. */
const MAX_RECORD = 8192
/** 65537 in practice. A long exponent makes verifying as slow as signing, at the will of whoever publishes it. */
const MAX_EXPONENT = 2n ** 64n
/** Whatever the settings allow: larger ones are not even read. */
const MAX_BITS = 16384

/** DER of a SubjectPublicKeyInfo with an Ed25519 key, up to the 32 bytes of the key (RFC 8410 4). */
const ED25519_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const ED25519_BYTES = 32
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Reads the strings of one TXT record, joined (RFC 6376 3.6.2.2). */
export function parseKeyRecord(text: string): KeyRecord {
  if (text.length > MAX_RECORD) return unusable('key record too long')
  const { tags, problem } = parseTagList(text)
  if (problem !== null) return unusable(`key record: ${problem}`)
  const version = tags.get('v')
  // RFC 6376 3.6.1 v=: first, if at all, and exactly this.
  if (version !== undefined && (version.value !== 'DKIM1' || tags.keys().next().value !== 'v'))
    return unusable('key record: not of version DKIM1')
  const type = tags.get('k')?.value ?? 'rsa'
  if (type !== 'rsa' && type !== 'ed25519') return unusable('key record: unknown type of key')
  const data = tags.get('p')
  if (data === undefined) return unusable('key record without p=')
  const base64 = withoutBlanks(data.value)
  if (base64 === '') return unusable('key revoked')
  const key = BASE64.test(base64) ? readKey(type, Buffer.from(base64, 'base64')) : null
  if (key === null) return unusable('key record: p= is no key')
  const flags = listItems(tags.get('t')?.value ?? '')
  const hashes = tags.get('h')
  const services = listItems(tags.get('s')?.value ?? '*')
  return {
    kind: 'key',
    type,
    key,
    bits: key.asymmetricKeyDetails?.modulusLength ?? null,
    testing: flags.includes('y'),
    exactDomain: flags.includes('s'),
    allowsSha256: hashes === undefined || listItems(hashes.value).includes('sha256'),
    allowsMail: services.includes('*') || services.includes('email'),
  }
}

/** Null: it is none, or one that takes too long. */
function readKey(type: 'rsa' | 'ed25519', data: Buffer): KeyObject | null {
  if (type === 'ed25519') {
    if (data.length !== ED25519_BYTES) return null
    return readDer(Buffer.concat([ED25519_HEAD, data]), 'spki')
  }
  // RFC 6376 3.6.1 p= says RSAPublicKey, its own example and everybody publish SubjectPublicKeyInfo (erratum 3017).
  const key = readDer(data, 'spki') ?? readDer(data, 'pkcs1')
  if (key?.asymmetricKeyType !== 'rsa') return null
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  return modulusLength > MAX_BITS || publicExponent > MAX_EXPONENT || publicExponent < 3n ? null : key
}

function readDer(key: Buffer, type: 'spki' | 'pkcs1'): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'der', type })
  } catch {
    return null
  }
}

function unusable(problem: string): KeyRecord {
  return { kind: 'unusable', problem }
}

/** So many records that were read are kept: those of the senders of the hour. */
const MAX_KEPT = 2000

/** Records that were read before: reading a key costs as much as using it. */
export class KeyRecords {
  readonly #byText = new Map<string, KeyRecord>()

  read(text: string): KeyRecord {
    const kept = this.#byText.get(text)
    const record = kept ?? parseKeyRecord(text)
    if (text.length > MAX_RECORD) return record
    // The longest unused one is the first of the map.
    if (kept !== undefined) this.#byText.delete(text)
    else if (this.#byText.size >= MAX_KEPT) {
      const oldest = this.#byText.keys().next().value
      if (oldest !== undefined) this.#byText.delete(oldest)
    }
    this.#byText.set(text, record)
    return record
  }
}
