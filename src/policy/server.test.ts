import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import type { PushHandlers, PushStream } from '../net/push_stream.ts'
import type { PolicyRequest } from './codec.ts'
import { type PolicyEndpoint, PolicyServer } from './server.ts'
import { WINDOW } from './session.ts'

/** A connection in memory. */
class FakeStream implements PushStream {
  readonly peer = '192.0.2.7:4711'
  readonly isLocal = false
  readonly written: string[] = []
  handlers: PushHandlers | null = null
  isCongested = false
  paused = true
  state: 'open' | 'ended' | 'destroyed' = 'open'

  start(handlers: PushHandlers): void {
    this.handlers = handlers
    this.paused = false
  }

  write(text: string): void {
    this.written.push(text)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(): void {
    this.state = 'ended'
    this.handlers?.closed()
  }

  destroy(): void {
    this.state = 'destroyed'
    this.handlers?.closed()
  }

  async say(text: string): Promise<void> {
    this.handlers?.data(Buffer.from(text))
    await settle()
  }
}

const ASK = (sender: string): string => `request=smtpd_access_policy\nsender=${sender}\n\n`

function start(decide: (request: PolicyRequest) => Promise<string> | string) {
  const clock = new ManualClock()
  const warnings: string[] = []
  const endpoints = new Map<string, PolicyEndpoint>()
  let held = 0
  const endpoint: PolicyEndpoint = {
    decide,
    warn: text => warnings.push(text),
    hold: () => void held++,
    release: () => void held--,
  }
  endpoints.set('door', endpoint)
  const server = new PolicyServer({
    clock,
    endpoint: door => endpoints.get(door) ?? null,
    idleSeconds: () => 300,
  })
  const connect = (door = 'door'): FakeStream & { closed: number } => {
    const stream = Object.assign(new FakeStream(), { closed: 0 })
    server.serve(stream, door, () => void stream.closed++)
    return stream
  }
  return { clock, server, warnings, endpoints, endpoint, connect, held: () => held }
}

describe('PolicyServer', () => {
  test('G17 answers several requests over one connection', async () => {
    const { connect } = start(request => `REJECT ${request.sender}`)
    const stream = connect()
    await stream.say(ASK('a'))
    await stream.say(ASK('b'))
    assert.deepEqual(stream.written, ['action=REJECT a\n\n', 'action=REJECT b\n\n'])
    assert.equal(stream.state, 'open')
  })

  test('answers requests that come at once in their order and in one write', async () => {
    const { connect, held } = start(request => Promise.resolve(`REJECT ${request.sender}`))
    const stream = connect()
    await stream.say(ASK('a') + ASK('b') + ASK('c'))
    assert.deepEqual(stream.written, ['action=REJECT a\n\naction=REJECT b\n\naction=REJECT c\n\n'])
    assert.equal(held(), 0)
  })

  test('a slow answer holds up those behind it, and only on its connection', async () => {
    const slow = Promise.withResolvers<string>()
    const { connect, held } = start(request => (request.sender === 'slow' ? slow.promise : `REJECT ${request.sender}`))
    const [first, second] = [connect(), connect()]
    await first.say(ASK('slow') + ASK('b'))
    await second.say(ASK('c'))
    assert.deepEqual([first.written, second.written], [[], ['action=REJECT c\n\n']])
    assert.equal(held(), 1)
    slow.resolve('OK')
    await settle()
    assert.deepEqual(first.written, ['action=OK\n\naction=REJECT b\n\n'])
  })

  test('T5.2 what is no request is answered and logged in the words of Postgrey', async () => {
    const { connect, warnings } = start(() => 'REJECT')
    const stream = connect()
    await stream.say('helo\nrequest=junk_mail_policy\n\n\n')
    assert.deepEqual(stream.written.join(''), 'action=DUNNO\n\naction=DUNNO\n\n')
    assert.deepEqual(warnings, [
      'ignoring garbage: <helo> (door, from 192.0.2.7:4711)',
      "unrecognized request type: 'junk_mail_policy' (door, from 192.0.2.7:4711)",
    ])
  })

  test('T5.2 a client that writes nothing but garbage has three lines in the log, however much it is', async () => {
    const { connect, warnings } = start(() => 'REJECT')
    const stream = connect()
    for (let i = 0; i < 50; i++) await stream.say(`${'x\n'.repeat(640)}\n`)
    assert.equal(stream.written.join(''), 'action=DUNNO\n\n'.repeat(50))
    stream.destroy()
    assert.deepEqual(warnings, [
      'ignoring garbage: <x> and 639 more lines (door, from 192.0.2.7:4711)',
      "unrecognized request type: '' (door, from 192.0.2.7:4711)",
      'ignored 31360 more lines of garbage and 49 more unrecognized requests (door, from 192.0.2.7:4711)',
    ])
  })

  test('T5.2 a request with a line of garbage is decided', async () => {
    const { connect, warnings } = start(request => `REJECT ${request.sender}`)
    const stream = connect()
    await stream.say(`x\n${ASK('a')}`)
    stream.destroy()
    assert.deepEqual(stream.written, ['action=REJECT a\n\n'])
    assert.deepEqual(warnings, ['ignoring garbage: <x> (door, from 192.0.2.7:4711)'])
  })

  test('closes a connection whose request does not end, after what it asked before', async () => {
    const { connect, warnings } = start(() => 'DUNNO')
    const stream = connect()
    await stream.say(`${ASK('a')}${'x'.repeat(70_000)}`)
    assert.deepEqual(stream.written, ['action=DUNNO\n\n'])
    assert.equal(stream.state, 'ended')
    assert.match(warnings.join(), /does not end within 65536 bytes/)
  })

  test('T5.2 a decision that fails is DUNNO and an error in the log', async () => {
    const { connect, warnings, held } = start(() => Promise.reject(new Error('boom')))
    const stream = connect()
    await stream.say(ASK('a'))
    assert.deepEqual(stream.written, ['action=DUNNO\n\n'])
    assert.match(warnings.join(), /boom/)
    assert.equal(held(), 0)
  })

  test('a client that has said all (Exim) gets its answers, then we close', async () => {
    const slow = Promise.withResolvers<string>()
    const { connect } = start(() => slow.promise)
    const stream = connect()
    await stream.say(ASK('a'))
    stream.handlers?.ended()
    await settle()
    assert.equal(stream.state, 'open')
    slow.resolve('DUNNO')
    await settle()
    assert.deepEqual([stream.written, stream.state, stream.closed], [['action=DUNNO\n\n'], 'ended', 1])
  })

  test('reads no further while too many requests are judged, or nobody reads the answers', async () => {
    const waiting: ((action: string) => void)[] = []
    const { connect } = start(() => new Promise<string>(resolve => waiting.push(resolve)))
    const stream = connect()
    await stream.say(ASK('a').repeat(WINDOW + 5))
    assert.deepEqual([waiting.length, stream.paused], [WINDOW, true])
    for (const resolve of waiting.splice(0)) resolve('DUNNO')
    await settle()
    assert.deepEqual([waiting.length, stream.paused], [5, false])
    stream.isCongested = true
    for (const resolve of waiting.splice(0)) resolve('DUNNO')
    await settle()
    assert.equal(stream.paused, true)
    stream.isCongested = false
    stream.handlers?.drained()
    assert.equal(stream.paused, false)
    assert.equal(stream.written.join('').split('\n\n').length - 1, WINDOW + 5)
  })

  test('a reload decides the next request of an old connection', async () => {
    const { connect, endpoints, endpoint } = start(() => 'REJECT old')
    const stream = connect()
    await stream.say(ASK('a'))
    endpoints.set('door', { ...endpoint, decide: () => 'REJECT new' })
    await stream.say(ASK('a'))
    assert.deepEqual(stream.written, ['action=REJECT old\n\n', 'action=REJECT new\n\n'])
  })

  test('a door that a reload took away closes its connections, each after its answer', async () => {
    const slow = Promise.withResolvers<string>()
    const { connect, endpoints, server } = start(() => slow.promise)
    const [busy, idle] = [connect(), connect()]
    await busy.say(ASK('a'))
    endpoints.delete('door')
    server.closeDoors()
    assert.deepEqual([busy.state, idle.state], ['open', 'ended'])
    slow.resolve('DUNNO')
    await settle()
    assert.deepEqual([busy.state, busy.written], ['ended', ['action=DUNNO\n\n']])
  })

  test('stops after the answers that are under way, by force after the time given', async () => {
    const slow = Promise.withResolvers<string>()
    const { connect, server, clock } = start(request =>
      request.sender === 'never' ? new Promise(() => {}) : slow.promise,
    )
    const [idle, busy, stuck] = [connect(), connect(), connect()]
    await busy.say(ASK('a'))
    await stuck.say(ASK('never'))
    let stopped = false
    void server.stop(5000).then(() => {
      stopped = true
    })
    slow.resolve('DUNNO')
    await settle()
    assert.deepEqual([idle.state, busy.state, stuck.state, stopped], ['ended', 'ended', 'open', false])
    assert.deepEqual(busy.written, ['action=DUNNO\n\n'])
    await clock.advance(5000)
    assert.deepEqual([stuck.state, stopped], ['destroyed', true])
    assert.equal(connect().state, 'destroyed')
  })

  test('closes connections that rest, and those that stop in the middle of a request much sooner', async () => {
    const { connect, clock } = start(() => 'DUNNO')
    const [quiet, half, busy] = [connect(), connect(), connect()]
    await half.say('request=')
    await clock.advance(90_000)
    await busy.say(ASK('a'))
    assert.deepEqual([quiet.state, half.state], ['open', 'open'])
    await clock.advance(20_000)
    assert.deepEqual([quiet.state, half.state], ['open', 'destroyed'])
    await clock.advance(200_000)
    assert.deepEqual([quiet.state, busy.state], ['destroyed', 'open'])
  })
})
