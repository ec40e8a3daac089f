import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatServerAddress, parseResolvConf, parseServerAddress } from './server_address.ts'

describe('addresses of name servers', () => {
  const cases: [string, string | null][] = [
    ['127.0.0.1', '127.0.0.1 53'],
    ['127.0.0.1:5353', '127.0.0.1 5353'],
    ['[2001:db8::53]:5353', '2001:db8::53 5353'],
    ['[2001:db8::53]', '2001:db8::53 53'],
    ['2001:db8::53', '2001:db8::53 53'],
    ['fe80::1%eth0', 'fe80::1%eth0 53'],
    ['127.0.0.1:0', null],
    ['127.0.0.1:65536', null],
    ['127.0.0.1:', null],
    ['[127.0.0.1]:53', null],
    ['localhost', null],
    ['127.1', null],
    ['', null],
    ['2001:db8::53]:53', null],
  ]
  for (const [text, want] of cases) {
    test(`"${text}": ${want ?? 'none'}`, () => {
      const server = parseServerAddress(text)
      assert.equal(server === null ? null : `${server.address} ${server.port}`, want)
    })
  }

  test('the usual port is left out when shown', () => {
    assert.equal(formatServerAddress({ address: '192.0.2.1', port: 53 }), '192.0.2.1')
    assert.equal(formatServerAddress({ address: '2001:db8::1', port: 5353 }), '[2001:db8::1]:5353')
  })
})

describe('resolv.conf', () => {
  test('servers (three at most), options, and lines that mean nothing here', () => {
    const read = parseResolvConf(
      '# nameserver 192.0.2.99\n; x\nsearch example.org\nnameserver 192.0.2.1\nnameserver\t2001:db8::1\nnameserver bad\n' +
        'nameserver 192.0.2.3\nnameserver 192.0.2.4\noptions timeout:2 attempts:1 rotate ndots:3\n',
    )
    assert.deepEqual(read.servers.map(formatServerAddress), ['192.0.2.1', '2001:db8::1', '192.0.2.3'])
    assert.deepEqual([read.timeoutSeconds, read.attempts, read.rotate], [2, 1, true])
  })

  test('bounds of the C library', () => {
    const read = parseResolvConf('options timeout:99 attempts:99\n')
    assert.deepEqual([read.timeoutSeconds, read.attempts], [30, 5])
    const low = parseResolvConf('options timeout:0 attempts:0')
    assert.deepEqual([low.timeoutSeconds, low.attempts], [1, 1])
  })

  test('nothing in it: the server on this machine', () => {
    assert.deepEqual(parseResolvConf(''), {
      servers: [{ address: '127.0.0.1', port: 53 }],
      timeoutSeconds: null,
      attempts: null,
      rotate: false,
    })
  })
})
