import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import { ACCEPT, message, mta, NotingJudge, shown } from '../../test/support/milter_packets.ts'
import type { MessageVerdict } from '../model/mail_auth.ts'
import type { PushHandlers, PushStream } from '../net/push_stream.ts'
import { MilterServer } from './server.ts'

/** A connection in memory. */
class FakeStream implements PushStream {
  readonly peer = '192.0.2.7:4711'
  readonly isLocal = false
  readonly written: Buffer[] = []
  handlers: PushHandlers | null = null
  isCongested = false
  paused = true
  state: 'open' | 'ended' | 'destroyed' = 'open'
  closed = 0

  start(handlers: PushHandlers): void {
    this.handlers = handlers
    this.paused = false
  }

  write(bytes: string | Uint8Array): void {
    this.written.push(Buffer.from(bytes))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(): void {
    this.#close('ended')
  }

  destroy(): void {
    this.#close('destroyed')
  }

  #close(state: 'ended' | 'destroyed'): void {
    if (this.state !== 'open') return
    this.state = state
    this.handlers?.closed()
  }

  async say(...packets: readonly Buffer[]): Promise<void> {
    this.handlers?.data(Buffer.concat(packets))
    await settle()
  }

  said(): readonly string[] {
    return shown(Buffer.concat(this.written))
  }
}

function start(decide: () => MessageVerdict | Promise<MessageVerdict> = () => ACCEPT) {
  const clock = new ManualClock()
  const warnings: string[] = []
  let open = 0
  const server = new MilterServer({
    clock,
    open() {
      open++
      return {
        judge: new NotingJudge(decide),
        log: () => undefined,
        warn: text => warnings.push(text),
        release: () => void open--,
      }
    },
    warn: text => warnings.push(text),
    idleSeconds: () => 300,
  })
  const connect = async (): Promise<FakeStream> => {
    const stream = new FakeStream()
    server.serve(stream, () => void stream.closed++)
    await stream.say(mta.offer(), mta.connect(), mta.helo())
    stream.written.length = 0
    return stream
  }
  return { clock, server, warnings, connect, open: () => open }
}

/** A verdict that is given when the test says so. */
function later() {
  const waiting: ((verdict: MessageVerdict) => void)[] = []
  return {
    decide: (): Promise<MessageVerdict> => new Promise(resolve => void waiting.push(resolve)),
    async give(verdict: MessageVerdict = ACCEPT): Promise<void> {
      for (const each of waiting.splice(0)) each(verdict)
      await settle()
    },
  }
}

describe('MilterServer', () => {
  test('G23 several connections, several messages each', async () => {
    const { connect, open } = start()
    const streams = [await connect(), await connect()]
    for (const stream of streams) await stream.say(...message('one'), ...message('two'))
    for (const stream of streams) {
      assert.deepEqual(stream.said(), ['a', 'a'])
      await stream.say(mta.quit())
      assert.deepEqual([stream.state, stream.closed], ['ended', 1])
    }
    assert.equal(open(), 0)
  })

  test('nothing is read while a verdict is awaited', async () => {
    const verdict = later()
    const { connect } = start(verdict.decide)
    const stream = await connect()
    await stream.say(...message('one'))
    assert.equal(stream.paused, true)
    await verdict.give()
    assert.equal(stream.paused, false)
    assert.deepEqual(stream.said(), ['a'])
  })

  test('nothing is read while the MTA does not read', async () => {
    const { connect } = start()
    const stream = await connect()
    stream.isCongested = true
    await stream.say(...message('one'))
    assert.equal(stream.paused, true)
    stream.isCongested = false
    stream.handlers?.drained()
    assert.equal(stream.paused, false)
  })

  test('T5.2 a connection that breaks releases its message', async () => {
    const { connect, open } = start()
    const stream = await connect()
    await stream.say(mta.mail(), mta.header('A', ' b'))
    assert.equal(open(), 1)
    stream.destroy()
    assert.equal(open(), 0)
  })

  test('T5.2 what is no milter protocol is closed and told', async () => {
    const { connect, warnings } = start()
    const stream = await connect()
    await stream.say(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    assert.equal(stream.state, 'ended')
    assert.match(warnings.join(), /^closing a milter connection: a packet of 1195725856 bytes/)
  })

  test('an MTA that says no more gets its verdict yet', async () => {
    const verdict = later()
    const { connect } = start(verdict.decide)
    const stream = await connect()
    await stream.say(...message('one'))
    stream.handlers?.ended()
    assert.equal(stream.state, 'open')
    await verdict.give()
    assert.deepEqual([stream.state, ...stream.said()], ['ended', 'a'])
  })

  test('T5.2 one that says nothing is closed, one that waits for us is not', async () => {
    const verdict = later()
    const { clock, connect } = start(verdict.decide)
    const silent = await connect()
    const waiting = await connect()
    await waiting.say(...message('one'))
    await clock.advance(290_000)
    assert.equal(silent.state, 'open')
    await clock.advance(10_000)
    assert.equal(silent.state, 'destroyed')
    assert.equal(waiting.state, 'open')
    await verdict.give()
    await clock.advance(310_000)
    assert.equal(waiting.state, 'destroyed')
    assert.equal(clock.waiting, 0)
  })

  test('stop lets the message that is under way end', async () => {
    const { server, connect } = start()
    const idle = await connect()
    const busy = await connect()
    await busy.say(mta.mail(), mta.rcpt())
    let stopped = false
    const done = server.stop(30_000).then(() => {
      stopped = true
    })
    assert.equal(idle.state, 'ended')
    await busy.say(mta.header('A', ' b'), mta.eoh(), mta.body('x'))
    assert.deepEqual([busy.state, stopped], ['open', false])
    await busy.say(mta.end())
    assert.deepEqual([busy.state, ...busy.said()], ['ended', 'a'])
    await done
    const late = new FakeStream()
    server.serve(late)
    assert.equal(late.state, 'destroyed')
  })

  test('stop ends by force what does not end', async () => {
    const { server, clock, connect, open } = start()
    const busy = await connect()
    await busy.say(mta.mail(), mta.header('A', ' b'))
    const done = server.stop(1000)
    await clock.advance(1000)
    await done
    assert.equal(busy.state, 'destroyed')
    assert.equal(open(), 0)
  })
})
