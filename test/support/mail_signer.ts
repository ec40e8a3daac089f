import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/**
 * Signs messages as RFC 6376 and RFC 8617 say, relaxed/relaxed, and knows nothing of the code under test. A message is text with CRLF.
 */
export interface SigningKey {
  readonly domain: string
  readonly selector: string
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256'
  readonly privateKey: KeyObject
  /** What stands at SELECTOR._domainkey.DOMAIN. */
  readonly record: string
}

export interface ArcSealing {
  readonly key: SigningKey
  readonly instance: number
  /** "none" for the first, then "pass" or "fail". */
  readonly cv: string
  /** After "i=N; ": "mx.example; dmarc=pass header.from=a.example". */
  readonly authResults: string
}

const SIGNED = ['From', 'To', 'Subject', 'Date', 'Message-ID']

export function makeSigningKey(
  domain: string,
  selector: string,
  { bits = 2048, algorithm = 'rsa-sha256' }: { bits?: number; algorithm?: SigningKey['algorithm'] } = {},
): SigningKey {
  if (algorithm === 'ed25519-sha256') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
    return { domain, selector, algorithm, privateKey, record: `v=DKIM1; k=ed25519; p=${raw.toString('base64')}` }
  }
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
  return {
    domain,
    selector,
    algorithm,
    privateKey: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    record,
  }
}

/** The message with a DKIM-Signature on top. `tags`: more of them, such as "t=1; ". */
export function dkimSign(message: string, key: SigningKey, tags = ''): string {
  const names = SIGNED.filter(name => valuesOf(message, name).length > 0)
  const start = `DKIM-Signature: v=1; a=${key.algorithm}; c=relaxed/relaxed; d=${key.domain}; s=${key.selector}; ${tags}h=${names.join(':')}; bh=${bodyHash(message)}; b=`
  const text = [...names.map(name => relaxed(name, valuesOf(message, name).at(-1) ?? '')), relaxedField(start)].join(
    '\r\n',
  )
  return `${start}${signature(text, key)}\r\n${message}`
}

/** The message with one ARC set more on top (RFC 8617 5.1). */
export function arcSeal(message: string, { key, instance, cv, authResults }: ArcSealing): string {
  const results = `ARC-Authentication-Results: i=${instance}; ${authResults}`
  const names = SIGNED.filter(name => valuesOf(message, name).length > 0)
  const start = `ARC-Message-Signature: i=${instance}; a=${key.algorithm}; c=relaxed/relaxed; d=${key.domain}; s=${key.selector}; h=${names.join(':')}; bh=${bodyHash(message)}; b=`
  const signed = [...names.map(name => relaxed(name, valuesOf(message, name).at(-1) ?? '')), relaxedField(start)].join(
    '\r\n',
  )
  const messageSignature = `${start}${signature(signed, key)}`
  const sealStart = `ARC-Seal: i=${instance}; a=${key.algorithm}; d=${key.domain}; s=${key.selector}; cv=${cv}; b=`
  const sets = [...earlierSets(message, instance), [results, messageSignature, sealStart]]
  const sealed = sets.flat().map(relaxedField).join('\r\n')
  return `${sealStart}${signature(sealed, key)}\r\n${messageSignature}\r\n${results}\r\n${message}`
}

function earlierSets(message: string, instance: number): readonly (readonly string[])[] {
  return Array.from({ length: instance - 1 }, (_, index) =>
    ['ARC-Authentication-Results', 'ARC-Message-Signature', 'ARC-Seal'].map(name => {
      const value = valuesOf(message, name).find(text => new RegExp(`^\\s*i=${index + 1};`).test(text))
      return `${name}:${value ?? ''}`
    }),
  )
}

function signature(text: string, { algorithm, privateKey }: SigningKey): string {
  // RFC 8463 3: ed25519 signs the hash.
  if (algorithm === 'ed25519-sha256')
    return sign(null, createHash('sha256').update(text, 'latin1').digest(), privateKey).toString('base64')
  return sign('sha256', Buffer.from(text, 'latin1'), privateKey).toString('base64')
}

/** The values of all fields of a name, topmost first. */
function valuesOf(message: string, name: string): readonly string[] {
  const header = message.slice(0, message.indexOf('\r\n\r\n') + 2)
  return [...header.matchAll(new RegExp(`^${name}:((?:[^\\r]|\\r\\n[ \\t])*)\\r\\n`, 'gim'))].map(
    match => match[1] ?? '',
  )
}

function relaxedField(field: string): string {
  const colon = field.indexOf(':')
  return relaxed(field.slice(0, colon), field.slice(colon + 1))
}

/** RFC 6376 3.4.2 */
function relaxed(name: string, value: string): string {
  return `${name.trim().toLowerCase()}:${value
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()}`
}

/** RFC 6376 3.4.4 */
function bodyHash(message: string): string {
  const body = message.slice(message.indexOf('\r\n\r\n') + 4)
  const lines = body.split('\r\n').map(line => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (lines.at(-1) === '') lines.pop()
  const text = lines.map(line => `${line}\r\n`).join('')
  return createHash('sha256').update(text, 'latin1').digest('base64')
}
