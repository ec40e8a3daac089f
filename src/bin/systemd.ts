/** What systemd(1) wants to know and what it gives: readiness (Type=notify) and sockets (socket units). */
import { spawn } from 'node:child_process'

export type NotifyState = 'READY=1' | 'RELOADING=1' | 'STOPPING=1'

/**
 * Tells systemd how we are; nothing happens when it did not start us. Node has no Unix datagram sockets, so
 * systemd-notify(1) says it for us; the unit needs NotifyAccess=all, because it is another process that speaks.
 */
export function notifySystemd(state: NotifyState, status: string): void {
  if (!process.env['NOTIFY_SOCKET']) return
  // It would wait for systemd to have read it, which nobody needs.
  const words = ['--no-block', state, `STATUS=${status}`, `MAINPID=${process.pid}`]
  if (state === 'RELOADING=1') words.push(`MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
  const child = spawn('systemd-notify', words, { stdio: 'ignore' })
  child.on('error', error => process.stderr.write(`postern: cannot tell systemd "${state}": ${error.message}\n`))
}

/** sd_listen_fds(3): descriptors from here on are ours, if LISTEN_PID says that they are meant for us. */
const FIRST_FD = 3

/** Descriptors of sockets that listen already, in the order of the socket unit. */
export function inheritedSockets(env: Readonly<Record<string, string | undefined>>, pid: number): readonly number[] {
  if (env['LISTEN_PID'] !== String(pid)) return []
  const count = Number(env['LISTEN_FDS'] ?? 0)
  return Number.isInteger(count) && count > 0 ? Array.from({ length: count }, (_, i) => FIRST_FD + i) : []
}
