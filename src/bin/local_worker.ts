import type { Clock } from '../util/clock.ts'
import { Worker } from './worker.ts'
import type { StartWorker } from './worker_handle.ts'

/** A worker in the supervisor's own process (postern_workers = 0): for tests, small machines and debuggers. */
export function startLocalWorker(clock: Clock): StartWorker {
  return callbacks => {
    const worker = new Worker({
      clock,
      pid: process.pid,
      processes: 1,
      slot: 0,
      send(message) {
        // As a process would: never while the caller is still at it.
        queueMicrotask(() =>
          message.kind === 'stopped' ? callbacks.exit('stopped', null) : callbacks.message(message),
        )
      },
    })
    queueMicrotask(() => callbacks.message({ kind: 'started' }))
    return {
      pid: process.pid,
      send: (message, socket) => worker.receive(message, socket),
      kill: () => callbacks.exit('killed', null),
    }
  }
}
