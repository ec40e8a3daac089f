import type { Clock } from '../util/clock.ts'
import { type DialTarget, dial } from './dial.ts'
import { LineSocket } from './line_socket.ts'

/** A connection that speaks lines of text ended by LF. */
export interface LineConnection {
  onLine(take: (line: string) => void): void
  /** Once, however it ended; at once when it has ended already. */
  onClose(run: () => void): void
  write(text: string): void
  destroy(): void
}

/** Longest line that is taken whole. */
const MAX_LINE = 64 * 1024

/** Connects within `timeoutMs`; a string is the reason why not, as strerror(3) has it. Never throws. */
export async function connectLines(
  target: DialTarget,
  timeoutMs: number,
  clock: Clock,
): Promise<LineConnection | string> {
  const dialed = await dial(target, timeoutMs, clock)
  if (!dialed.ok) return dialed.text
  let take: ((line: string) => void) | null = null
  let closed = false
  let onClose = (): void => undefined
  const early: string[] = []
  const socket = new LineSocket(
    dialed.socket,
    {
      line: line => {
        const text = line.toString('utf8')
        if (take === null) early.push(text)
        else take(text)
      },
      closed: () => {
        closed = true
        onClose()
      },
    },
    MAX_LINE,
  )
  return {
    onLine(run) {
      take = run
      for (const line of early.splice(0)) run(line)
    },
    onClose(run) {
      onClose = run
      if (closed) run()
    },
    write: text => socket.write(text),
    destroy: () => socket.destroy(),
  }
}
