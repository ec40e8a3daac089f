import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ABSENT, failed, found, type Lookup } from '../model/lookup.ts'
import {
  type AddressForm,
  type AddressSearch,
  accessSearch,
  findMailAddress,
  MAPS_SEARCH,
  stripExtension,
} from './mail_addr_find.ts'
import { Maps } from './maps.ts'
import type { Table } from './table.ts'

/** A table that has nothing and notes what it is asked. */
function spy(kind: Table['kind'], entries: Readonly<Record<string, string>> = {}) {
  const keys: string[] = []
  const table: Table = {
    name: 'spy',
    kind,
    lookup: async (key): Promise<Lookup<string>> => {
      keys.push(key)
      const value = entries[key]
      return value === undefined ? ABSENT : value === 'fail' ? failed('temporary: x') : found(value)
    },
    close: () => {},
  }
  return { table, keys }
}

const RULES = {
  recipientDelimiter: '+',
  ownerRequestSpecial: true,
  doubleBounceSender: 'double-bounce',
  isLocal: async (domain: string): Promise<Lookup<true>> => (domain === 'here.example' ? found(true) : ABSENT),
}

async function keysOf(
  address: string,
  search: AddressSearch,
  more: { form?: AddressForm; kind?: Table['kind'] } = {},
): Promise<string[]> {
  const { table, keys } = spy(more.kind ?? 'fixed')
  await findMailAddress(new Maps('t', [table]), {
    address,
    search,
    rules: RULES,
    ...(more.form && { form: more.form }),
  })
  return keys
}

describe('order of keys', () => {
  test('access tables', async () => {
    assert.deepEqual(await keysOf('u+x@a.b.example', accessSearch(true)), [
      'u+x@a.b.example',
      'u@a.b.example',
      'a.b.example',
      'b.example',
      'example',
      'u+x@',
      'u@',
    ])
    assert.deepEqual(await keysOf('u@a.b.example', accessSearch(false)), [
      'u@a.b.example',
      'a.b.example',
      '.b.example',
      '.example',
      'u@',
    ])
    assert.deepEqual(await keysOf('u+x@a.example', accessSearch(true), { kind: 'pattern' }), ['u+x@a.example'])
  })

  test('maps of recipients', async () => {
    assert.deepEqual(await keysOf('u+x@here.example', MAPS_SEARCH), [
      'u+x@here.example',
      'u@here.example',
      'u+x',
      'u',
      '@here.example',
    ])
    assert.deepEqual(await keysOf('u@away.example', MAPS_SEARCH), ['u@away.example', '@away.example'])
    assert.deepEqual(await keysOf('nobody', MAPS_SEARCH), ['nobody'])
  })

  test('quoted local parts', async () => {
    assert.deepEqual(await keysOf('a b@here.example', { full: true, localpartIfLocal: true }), [
      '"a b"@here.example',
      'a b@here.example',
      '"a b"',
      'a b',
    ])
    assert.deepEqual(await keysOf('a@b@here.example', { localpartIfLocal: true }), ['"a@b"', 'a@b'])
    assert.deepEqual(await keysOf('a b@x', { full: true }, { form: 'external' }), ['"a b"@x'])
    assert.deepEqual(await keysOf('a b@x', { full: true }, { form: 'internal' }), ['a b@x'])
    assert.deepEqual(await keysOf('a b@x', { full: true }, { form: 'internal_first' }), ['a b@x', '"a b"@x'])
  })
})

test('what was cut off is told, and a failure ends the search', async () => {
  const { table } = spy('fixed', { 'u@x.example': 'here', 'bad@x.example': 'fail', 'x.example': 'domain' })
  const find = (address: string) =>
    findMailAddress(new Maps('t', [table]), { address, search: accessSearch(true), rules: RULES })
  assert.deepEqual(await find('u+ext@x.example'), { status: 'found', value: { value: 'here', extension: '+ext' } })
  const told = ['spy lookup error for "bad@x.example"']
  assert.deepEqual(await find('bad@x.example'), { ...failed('temporary: x'), told })
  assert.deepEqual(await find('bad+ext@x.example'), { ...failed('temporary: x'), told })
  assert.deepEqual(await find('z@x.example'), { status: 'found', value: { value: 'domain', extension: null } })
})

test('a domain that may be local fails the search when that cannot be told', async () => {
  const { table } = spy('fixed')
  const rules = { ...RULES, isLocal: async () => failed('temporary: mydestination') }
  assert.deepEqual(
    await findMailAddress(new Maps('t', [table]), { address: 'u@x', search: MAPS_SEARCH, rules }),
    failed('temporary: mydestination'),
  )
})

describe('stripExtension', () => {
  const cases: [string, string, string | null][] = [
    ['u+x@d', '+', 'u@d'],
    ['u+x+y@d', '+', 'u@d'],
    ['u-x@d', '+-', 'u@d'],
    ['u+x', '+', 'u'],
    ['+x@d', '+', null],
    ['u@d+x', '+', null],
    ['u@d', '+', null],
    ['u+x@d', '', null],
    ['Postmaster+x@d', '+', 'Postmaster@d'],
    ['mailer-daemon@d', '-', null],
    ['double-bounce@d', '-', null],
    ['owner-list@d', '-', null],
    ['list-request@d', '-', null],
    ['-request@d', '-', null],
  ]
  for (const [address, recipientDelimiter, expected] of cases) {
    test(`${address} by "${recipientDelimiter}"`, () => {
      assert.equal(stripExtension(address, { ...RULES, recipientDelimiter })?.address ?? null, expected)
    })
  }
})

test('an empty result is a wrong configuration; an empty key is never asked for', async () => {
  const { table, keys } = spy('fixed', { a: '' })
  const maps = new Maps('virtual_alias_maps', [table])
  assert.deepEqual(
    await maps.find('a'),
    failed('configuration: virtual_alias_maps lookup of a returns an empty string result'),
  )
  assert.deepEqual(await maps.find(''), ABSENT)
  assert.deepEqual(keys, ['a'])
})
