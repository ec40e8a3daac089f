import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ManualClock } from '../../test/support/manual_clock.ts'
import type { AcceptedSocket } from '../net/listener.ts'
import type { ConfigSource } from './config_source.ts'
import type { Arrival } from './connection_queue.ts'
import { Crew } from './crew.ts'
import type { ToWorker } from './messages.ts'
import type { WorkerCallbacks, WorkerHandle } from './worker_handle.ts'

const source = (mainCf: string): ConfigSource => ({ mainCf, path: 'main.cf', overrides: [], masterCf: '' })

/** A worker that does nothing by itself. */
class FakeWorker implements WorkerHandle {
  readonly pid: number
  readonly callbacks: WorkerCallbacks
  readonly heard: ToWorker[] = []
  readonly sockets: AcceptedSocket[] = []

  constructor(pid: number, callbacks: WorkerCallbacks) {
    this.pid = pid
    this.callbacks = callbacks
  }

  send(message: ToWorker, socket?: AcceptedSocket): void {
    this.heard.push(message)
    if (socket !== undefined) this.sockets.push(socket)
  }

  kill(): void {
    this.callbacks.exit('signal SIGKILL', null)
  }

  /** Starts, builds and gets ready. */
  start(): void {
    this.callbacks.message({ kind: 'started' })
    this.built(null)
  }

  /** Answers the last `build`. */
  built(problem: string | null): void {
    const build = this.heard.findLast(message => message.kind === 'build')
    assert.ok(build)
    this.callbacks.message({ kind: 'built', generation: build.generation, problem })
  }

  /** Answers the last `use`. */
  using(): void {
    const use = this.heard.findLast(message => message.kind === 'use')
    assert.ok(use)
    this.callbacks.message({ kind: 'using', generation: use.generation })
  }

  kinds(): readonly string[] {
    return this.heard.map(message => ('generation' in message ? `${message.kind} ${message.generation}` : message.kind))
  }
}

const arrival = (socket: AcceptedSocket, door = 'smtp inet:127.0.0.1:25'): Arrival => ({ socket, door })

function makeCrew(size: number) {
  const workers: FakeWorker[] = []
  const warnings: string[] = []
  const clock = new ManualClock()
  const crew = new Crew(source('a'), {
    size,
    clock,
    start: callbacks => {
      const worker = new FakeWorker(100 + workers.length, callbacks)
      workers.push(worker)
      return worker
    },
    message: () => undefined,
    workerGone: () => undefined,
    warn: text => warnings.push(text),
  })
  const worker = (index: number): FakeWorker => {
    const found = workers[index]
    assert.ok(found, `worker ${index} was not started`)
    return found
  }
  return { crew, workers, worker, warnings, clock }
}

/** A connection that only remembers whether it was closed. */
function makeSocket(): AcceptedSocket & { destroyed: boolean } {
  const socket = {
    destroyed: false,
    on: () => socket,
    destroy() {
      socket.destroyed = true
    },
  }
  // The crew hands sockets on and closes them; it does nothing else with them.
  return socket as unknown as AcceptedSocket & { destroyed: boolean }
}

describe('Crew', () => {
  test('begins when all workers use the configuration', async () => {
    const { crew, worker } = makeCrew(2)
    const begun = crew.begin()
    worker(0).start()
    worker(1).start()
    assert.equal(await begun, null)
    assert.deepEqual(worker(0).kinds(), ['build 1', 'use 1'])
  })

  test('does not begin when one cannot use it', async () => {
    const { crew, worker } = makeCrew(2)
    const begun = crew.begin()
    worker(0).start()
    worker(1).callbacks.message({ kind: 'started' })
    worker(1).built('no name server')
    assert.equal(await begun, 'no name server')
  })

  test('that is told to end while it begins keeps nobody waiting', async () => {
    const { crew, worker } = makeCrew(1)
    const begun = crew.begin()
    const ended = crew.end(1000)
    assert.equal(await begun, null)
    worker(0).callbacks.exit('stopped', null)
    await ended
  })

  test('gives a worker its next connection when it has taken the last', async () => {
    const { crew, worker } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const sockets = Array.from({ length: 4 }, makeSocket)
    for (const socket of sockets) crew.take(arrival(socket))
    assert.deepEqual([worker(0).sockets, worker(1).sockets], [[sockets[0]], [sockets[1]]])
    // The first is stuck; the second gets what there is.
    worker(1).callbacks.message({ kind: 'taken' })
    worker(1).callbacks.message({ kind: 'taken' })
    assert.deepEqual(worker(1).sockets, [sockets[1], sockets[2], sockets[3]])
  })

  test('T5 gives a policy connection to the free worker that serves fewest', () => {
    const { crew, worker } = makeCrew(2)
    const policy = 'policy inet:127.0.0.1:10023'
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const [first, second, third] = [makeSocket(), makeSocket(), makeSocket()]
    crew.take(arrival(first, policy))
    worker(0).callbacks.message({ kind: 'taken' })
    // The second worker was offered first, and the first one has a connection that lives long.
    crew.take(arrival(second, policy))
    assert.deepEqual([worker(0).sockets, worker(1).sockets], [[first], [second]])
    worker(1).callbacks.message({ kind: 'taken' })
    worker(1).callbacks.message({ kind: 'helper_closed' })
    crew.take(arrival(third, policy))
    assert.deepEqual(worker(1).sockets, [second, third])
  })

  test('has a burst of policy connections wait for the worker that serves fewest, but not behind one that is stuck', async () => {
    const { crew, worker, clock } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const sockets = Array.from({ length: 7 }, makeSocket)
    for (const socket of sockets) crew.take(arrival(socket, 'policy inet:127.0.0.1:10023'))
    // The second worker takes one after the other, and the first none.
    for (let i = 0; i < 6; i++) worker(1).callbacks.message({ kind: 'taken' })
    assert.deepEqual([worker(0).sockets.length, worker(1).sockets.length], [1, 5])
    // SMTP does not wait with them.
    const smtp = makeSocket()
    crew.take(arrival(smtp))
    assert.equal(worker(1).sockets.at(-1), smtp)
    worker(1).callbacks.message({ kind: 'taken' })
    await clock.advance(200)
    assert.equal(worker(1).sockets.at(-1), sockets[6])
    assert.equal(worker(0).sockets.length, 1)
  })

  test('keeps connections until a worker is there, and drops those that have gone', () => {
    const { crew, worker } = makeCrew(1)
    void crew.begin()
    const [gone, waiting] = [makeSocket(), makeSocket()]
    crew.take(arrival(gone))
    crew.take(arrival(waiting))
    gone.destroyed = true
    worker(0).start()
    assert.deepEqual(worker(0).sockets, [waiting])
  })

  test('gives the connection of a worker that died to another, three times at most', async () => {
    const { crew, worker, clock } = makeCrew(1)
    void crew.begin()
    worker(0).start()
    const socket = makeSocket()
    crew.take(arrival(socket))
    for (let i = 0; i < 4; i++) {
      assert.deepEqual(worker(i).sockets, [socket], `worker ${i}`)
      worker(i).callbacks.exit('signal SIGSEGV', arrival(socket))
      await clock.advance(60_000)
      worker(i + 1).start()
    }
    assert.equal(socket.destroyed, true)
    assert.deepEqual(worker(4).sockets, [])
  })

  test('replaces a worker that dies: at once the first time, later and later when it keeps dying', async () => {
    const { crew, workers, worker, warnings, clock } = makeCrew(1)
    void crew.begin()
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      worker(i).start()
      worker(i).callbacks.exit('exit status 1', null)
      let waited = 0
      for (; workers.length === i + 1 && waited < 20_000; waited += 100) await clock.advance(100)
      waits.push(waited)
    }
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
    assert.equal(warnings[0], 'worker 100 ended (exit status 1); starting another')
    assert.equal(warnings[1], 'worker 101 ended (exit status 1); starting another in 0.2 s')
  })

  test('changes the configuration in all workers', async () => {
    const { crew, worker } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const changed = crew.change(source('b'))
    worker(0).built(null)
    assert.equal(worker(0).kinds().includes('use 2'), false)
    worker(1).built(null)
    let isTold = false
    void changed.then(() => {
      isTold = true
    })
    worker(0).using()
    await setImmediate()
    assert.equal(isTold, false)
    worker(1).using()
    assert.equal(await changed, null)
    assert.deepEqual(worker(0).kinds(), ['build 1', 'use 1', 'build 2', 'use 2'])
  })

  test('or in none', async () => {
    const { crew, worker } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const changed = crew.change(source('b'))
    worker(0).built(null)
    worker(1).built('out of memory')
    assert.equal(await changed, 'out of memory')
    assert.deepEqual(worker(0).kinds(), ['build 1', 'use 1', 'build 2', 'drop 2'])
    // A successor gets the old one.
    worker(0).callbacks.exit('exit status 1', null)
    assert.deepEqual(worker(1).kinds(), ['build 1', 'use 1', 'build 2', 'drop 2'])
  })

  test('a worker that dies during a change does not hold it up, and its successor uses the new one', async () => {
    const { crew, worker, clock } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const changed = crew.change(source('b'))
    worker(0).built(null)
    worker(1).callbacks.exit('signal SIGKILL', null)
    worker(0).using()
    assert.equal(await changed, null)
    await clock.advance(1)
    worker(2).start()
    assert.deepEqual(worker(2).kinds(), ['build 2', 'use 2'])
  })

  test('nor does one that dies before it uses what was decided', async () => {
    const { crew, worker } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    const changed = crew.change(source('b'))
    worker(0).built(null)
    worker(1).built(null)
    worker(0).using()
    worker(1).callbacks.exit('signal SIGKILL', null)
    assert.equal(await changed, null)
  })

  test('a worker that starts during a change is told the new one when it is decided', async () => {
    const { crew, worker, clock } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    worker(1).callbacks.exit('signal SIGKILL', null)
    await clock.advance(1)
    const changed = crew.change(source('b'))
    worker(2).callbacks.message({ kind: 'started' })
    worker(0).built(null)
    worker(0).using()
    assert.equal(await changed, null)
    // The answer to the old one comes too late.
    worker(2).callbacks.message({ kind: 'built', generation: 1, problem: null })
    worker(2).built(null)
    assert.deepEqual(worker(2).kinds(), ['build 1', 'build 2', 'drop 1', 'use 2'])
  })

  test('ends when all workers have ended, by force after the time given', async () => {
    const { crew, worker, clock } = makeCrew(2)
    void crew.begin()
    worker(0).start()
    worker(1).start()
    let ended = false
    const ending = crew.end(10_000).then(() => {
      ended = true
    })
    worker(0).callbacks.exit('exit status 0', null)
    await clock.advance(11_000)
    assert.equal(ended, false)
    await clock.advance(1_000)
    await ending
    assert.equal(worker(1).kinds().at(-1), 'stop')
  })
})
