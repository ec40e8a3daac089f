import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { BtreeFileError, readBtreeFile } from './btree_file.ts'
import { readClients, readTriplets } from './postgrey_database.ts'

/** Written by a Postgrey 1.37 with Berkeley DB 5.3: 90 triplets on several pages and one whose key has a page of its own. */
const TRIPLETS = join(import.meta.dirname, 'testdata/postgrey.db')
const CLIENTS = join(import.meta.dirname, 'testdata/postgrey_clients.db')

describe('the database of a Postgrey', () => {
  test('every triplet in the order of its keys, the one that is longer than a quarter of a page too', () => {
    const pairs = [...readBtreeFile(TRIPLETS)].map(({ key, value }) => [key.toString(), value.toString()])
    assert.equal(pairs.length, 91)
    assert.deepEqual(pairs[0], ['10.0.0.0/s0@b.example/user0@here.example', '1764000000,1764000000'])
    assert.deepEqual(pairs[1], ['10.0.1.0/s1@b.example/user1@here.example', '1764000001,1764000401'])
    assert.deepEqual(pairs.at(-1), [
      `2001:db8:0:0:0:0:0:0/${'s'.repeat(500)}@b.example/${'r'.repeat(499)}@h.example`,
      '1764000000,1764000000',
    ])
  })

  test('as entries of the memory', () => {
    const [first] = readTriplets(TRIPLETS)
    const [client] = readClients(CLIENTS)
    const entry = { kind: 'triplet', first: 1764000000, last: 1764000000, count: 1 }
    assert.deepEqual(first, { kind: 'entry', entry: { ...entry, key: '10.0.0.0/s0@b.example/user0@here.example' } })
    const success = { kind: 'client', key: '10.0.1.1', first: 1764000401, last: 1764000401, count: 1 }
    assert.deepEqual(client, { kind: 'entry', entry: success })
    assert.equal([...readClients(CLIENTS)].length, 45)
  })

  test('a file that is none says so', () => {
    assert.throws(() => [...readBtreeFile(import.meta.filename)], new BtreeFileError('this is no btree of Berkeley DB'))
  })
})
