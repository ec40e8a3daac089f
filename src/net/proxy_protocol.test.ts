import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryStream } from '../../test/support/memory_stream.ts'
import { type ParsedProxy, parseProxyHeader, readProxyHeader } from './proxy_protocol.ts'

/** haproxy proxy-protocol.txt 2.2: signature, version and command, family, length, addresses. */
function v2(command: number, family: number, body: readonly number[]): Buffer {
  const head = Buffer.from([
    0x0d,
    0x0a,
    0x0d,
    0x0a,
    0x00,
    0x0d,
    0x0a,
    0x51,
    0x55,
    0x49,
    0x54,
    0x0a,
    command,
    family,
    body.length >> 8,
    body.length & 0xff,
  ])
  return Buffer.concat([head, Buffer.from(body)])
}

const PORTS = [0x9c, 0x40, 0, 25]
const V4 = [192, 0, 2, 7, 192, 0, 2, 25, ...PORTS]
const V6 = [
  0x20,
  0x01,
  0x0d,
  0xb8,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  7,
  0x20,
  0x01,
  0x0d,
  0xb8,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  25,
  ...PORTS,
]

describe('parseProxyHeader', () => {
  const cases: [string, Buffer, string][] = [
    ['v1 TCP4', Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n'), '192.0.2.7 40000 -> 192.0.2.25 25'],
    [
      'v1 TCP6',
      Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::25 40000 25\r\n'),
      '2001:db8::7 40000 -> 2001:db8::25 25',
    ],
    ['v1 UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), 'local'],
    ['v1 UNKNOWN with anything behind it', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), 'local'],
    ['v1 wrong family', Buffer.from('PROXY TCP4 2001:db8::7 192.0.2.25 1 2\r\n'), 'bad'],
    ['v1 octal', Buffer.from('PROXY TCP4 192.0.2.07 192.0.2.25 1 2\r\n'), 'bad'],
    ['v1 port too high', Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.25 65536 2\r\n'), 'bad'],
    ['v1 too many words', Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.25 1 2 3\r\n'), 'bad'],
    ['v1 without end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`), 'bad'],
    ['v1 not yet', Buffer.from('PROXY TCP4 192.'), 'incomplete'],
    ['a client that knows nothing of it', Buffer.from('EHLO x\r\n'), 'bad'],
    ['v2 IPv4', v2(0x21, 0x11, V4), '192.0.2.7 40000 -> 192.0.2.25 25'],
    [
      'v2 IPv6',
      v2(0x21, 0x21, V6),
      '2001:db8:0:0:0:0:0:7 40000 -> 2001:db8:0:0:0:0:0:25 25'.replace(':25 25', ':19 25'),
    ],
    ['v2 with TLVs behind', v2(0x21, 0x11, [...V4, 4, 0, 1, 0]), '192.0.2.7 40000 -> 192.0.2.25 25'],
    ['v2 LOCAL', v2(0x20, 0, []), 'local'],
    ['v2 of UDP', v2(0x21, 0x12, V4), 'bad'],
    ['v2 too short for its family', v2(0x21, 0x21, V4), 'bad'],
    ['v2 version 3', v2(0x31, 0x11, V4), 'bad'],
    ['v2 unknown command', v2(0x22, 0x11, V4), 'bad'],
    ['v2 far too long', v2(0x21, 0x11, Array(600).fill(0)), 'bad'],
    ['v2 not yet', v2(0x21, 0x11, V4).subarray(0, 20), 'incomplete'],
    ['nothing', Buffer.alloc(0), 'incomplete'],
  ]
  for (const [name, bytes, expected] of cases) test(name, () => assert.equal(shown(parseProxyHeader(bytes)), expected))
})

function shown(parsed: ParsedProxy): string {
  if (parsed.kind !== 'header') return parsed.kind
  const { header } = parsed
  if (header.kind === 'local') return 'local'
  return `${header.client.address} ${header.client.port} -> ${header.server.address} ${header.server.port}`
}

test('readProxyHeader() takes the header in any chunks and gives back what follows', async () => {
  const bytes = Buffer.concat([v2(0x21, 0x11, V4), Buffer.from('EHLO x\r\n')])
  for (let cut = 1; cut < bytes.length; cut++) {
    const stream = new MemoryStream()
    stream.send(bytes.subarray(0, cut))
    stream.send(bytes.subarray(cut))
    const read = await readProxyHeader(stream)
    assert.ok(typeof read !== 'string')
    // What came in a later chunk is still in the stream.
    assert.ok('EHLO x\r\n'.startsWith(read.rest.toString()))
  }
})

test('readProxyHeader() tells a connection that ends', async () => {
  const stream = new MemoryStream()
  stream.send('PROXY ')
  stream.hangUp()
  assert.equal(await readProxyHeader(stream), 'lost connection')
})
