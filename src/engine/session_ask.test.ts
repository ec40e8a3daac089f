import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import { makeFakeWorld } from '../../test/support/fake_world.ts'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { makeSlowResolver } from '../../test/support/slow_resolver.ts'
import { Door, SessionMemory } from './session_ask.ts'

test('questions are remembered without regard to case, and per type', async () => {
  const asked: string[] = []
  const resolver = {
    query(name: string, type: string) {
      asked.push(`${type} ${name}`)
      return Promise.resolve({ status: 'absent', reason: 'nxdomain', secondsLeft: 1 } as const)
    },
  }
  const door = new Door(new SessionMemory(makeFakeWorld({ resolver })), makeFacts())
  await Promise.all([door.dns('A.example', 'A'), door.dns('a.EXAMPLE', 'A'), door.dns('a.example', 'MX')])
  await door.dns('a.example', 'A')
  assert.deepEqual(asked, ['A A.example', 'MX a.example'])
})

// A client that names thousands of recipients must not make us ask on its behalf without end.
test('the two thousand first questions of a transaction are asked, and no more', async () => {
  let asked = 0
  const resolver = {
    query() {
      asked++
      return Promise.resolve({ status: 'absent', reason: 'nxdomain', secondsLeft: 1 } as const)
    },
  }
  const door = new Door(new SessionMemory(makeFakeWorld({ resolver })), makeFacts())
  for (let n = 0; n < 2000; n++) assert.equal((await door.dns(`n${n}.example`, 'A')).status, 'absent')
  assert.equal((await door.dns('over.example', 'A')).status, 'failed')
  assert.equal(asked, 2000)
  // What is known stays known.
  assert.equal((await door.dns('n0.example', 'A')).status, 'absent')
})

test('a question tells when it was asked and how long it took, whoever waited for it', async () => {
  const clock = new ManualClock()
  const zone = { A: { 'a.example': ['192.0.2.1'] }, MX: { 'a.example': ['10 b.example'] } }
  const memory = new SessionMemory(makeFakeWorld({ clock, resolver: makeSlowResolver(zone, clock, 20) }))
  await clock.advance(5)
  const ahead = new Door(memory, makeFacts()).dns('a.example', 'A')
  await clock.advance(100)
  await ahead
  const door = new Door(memory, makeFacts())
  const later = door.dns('a.example', 'MX')
  await clock.advance(20)
  await later
  await door.dns('a.example', 'A')
  assert.deepEqual(door.questions, [
    { door: 'dns', question: 'MX a.example', answer: '10 b.example', atMs: 105, tookMs: 20 },
    { door: 'dns', question: 'A a.example', answer: '192.0.2.1', atMs: 5, tookMs: 20 },
  ])
})

test('answers are told in short', async () => {
  const zone = {
    A: { 'two.example': ['192.0.2.1', '192.0.2.2'] },
    TXT: { 'two.example': [['a', 'b']] },
    MX: { 'null.example': ['0 .'] },
    fail: ['A fail.example'],
  }
  const door = new Door(
    new SessionMemory(makeFakeWorld({ dns: zone, tables: { 'hash:t': { key: 'OK' } } })),
    makeFacts(),
  )
  await door.dns('two.example', 'A')
  await door.dns('two.example', 'TXT')
  await door.dns('null.example', 'MX')
  await door.dns('null.example', 'A')
  await door.dns('gone.example', 'A')
  await door.dns('fail.example', 'A')
  await door.lookup(makeFakeWorld({ tables: { 'hash:t': { key: 'OK' } } }).openTable('hash:t'), 'key')
  await door.addressListed('mynetworks', '', '127.0.0.1')
  assert.deepEqual(
    door.questions.map(each => each.answer),
    [
      '192.0.2.1, 192.0.2.2',
      '"ab"',
      '0 .',
      'absent (no such record)',
      'absent (NXDOMAIN)',
      'failed: SERVFAIL from fake',
      'OK',
      'yes',
    ],
  )
})

// A resolver that failed once may be back for the next mail of the same session; Postfix asks again, too.
test('a failure is forgotten with its transaction, an answer is not', async () => {
  let down = true
  const asked: string[] = []
  const resolver = {
    query(name: string) {
      asked.push(name)
      if (down && name === 'b.example') return Promise.resolve({ status: 'failed', reason: 'timeout' } as const)
      return Promise.resolve({ status: 'absent', reason: 'nxdomain', secondsLeft: 1 } as const)
    },
  }
  const memory = new SessionMemory(makeFakeWorld({ resolver }))
  const door = new Door(memory, makeFacts())
  await Promise.all([door.dns('a.example', 'A'), door.dns('b.example', 'A')])
  down = false
  memory.forgetQuestions()
  assert.equal((await door.dns('a.example', 'A')).status, 'absent')
  assert.equal((await door.dns('b.example', 'A')).status, 'absent')
  assert.deepEqual(asked, ['a.example', 'b.example', 'b.example'])
})

test('a session with many messages is not refused for the questions of the earlier ones', async () => {
  const resolver = { query: () => Promise.resolve({ status: 'absent', reason: 'nxdomain', secondsLeft: 1 } as const) }
  const memory = new SessionMemory(makeFakeWorld({ resolver }))
  const door = new Door(memory, makeFacts())
  for (let n = 0; n < 1500; n++) await door.dns(`first${n}.example`, 'A')
  memory.forgetQuestions()
  for (let n = 0; n < 1500; n++) assert.equal((await door.dns(`second${n}.example`, 'A')).status, 'absent')
})
