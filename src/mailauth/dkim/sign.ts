/** DKIM signing (RFC 6376 5, RFC 8463). */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { type BodyHasher, makeBodyHasher } from './body_hash.ts'
import { type Canonicalization, canonicalFields, HeaderBlock, readField } from './header_block.ts'

/** A private key, and under which name its public half is published. */
export interface SigningKey {
  readonly domain: string
  readonly selector: string
  readonly key: KeyObject
}

export interface SignOptions {
  readonly by: SigningKey
  readonly headerForm: Canonicalization
  readonly bodyForm: Canonicalization
  /** t=, seconds since 1970; null: none. */
  readonly time: number | null
  /** x=, seconds since 1970; null: never. */
  readonly expires: number | null
  /** i=; null: none. */
  readonly identity: string | null
  /** h=, as it is to be; null: what RFC 6376 5.4.1 recommends of what there is, and From once more than it is there. */
  readonly names: readonly string[] | null
}

/** Signs one message that streams by; keeps no more of it than the header. */
export interface DkimSigner {
  /** "Name: value" with its folded lines, CRLF between them, none at the end. */
  header(field: Uint8Array): void
  /** The next piece of the body, of any size. */
  body(chunk: Uint8Array): void
  /** "DKIM-Signature: …", folded with CRLF and a tab, to be put above the header. Once. */
  end(): string
}

/** RFC 8301 3.2: who verifies takes keys of these sizes; shorter ones never count. */
const MIN_RSA_BITS = 1024
const MAX_RSA_BITS = 4096

/** Throws for what is no PEM of an RSA or Ed25519 key, or one of a size that nobody need accept. */
export function readSigningKey(from: { domain: string; selector: string; pem: string }): SigningKey {
  const key = parsePem(from.pem)
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ed25519')
    throw new SyntaxError(`expected a key for RSA or Ed25519, not ${key.asymmetricKeyType}`)
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (bits !== undefined && (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS))
    throw new SyntaxError(`expected an RSA key of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, not of ${bits}`)
  return { domain: from.domain, selector: from.selector, key }
}

/** OpenSSL's own words ("unsupported") tell nobody what he has got. */
function parsePem(pem: string): KeyObject {
  const [, kind = ''] = /-----BEGIN ([^-\n]+)-----/.exec(pem) ?? []
  if (!kind.endsWith('PRIVATE KEY')) {
    const found = kind === '' ? 'no PEM' : `a ${kind.toLowerCase()}`
    throw new SyntaxError(`expected "-----BEGIN PRIVATE KEY-----", found ${found}`)
  }
  if (kind.startsWith('ENCRYPTED') || /^Proc-Type: .*ENCRYPTED/m.test(pem))
    throw new SyntaxError('expected a key without a passphrase')
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw new SyntaxError(`it is damaged (${error instanceof Error ? error.message : String(error)})`)
  }
}

export function makeDkimSigner(options: SignOptions): DkimSigner {
  // What was let in is signed whole: the caller has limited it.
  const header = new HeaderBlock(Number.POSITIVE_INFINITY)
  const body = makeBodyHasher(options.bodyForm)
  return {
    header: field => header.add(field),
    body: chunk => body.update(chunk),
    end: () => signatureField(header, body, options),
  }
}

/** Signs a message that is there whole. */
export function signDkim(
  message: { readonly fields: readonly Uint8Array[]; readonly body: Uint8Array },
  options: SignOptions,
): string {
  const signer = makeDkimSigner(options)
  for (const field of message.fields) signer.header(field)
  signer.body(message.body)
  return signer.end()
}

function signatureField(header: HeaderBlock, body: BodyHasher, options: SignOptions): string {
  const { by, headerForm, bodyForm, time, expires, identity } = options
  const names = options.names ?? recommendedNames(header)
  const tags = [
    'v=1',
    `a=${algorithmOf(by.key)}`,
    `c=${headerForm}/${bodyForm}`,
    `d=${by.domain}`,
    `s=${by.selector}`,
    ...(identity === null ? [] : [`i=${quotedPrintable(identity)}`]),
    ...(time === null ? [] : [`t=${time}`]),
    ...(expires === null ? [] : [`x=${expires}`]),
    foldList('h=', names),
    `bh=${body.end().sha256.toString('base64')}`,
  ]
  const field = foldTags('DKIM-Signature', tags)
  const signed = canonicalFields(
    header.select(
      names.map(name => name.toLowerCase()),
      null,
    ),
    readField(Buffer.from(field)),
    headerForm,
  )
  return field + foldBase64(makeSignature(signed, by.key))
}

/** RFC 6376 5.4.1; in this order, as many of each as there are. */
const RECOMMENDED = [
  'Reply-To',
  'Subject',
  'Date',
  'To',
  'Cc',
  'Message-ID',
  'In-Reply-To',
  'References',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'Resent-Date',
  'Resent-From',
  'Resent-To',
  'Resent-Cc',
  'List-Id',
  'List-Help',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'List-Subscribe',
  'List-Post',
  'List-Owner',
  'List-Archive',
]

/** From once more than there is, so that no other can be added (RFC 6376 8.15). */
export function recommendedNames(header: HeaderBlock, more: readonly string[] = []): readonly string[] {
  const present = [...RECOMMENDED, ...more].flatMap(name => header.named(name.toLowerCase()).map(() => name))
  return [...header.named('from').map(() => 'From'), 'From', ...present]
}

export function algorithmOf(key: KeyObject): 'rsa-sha256' | 'ed25519-sha256' {
  return key.asymmetricKeyType === 'rsa' ? 'rsa-sha256' : 'ed25519-sha256'
}

export function makeSignature(data: Buffer, key: KeyObject): string {
  const signature =
    key.asymmetricKeyType === 'rsa'
      ? sign('sha256', data, key)
      : // RFC 8463 3: the hash is what is signed.
        sign(null, createHash('sha256').update(data).digest(), key)
  return signature.toString('base64')
}

/** Columns, as RFC 5322 2.1.1 recommends. */
const WIDTH = 76

/** "Name: tag; tag; …; b=" on lines of WIDTH where the tags allow it. */
export function foldTags(name: string, tags: readonly string[]): string {
  let text = `${name}:`
  let column = text.length
  for (const tag of tags) {
    const [first = ''] = tag.split('\r\n')
    const last = tag.slice(tag.lastIndexOf('\n') + 1)
    if (column + first.length + 2 > WIDTH) {
      text += '\r\n\t'
      column = 8
    } else {
      text += ' '
      column++
    }
    text += `${tag};`
    column = last === tag ? column + tag.length + 1 : 8 + last.length
  }
  return `${text}\r\n\tb=`
}

export function foldList(tag: string, names: readonly string[]): string {
  let text = tag
  let column = 8 + tag.length
  for (const [index, name] of names.entries()) {
    const item = index === names.length - 1 ? name : `${name}:`
    if (column + item.length > WIDTH) {
      text += '\r\n\t '
      column = 9
    }
    text += item
    column += item.length
  }
  return text
}

export function foldBase64(text: string): string {
  return (text.match(/.{1,66}/g) ?? []).join('\r\n\t ')
}

/** RFC 6376 2.11 */
function quotedPrintable(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\x21-\x3a\x3c\x3e-\x7e]/g, char => `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
