import { connect, type Socket } from 'node:net'
import type { Clock } from '../util/clock.ts'
import { errnoCode, errnoText } from '../util/errno_text.ts'

/** Where to connect to: an address literal and port, or a Unix-domain socket. Names are looked up by the caller. */
export type DialTarget =
  | {
      readonly kind: 'inet'
      readonly address: string
      readonly port: number
      /** Our end; the system chooses without it. */
      readonly from?: string
    }
  | { readonly kind: 'unix'; readonly path: string }

export type Dialed =
  | { readonly ok: true; readonly socket: Socket }
  /** `text` as strerror(3) has it: "Connection refused", "Connection timed out". */
  | { readonly ok: false; readonly code: string; readonly text: string }

/** Connects within `timeoutMs` (0: as long as the system waits). Never throws. Nagle's algorithm is off. */
export function dial(target: DialTarget, timeoutMs: number, clock: Clock): Promise<Dialed> {
  return new Promise(resolve => {
    const socket =
      target.kind === 'inet'
        ? connect({
            host: target.address,
            port: target.port,
            ...(target.from === undefined ? {} : { localAddress: target.from }),
          })
        : connect({ path: target.path })
    const timer = timeoutMs > 0 ? clock.after(timeoutMs, () => settle(timedOut)) : null
    const fail = (error: Error): void => settle({ ok: false, code: errnoCode(error), text: errnoText(error) })
    const settle = (dialed: Dialed): void => {
      timer?.cancel()
      socket.off('error', fail)
      socket.off('connect', done)
      resolve(dialed)
      if (dialed.ok) return
      // A late error of a socket that nobody wants any more must not become an uncaught exception.
      socket.on('error', () => undefined)
      socket.destroy()
    }
    const done = (): void => {
      socket.setNoDelay(true)
      settle({ ok: true, socket })
    }
    socket.on('error', fail)
    socket.on('connect', done)
  })
}

const timedOut: Dialed = { ok: false, code: 'ETIMEDOUT', text: 'Connection timed out' }
