import type { ByteStream } from './byte_stream.ts'

/**
 * The PROXY protocol of haproxy, versions 1 and 2: a load balancer says in front of everything else who the client is.
 * It is written down in doc/proxy-protocol.txt of haproxy.
 */

/** Who connected to what, or `local`: the balancer itself (health checks), use the socket's addresses. */
export type ProxyHeader =
  | { readonly kind: 'proxied'; readonly client: ProxyEnd; readonly server: ProxyEnd }
  | { readonly kind: 'local' }

export interface ProxyEnd {
  readonly address: string
  readonly port: number
}

/** What the first bytes are: a header of that many bytes, too few bytes, or no header. */
export type ParsedProxy =
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'bad'; readonly reason: string }

const V1_START = Buffer.from('PROXY ')
/** haproxy: 107 bytes with CRLF is the longest that can be. */
const V1_LIMIT = 107
const V2_START = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
const V2_HEAD = 16
/** Addresses and TLVs; Postfix takes no more than 536 bytes either. */
const V2_LIMIT = 536

export function parseProxyHeader(bytes: Buffer): ParsedProxy {
  if (startsLike(bytes, V2_START)) return bytes.length < V2_HEAD ? { kind: 'incomplete' } : parseV2(bytes)
  if (startsLike(bytes, V1_START)) return parseV1(bytes)
  return bad('unexpected protocol header')
}

function bad(reason: string): ParsedProxy {
  return { kind: 'bad', reason }
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.subarray(0, length).equals(start.subarray(0, length))
}

function parseV1(bytes: Buffer): ParsedProxy {
  const end = bytes.indexOf('\r\n')
  if (end < 0) return bytes.length < V1_LIMIT ? { kind: 'incomplete' } : bad('missing protocol header terminator')
  if (end + 2 > V1_LIMIT) return bad('protocol header is too long')
  const [, family = '', from = '', to = '', fromPort = '', toPort = '', ...rest] = bytes
    .toString('latin1', 0, end)
    .split(' ')
  const length = end + 2
  if (family === 'UNKNOWN') return { kind: 'header', header: { kind: 'local' }, length }
  const isAddress = family === 'TCP4' ? isIpv4 : family === 'TCP6' ? isIpv6 : () => false
  if (rest.length > 0 || !isAddress(from) || !isAddress(to)) return bad('unexpected or bad address')
  if (!isPort(fromPort) || !isPort(toPort)) return bad('unexpected or bad port')
  const client = { address: from, port: Number(fromPort) }
  return { kind: 'header', header: { kind: 'proxied', client, server: { address: to, port: Number(toPort) } }, length }
}

function isIpv4(text: string): boolean {
  const octets = text.split('.')
  return octets.length === 4 && octets.every(octet => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)
}

function isIpv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]{2,45}$/.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`)
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function parseV2(bytes: Buffer): ParsedProxy {
  const version = bytes.readUInt8(12)
  const family = bytes.readUInt8(13)
  const size = bytes.readUInt16BE(14)
  if (version >> 4 !== 2) return bad('unknown version of the protocol')
  if (size > V2_LIMIT) return bad('protocol header is too long')
  const length = V2_HEAD + size
  if (bytes.length < length) return { kind: 'incomplete' }
  const command = version & 0x0f
  if (command === 0) return { kind: 'header', header: { kind: 'local' }, length }
  if (command !== 1) return bad('unknown command')
  const width = family === 0x11 ? 4 : family === 0x21 ? 16 : 0
  if (width === 0) return bad('unsupported network protocol')
  if (size < 2 * width + 4) return bad('protocol header is too short')
  const text = width === 4 ? ipv4Text : ipv6Text
  const client = { address: text(bytes, V2_HEAD), port: bytes.readUInt16BE(V2_HEAD + 2 * width) }
  const server = { address: text(bytes, V2_HEAD + width), port: bytes.readUInt16BE(V2_HEAD + 2 * width + 2) }
  return { kind: 'header', header: { kind: 'proxied', client, server }, length }
}

function ipv4Text(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join('.')
}

function ipv6Text(bytes: Buffer, at: number): string {
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(at + i).toString(16))
  return groups.join(':')
}

/** Reads the header off a connection; what follows it is given back to be read again. A string says what is wrong. */
export async function readProxyHeader(
  stream: ByteStream,
): Promise<{ readonly header: ProxyHeader; readonly rest: Buffer } | string> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const chunk = await stream.read()
    if (chunk === null) return 'lost connection'
    bytes = Buffer.concat([bytes, chunk])
    const parsed = parseProxyHeader(bytes)
    if (parsed.kind === 'bad') return parsed.reason
    if (parsed.kind === 'header') return { header: parsed.header, rest: bytes.subarray(parsed.length) }
  }
}
