/** One worker as the supervisor sees it: a process of its own, or this one (postern_workers = 0). */
import { type ChildProcess, fork } from 'node:child_process'
import type { AcceptedSocket } from '../net/listener.ts'
import { compileCacheEnvironment } from './compile_cache.ts'
import type { Arrival } from './connection_queue.ts'
import type { ToSupervisor, ToWorker } from './messages.ts'

export interface WorkerHandle {
  readonly pid: number
  /** The socket, if any, belongs to the worker from now on. */
  send(message: ToWorker, socket?: AcceptedSocket): void
  kill(signal: 'SIGKILL'): void
}

export interface WorkerCallbacks {
  message(message: ToSupervisor): void
  /** It is gone. `how`: "exit status 1", "signal SIGKILL". `untaken`: a connection that it was given and never took. */
  exit(how: string, untaken: Arrival | null): void
}

/** Starts a worker and returns at once; `started` is its first message. */
export type StartWorker = (callbacks: WorkerCallbacks, slot: number) => WorkerHandle

/** The file that runs as a worker, in the sources and in the built package alike. */
const PROGRAM = new URL(`./worker_process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Room for what lives only as long as a request, in MB. With V8's 16 a policy answer cost an eighth more, spent on moving
 * requests that wait for their write.
 */
const YOUNG_SPACE = '--max-semi-space-size=32'

/** A worker in a process of its own; it shares our stdout and stderr. */
export function startWorkerProcess(
  place: { readonly processes: number; readonly slot: number },
  callbacks: WorkerCallbacks,
): WorkerHandle {
  const child: ChildProcess = fork(PROGRAM, [String(place.processes), String(place.slot)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'json',
    env: { ...process.env, ...compileCacheEnvironment() },
    execArgv: [...process.execArgv, YOUNG_SPACE],
  })
  let gone = false
  /** Ours until the worker says that it has it: otherwise nobody could close it when the worker dies in between. */
  let inHand: Arrival | null = null
  const end = (how: string): void => {
    if (!gone) callbacks.exit(how, inHand)
    gone = true
  }
  child.on('message', data => {
    // What our own worker_process.ts sends is ToSupervisor and nothing else.
    const message = data as ToSupervisor
    if (message.kind === 'taken') {
      // Closes our copy only; the worker has its own.
      inHand?.socket.destroy()
      inHand = null
    }
    callbacks.message(message)
  })
  child.on('error', error => end(error.message))
  child.on('exit', (code, signal) => end(signal === null ? `exit status ${code}` : `signal ${signal}`))
  return {
    pid: child.pid ?? 0,
    send(message, socket) {
      if (socket !== undefined && message.kind === 'connection') inHand = { socket, door: message.door }
      // Whatever goes wrong here is followed by `exit`.
      if (child.connected) child.send(message, socket, { keepOpen: true }, () => undefined)
    },
    kill: signal => void child.kill(signal),
  }
}
