import { MilterError, type Packet } from './codec.ts'
import type { Options } from './negotiate.ts'

/** What the MTA says, taken apart. */
export type MilterCommand =
  | { readonly kind: 'negotiate'; readonly offer: Options }
  /** For the command that comes next, whose letter `stage` is: those of `KNOWN_MACROS`. Names without braces. */
  | { readonly kind: 'macros'; readonly stage: string; readonly macros: ReadonlyMap<string, string> }
  | { readonly kind: 'connect'; readonly hostname: string; readonly address: ClientAddress }
  | { readonly kind: 'helo'; readonly name: string }
  /** `path` as the client wrote it, mostly in angle brackets. */
  | { readonly kind: 'mail' | 'rcpt'; readonly path: string; readonly parameters: readonly string[] }
  /** Continuation lines of the value begin after LF. */
  | { readonly kind: 'header'; readonly name: Buffer; readonly value: Buffer }
  | { readonly kind: 'body' | 'end'; readonly chunk: Buffer }
  | { readonly kind: 'unknown'; readonly text: string }
  | { readonly kind: 'data' | 'eoh' | 'abort' | 'quit' | 'quit_nc' }

export type ClientAddress =
  | { readonly family: 'inet' | 'inet6'; readonly port: number; readonly address: string }
  | { readonly family: 'unix' | 'unknown' }

const NUL = 0
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** More than any name, path or reply of SMTP (RFC 5321 4.5.3.1): hostile ones are cut. */
const TEXT_LIMIT = 4096
const PARAMETER_LIMIT = 100
const MACRO_LIMIT = 100

/** What anybody asks for. Postfix sends some with every header field, so the others are not even decoded. */
const KNOWN_MACROS: ReadonlySet<string> = new Set(['auth_authen', 'auth_type', 'i'])

/** Throws MilterError for what is no command, or not formed like one. */
export function parseCommand({ command, data }: Packet): MilterCommand {
  switch (command) {
    case 'O':
      return { kind: 'negotiate', offer: readOptions(data) }
    case 'D':
      return readMacros(data)
    case 'C':
      return readConnect(data)
    case 'H':
      return { kind: 'helo', name: text(only(data, 'HELO')) }
    case 'M':
      return readPath('mail', data)
    case 'R':
      return readPath('rcpt', data)
    case 'T':
      return { kind: 'data' }
    case 'L':
      return readHeader(data)
    case 'N':
      return { kind: 'eoh' }
    case 'B':
      return { kind: 'body', chunk: data }
    case 'E':
      return { kind: 'end', chunk: data }
    case 'A':
      return { kind: 'abort' }
    case 'Q':
      return { kind: 'quit' }
    case 'K':
      return { kind: 'quit_nc' }
    case 'U':
      return { kind: 'unknown', text: text(only(data, 'unknown command')) }
    default:
      throw new MilterError(`unknown command ${JSON.stringify(command)}`)
  }
}

function readOptions(data: Buffer): Options {
  if (data.length < 12) throw new MilterError('an offer that is too short')
  return { version: data.readUInt32BE(0), actions: data.readInt32BE(4), protocol: data.readInt32BE(8) }
}

function readMacros(data: Buffer): MilterCommand {
  if (data.length === 0) throw new MilterError('macros for nothing')
  if (data.length > 1) only(data, 'macros')
  const macros = new Map<string, string>()
  let at = 1
  for (let count = 0; count < MACRO_LIMIT; count++) {
    const nameEnd = data.indexOf(NUL, at)
    const valueEnd = nameEnd < 0 ? -1 : data.indexOf(NUL, nameEnd + 1)
    if (valueEnd < 0) break
    const name = macroName(data, at, nameEnd)
    if (KNOWN_MACROS.has(name)) macros.set(name, text(data.subarray(nameEnd + 1, valueEnd)))
    at = valueEnd + 1
  }
  return { kind: 'macros', stage: String.fromCharCode(data.readUInt8(0)), macros }
}

function macroName(data: Buffer, start: number, end: number): string {
  const isBraced = data[start] === OPEN_BRACE && data[end - 1] === CLOSE_BRACE
  return isBraced ? data.toString('latin1', start + 1, end - 1) : data.toString('latin1', start, end)
}

function readConnect(data: Buffer): MilterCommand {
  const end = data.indexOf(NUL)
  if (end < 0 || end + 1 >= data.length) throw new MilterError('a connection without an address family')
  const hostname = text(data.subarray(0, end))
  const family = String.fromCharCode(data.readUInt8(end + 1))
  if (family === 'L' || family === 'U') return { kind: 'connect', hostname, address: { family: UNREACHED[family] } }
  if (family !== '4' && family !== '6') throw new MilterError(`unknown address family ${JSON.stringify(family)}`)
  const rest = data.subarray(end + 2)
  if (rest.length < 3) throw new MilterError('a connection without an address')
  // sendmail writes "IPv6:2001:db8::1"; libmilter takes that off.
  const address = text(only(rest.subarray(2), 'connection')).replace(/^IPv6:/i, '')
  return {
    kind: 'connect',
    hostname,
    address: { family: family === '4' ? 'inet' : 'inet6', port: rest.readUInt16BE(0), address },
  }
}

const UNREACHED = { L: 'unix', U: 'unknown' } as const

function readPath(kind: 'mail' | 'rcpt', data: Buffer): MilterCommand {
  const [path, ...parameters] = strings(data, kind.toUpperCase(), 1 + PARAMETER_LIMIT)
  if (path === undefined) throw new MilterError(`${kind.toUpperCase()} without an address`)
  return { kind, path: text(path), parameters: parameters.map(text) }
}

function readHeader(data: Buffer): MilterCommand {
  const end = data.indexOf(NUL)
  if (end < 1) throw new MilterError('a header without a name')
  return { kind: 'header', name: data.subarray(0, end), value: only(data.subarray(end + 1), 'header') }
}

/** The bytes before the NUL at the end, which must be there. */
function only(data: Buffer, what: string): Buffer {
  if (data.length === 0 || data[data.length - 1] !== NUL) throw new MilterError(`${what} without an end`)
  return data.subarray(0, -1)
}

/** The first `limit` strings; what comes behind is passed over. */
function strings(data: Buffer, what: string, limit: number): Buffer[] {
  if (data.length === 0) return []
  const found: Buffer[] = []
  const bytes = only(data, what)
  for (let at = 0; at <= bytes.length && found.length < limit; ) {
    const next = bytes.indexOf(NUL, at)
    const end = next < 0 ? bytes.length : next
    found.push(bytes.subarray(at, end))
    at = end + 1
  }
  return found
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8', 0, Math.min(bytes.length, TEXT_LIMIT))
}
