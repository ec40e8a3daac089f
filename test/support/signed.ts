/** Signatures with any tags a test wants, sound or not. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { makeBodyHasher } from '../../src/mailauth/dkim/body_hash.ts'
import { type Canonicalization, canonicalFields, HeaderBlock, readField } from '../../src/mailauth/dkim/header_block.ts'
import type { Message } from './messages.ts'

export interface TestKey {
  readonly key: KeyObject
  readonly pem: string
  /** p= */
  readonly base64: string
  /** "v=DKIM1; k=…; p=…" */
  readonly record: string
}

export function makeRsaKey(bits = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return testKey(privateKey, 'rsa', publicKey.export({ type: 'spki', format: 'der' }))
}

export function makeEd25519Key(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  // RFC 8463 4.2: the bare 32 bytes.
  return testKey(privateKey, 'ed25519', publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
}

function testKey(key: KeyObject, type: string, publicBytes: Buffer): TestKey {
  const base64 = publicBytes.toString('base64')
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { key, pem, base64, record: `v=DKIM1; k=${type}; p=${base64}` }
}

/** Null takes a tag out. bh= and b= are made unless they are given. */
export type Tags = Readonly<Record<string, string | null>>

const DEFAULTS: Tags = {
  v: '1',
  a: 'rsa-sha256',
  c: 'relaxed/relaxed',
  d: 'example.org',
  s: 'sel',
  h: 'from:to:subject',
}

/** The message with a DKIM-Signature on top. */
export function signedWith(message: Message, key: TestKey, changes: Tags = {}): Message {
  const tags = { ...DEFAULTS, ...changes }
  const [headerForm, bodyForm = 'simple'] = (tags['c'] ?? 'simple/simple').split('/').map(formOf)
  const hasher = makeBodyHasher(bodyForm)
  hasher.update(message.body)
  const { sha256 } = hasher.end()
  const bare = { bh: sha256.toString('base64'), ...tags }
  const text = `DKIM-Signature: ${Object.entries(bare)
    .filter(([name, value]) => value !== null && name !== 'b')
    .map(([name, value]) => `${name}=${value}; `)
    .join('')}`
  if (tags['b'] === null) return withField(message, text)
  const header = new HeaderBlock(1 << 20)
  for (const field of message.fields) header.add(field)
  const names = (tags['h'] ?? 'from').split(':').map(name => name.trim().toLowerCase())
  const data = canonicalFields(
    header.select(names, null),
    readField(Buffer.from(`${text}b=`, 'latin1')),
    headerForm ?? 'simple',
  )
  return withField(message, `${text}b=${tags['b'] ?? signatureOf(data, key)}`)
}

export function withField(message: Message, ...fields: readonly string[]): Message {
  return { ...message, fields: [...fields.map(field => Buffer.from(field, 'latin1')), ...message.fields] }
}

function signatureOf(data: Buffer, { key }: TestKey): string {
  if (key.asymmetricKeyType === 'rsa') return sign('sha256', data, key).toString('base64')
  return sign(null, createHash('sha256').update(data).digest(), key).toString('base64')
}

function formOf(word: string): Canonicalization {
  return word.trim().toLowerCase() === 'relaxed' ? 'relaxed' : 'simple'
}
