import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHosts } from './hosts_file.ts'

const HOSTS = parseHosts(`
127.0.0.1 localhost   # the usual
::1 localhost ip6-localhost
10.0.0.7\tmail.example.org mail
10.0.0.7 second.example.org
not-an-address somewhere
192.0.2.1
2001:DB8:0:0::7 six.example.org
`)

// address          name
const names: [string, string | null][] = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost'],
  ['10.0.0.7', 'mail.example.org'],
  ['2001:db8::7', 'six.example.org'],
  ['192.0.2.1', null],
  ['10.0.0.8', null],
]
for (const [address, name] of names) {
  test(`nameOf ${address} is ${name}`, () => assert.equal(HOSTS.nameOf(address), name))
}

// name              addresses
const addresses: [string, string[]][] = [
  ['localhost', ['127.0.0.1', '::1']],
  ['MAIL', ['10.0.0.7']],
  ['second.example.org', ['10.0.0.7']],
  ['somewhere', []],
  ['nowhere', []],
]
for (const [name, expected] of addresses) {
  test(`addressesOf ${name} is ${expected.join(' ')}`, () => assert.deepEqual(HOSTS.addressesOf(name), expected))
}
