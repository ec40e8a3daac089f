import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseProxyHeader } from './proxy_protocol.ts'

const START = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
const headerLike = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.concat([START, bytes])),
  fc
    .string({
      unit: fc.constantFrom('PROXY ', 'TCP4 ', 'TCP6 ', 'UNKNOWN', '1', '.', ':', ' ', '\r\n', 'f'),
      maxLength: 30,
    })
    .map(text => Buffer.from(text)),
  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
)

test('any bytes are a header within themselves, too few, or none, and never more than 600 are waited for', () => {
  fc.assert(
    fc.property(headerLike, bytes => {
      const parsed = parseProxyHeader(bytes)
      if (parsed.kind === 'header') assert.ok(parsed.length <= bytes.length)
      if (parsed.kind === 'incomplete')
        assert.notEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.alloc(600)])).kind, 'incomplete')
    }),
    { numRuns: 20_000 },
  )
})

test('more bytes behind a header do not change it', () => {
  fc.assert(
    fc.property(headerLike, fc.uint8Array({ maxLength: 20 }), (bytes, more) => {
      const parsed = parseProxyHeader(bytes)
      if (parsed.kind === 'header') assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, more])), parsed)
    }),
    { numRuns: 10_000 },
  )
})
