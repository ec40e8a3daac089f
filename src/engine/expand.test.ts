import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts, type Said } from '../../test/support/facts.ts'
import { expandSession } from './expand.ts'

const NAME = {
  name: 'mail.client.example',
  reverseName: 'ptr.client.example',
  nameStatus: 'ok',
  reverseNameStatus: 'ok',
  warnings: [],
} as const

function expand(word: string, said: Said): string | undefined {
  const nowMs = new Date(2026, 10, 4, 5, 6, 7).getTime()
  return expandSession(word, { facts: makeFacts(said), client: NAME, myhostname: 'mx.here.example', nowMs })
}

const ALL: Said = { helo: 'helo.example', sender: 'se@nder@there.example', recipient: 'user@here.example' }

describe('expandSession', () => {
  // biome-ignore format: columns
  const cases: readonly [word: string, value: string | undefined][] = [
    ['server_name',         'mx.here.example'],
    ['client',              'mail.client.example[192.0.2.1]'],
    ['client_name',         'mail.client.example'],
    ['reverse_client_name', 'ptr.client.example'],
    ['client_address',      '192.0.2.1'],
    ['client_port',         '40000'],
    ['helo_name',           'helo.example'],
    ['sender',              'se@nder@there.example'],
    ['sender_name',         'se@nder'],
    ['sender_domain',       'there.example'],
    ['recipient',           'user@here.example'],
    ['recipient_name',      'user'],
    ['recipient_domain',    'here.example'],
    ['localtime',           'Nov 04 05:06:07'],
    // Main.cf parameters are nobody's business.
    ['myhostname',          undefined],
    ['sender_nonsense',     undefined],
    ['constructor',         undefined],
    ['',                    undefined],
  ]
  for (const [word, value] of cases) {
    test(`$${word} is ${value}`, () => {
      assert.equal(expand(word, ALL), value)
    })
  }

  // biome-ignore format: columns
  const bare: readonly [word: string, said: Said, value: string][] = [
    ['helo_name',        {},                   ''],
    ['sender',           {},                   ''],
    ['sender_name',      {},                   ''],
    ['sender_domain',    {},                   ''],
    ['sender',           { sender: '' },       '<>'],
    ['sender_name',      { sender: '' },       '<>'],
    ['sender_domain',    { sender: '' },       ''],
    ['recipient',        { recipient: 'u' },   'u'],
    ['recipient_name',   { recipient: 'u' },   'u'],
    ['recipient_domain', { recipient: 'u' },   ''],
  ]
  for (const [word, said, value] of bare) {
    test(`$${word} of ${JSON.stringify(said)} is "${value}"`, () => {
      assert.equal(expand(word, said), value)
    })
  }
})
