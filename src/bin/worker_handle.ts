/** One worker as the supervisor sees it: a process of its own, or this one (postern_workers = 0). */
import { type ChildProcess, fork } from 'node:child_process'
import type { AcceptedSocket } from '../net/listener.ts'
import type { ToSupervisor, ToWorker } from './messages.ts'

export interface WorkerHandle {
  readonly pid: number
  /** The socket, if any, belongs to the worker from now on. */
  send(message: ToWorker, socket?: AcceptedSocket): void
  kill(signal: 'SIGKILL'): void
}

export interface WorkerCallbacks {
  message(message: ToSupervisor): void
  /** It is gone. `how`: "exit status 1", "signal SIGKILL". */
  exit(how: string): void
}

/** Starts a worker and returns at once; `started` is its first message. */
export type StartWorker = (callbacks: WorkerCallbacks, slot: number) => WorkerHandle

/** The file that runs as a worker, in the sources and in the built package alike. */
const PROGRAM = new URL(`./worker_process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** A worker in a process of its own; it shares our stdout and stderr. */
export function startWorkerProcess(
  place: { readonly processes: number; readonly slot: number },
  callbacks: WorkerCallbacks,
): WorkerHandle {
  const child: ChildProcess = fork(PROGRAM, [String(place.processes), String(place.slot)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'json',
  })
  let gone = false
  const end = (how: string): void => {
    if (!gone) callbacks.exit(how)
    gone = true
  }
  // What our own worker_process.ts sends is ToSupervisor and nothing else.
  child.on('message', message => callbacks.message(message as ToSupervisor))
  child.on('error', error => end(error.message))
  child.on('exit', (code, signal) => end(signal === null ? `exit status ${code}` : `signal ${signal}`))
  return {
    pid: child.pid ?? 0,
    send(message, socket) {
      if (!child.connected) return void socket?.destroy()
      // A worker that dies under our hands is told by `exit`; the socket goes with it.
      child.send(message, socket, { keepOpen: false }, error => error !== null && socket?.destroy())
    },
    kill: signal => void child.kill(signal),
  }
}
