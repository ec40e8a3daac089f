/** A worker in a process of its own. The supervisor starts it and talks to it; nobody calls it by hand. */
import type { AcceptedSocket } from '../net/listener.ts'
import { systemClock } from '../util/clock.ts'
import type { ToSupervisor, ToWorker } from './messages.ts'
import { Worker } from './worker.ts'

/** How long sessions may go on when the supervisor is gone. */
const ORPHAN_GRACE_MS = 30_000

const worker = new Worker({
  clock: systemClock,
  pid: process.pid,
  processes: Number(process.argv[2] ?? 1),
  slot: Number(process.argv[3] ?? 0),
  send(message: ToSupervisor) {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
    if (message.kind === 'stopped') process.exit(0)
  },
})

// The supervisor sends ToWorker and nothing else, with a socket where it says "connection".
process.on('message', (message, socket) => worker.receive(message as ToWorker, socket as AcceptedSocket | undefined))
process.on('disconnect', () => void worker.abandon(ORPHAN_GRACE_MS))
// A terminal or systemd signals the whole group; the supervisor tells us what to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined)
// One session's fault must not end the others.
process.on('uncaughtException', error => worker.fault(error))
process.on('unhandledRejection', error => worker.fault(error))

process.send?.({ kind: 'started' } satisfies ToSupervisor)
