import { isUtf8 } from 'node:buffer'
import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import { sleep } from '../util/clock.ts'
import type { TableContext, TableEndpoint } from './context.ts'
import { configurationFailure, failingTable, temporaryFailure } from './failing.ts'
import { type CutReply, LookupClient } from './lookup_client.ts'
import type { OpenTable } from './table.ts'

/** Postfix: the time limit of both protocols. */
const TIMEOUT_MS = 100_000
/** Postfix closes an idle socketmap connection after this; a tcp_table connection never. */
const IDLE_MS = 10_000
/** Postfix: tcp_table tries ten times, a second apart. A client that waits in SMTP is better told to come back. */
const TCP_TRIES = 3
const TCP_REST_MS = 1000
/** Postfix: limits on replies. */
const TCP_MAX_REPLY = 4096
const SOCKETMAP_MAX_REPLY = 100_000

type Ask = (key: string) => Promise<Lookup<string>>

/** `tcp:host:port`. Postfix: tcp_table(5). */
export function openTcp(name: string, body: string, context: TableContext): OpenTable {
  const endpoint = hostAndPort(body)
  if (endpoint === null) return failingTable(name, context, { text: `bad host:port in "${name}"` })
  return openSocket({ name, context, endpoint, cut: cutLine }, client => key => askTcp(client, key, { name, context }))
}

/** `socketmap:inet:host:port:name` and `socketmap:unix:path:name`. Postfix: socketmap_table(5). */
export function openSocketmap(name: string, body: string, context: TableContext): OpenTable {
  const colon = body.lastIndexOf(':')
  const [, kind, place = ''] = /^(inet|unix):(.*)$/s.exec(body.slice(0, Math.max(colon, 0))) ?? []
  const endpoint = kind === 'unix' ? { path: place } : hostAndPort(place)
  const map = body.slice(colon + 1)
  if (kind === undefined || endpoint === null || map === '') {
    return failingTable(name, context, { text: 'socketmap requires server:socketmap argument' })
  }
  return openSocket({ name, context, endpoint, cut: cutNetstring }, client => async key => {
    const request = Buffer.from(`${map} ${key}`)
    const message = Buffer.concat([Buffer.from(`${request.length}:`), request, Buffer.from(',')])
    let reply = await client.ask(message)
    // Postfix: a broken connection is tried once more, so that a restart of the server is not noticed.
    if (reply.kind === 'broken' && reply.retry) reply = await client.ask(message)
    if (reply.kind === 'broken') return temporaryFailure(`table ${name} lookup error: ${reply.text}`)
    return readSocketmapReply(name, reply.bytes)
  })
}

interface SocketOptions {
  readonly name: string
  readonly context: TableContext
  readonly endpoint: TableEndpoint
  readonly cut: CutReply
}

function openSocket(options: SocketOptions, makeAsk: (client: LookupClient) => Ask): OpenTable {
  const { name, context, endpoint, cut } = options
  const { connect } = context
  if (connect === undefined) return failingTable(name, context, { text: `${name}: no network connections here` })
  const client = new LookupClient({
    connect: () => connect(endpoint),
    clock: context.clock,
    timeoutMs: TIMEOUT_MS,
    idleMs: IDLE_MS,
    cut,
  })
  // Postfix: neither kind is asked for parent domains or networks.
  return { name, kind: 'pattern', lookup: makeAsk(client), ready: async () => {}, close: () => client.close() }
}

async function askTcp(
  client: LookupClient,
  key: string,
  { name, context }: { name: string; context: TableContext },
): Promise<Lookup<string>> {
  const request = Buffer.from(`get ${hexQuote(key)}\n`)
  for (let tries = 1; ; tries++) {
    const reply = await client.ask(request)
    if (reply.kind === 'reply') {
      const answer = readTcpReply(name, reply.bytes)
      if (answer.status === 'failed') client.close()
      return answer
    }
    if (tries === TCP_TRIES) return temporaryFailure(`read TCP map reply from ${name.slice(4)}: ${reply.text}`)
    await sleep(context.clock, TCP_REST_MS)
  }
}

/** "500 text" absent, "400 text" failed, "200 value" found. */
function readTcpReply(name: string, bytes: Buffer): Lookup<string> {
  const line = bytes.toString('latin1')
  const value = /^[0-9]{3}\s/.test(line) ? hexUnquote(line.slice(4)) : null
  const from = `read TCP map reply from ${name.slice(4)}`
  if (value === null) return temporaryFailure(`${from}: malformed reply: ${printable(line).slice(0, 100)}`)
  switch (line.charAt(0)) {
    case '2':
      return utf8Value(name, value)
    case '4':
      return temporaryFailure(`${from}: ${printable(line)}`)
    case '5':
      return ABSENT
    default:
      return temporaryFailure(`${from}: bad status code: ${printable(line).slice(0, 100)}`)
  }
}

function readSocketmapReply(name: string, bytes: Buffer): Lookup<string> {
  const space = bytes.indexOf(0x20)
  const word = bytes.subarray(0, space < 0 ? bytes.length : space).toString('latin1')
  const payload = space < 0 ? Buffer.alloc(0) : bytes.subarray(space + 1)
  const text = payload.toString('latin1').trimStart()
  const problem = (kind: string) =>
    `${name} socketmap server ${kind} error${text === '' ? '' : `: ${printable(text).slice(0, 200)}`}`
  switch (word) {
    case 'OK':
      return utf8Value(name, payload)
    case 'NOTFOUND':
      return ABSENT
    case 'TEMP':
      return temporaryFailure(problem('temporary'))
    case 'TIMEOUT':
      return temporaryFailure(problem('timeout'))
    case 'PERM':
      return configurationFailure(problem('permanent'))
    default:
      return temporaryFailure(problem('unknown'))
  }
}

function utf8Value(name: string, value: Buffer): Lookup<string> {
  return isUtf8(value) ? found(value.toString('utf8')) : configurationFailure(`${name}: non-UTF-8 value`)
}

function cutLine(received: Buffer): ReturnType<CutReply> {
  const end = received.indexOf(0x0a)
  if (end >= 0 && end < TCP_MAX_REPLY) return { reply: received.subarray(0, end), rest: received.subarray(end + 1) }
  return end >= 0 || received.length >= TCP_MAX_REPLY ? { problem: `text longer than ${TCP_MAX_REPLY}` } : null
}

/** "5:hello,": https://cr.yp.to/proto/netstrings.txt */
function cutNetstring(received: Buffer): ReturnType<CutReply> {
  const head = /^([0-9]{0,6})(:?)/.exec(received.subarray(0, 8).toString('latin1'))
  const [, digits = '', colon = ''] = head ?? []
  if (colon === '') return digits.length === received.length ? null : { problem: 'malformed netstring' }
  const length = Number(digits)
  if (digits === '') return { problem: 'malformed netstring' }
  if (length > SOCKETMAP_MAX_REPLY) return { problem: 'netstring too large' }
  const start = digits.length + 1
  if (received.length < start + length + 1) return null
  if (received[start + length] !== 0x2c) return { problem: 'malformed netstring' }
  return { reply: received.subarray(start, start + length), rest: received.subarray(start + length + 1) }
}

/** Name or address and port: `host:port`, `[::1]:port`; a port alone is on this host. */
function hostAndPort(text: string): TableEndpoint | null {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]*)):)?([0-9]{1,5})$/.exec(text)
  if (match === null) return null
  const [, literal, name, port] = match
  const host = literal ?? name ?? ''
  return { host: host === '' ? 'localhost' : host, port: Number(port) }
}

function hexQuote(text: string): string {
  let quoted = ''
  for (const byte of Buffer.from(text)) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x25
    quoted += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return quoted
}

function hexUnquote(text: string): Buffer | null {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return null
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '_')
}
