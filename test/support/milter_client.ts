import net from 'node:net'
import { mta, shown } from './milter_packets.ts'

/** An MTA's end of a milter connection, by hand. */
export interface MilterClient {
  send(...packets: readonly Buffer[]): void
  /** What was answered so far. */
  said(): readonly string[]
  /** Resolves when that many answers have come, or the connection has ended. */
  answers(count: number): Promise<readonly string[]>
  /** The answers so far count no more. */
  forget(): void
  readonly isClosed: boolean
  readonly closed: Promise<void>
  destroy(): void
}

/** Connects and introduces a client; its answer to the offer is not among the answers. */
export async function connectMilter(target: net.NetConnectOpts): Promise<MilterClient> {
  const socket = net.connect(target)
  let bytes = Buffer.alloc(0)
  let isClosed = false
  let wake: () => void = () => undefined
  socket.on('error', () => undefined)
  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk])
    wake()
  })
  const closed = new Promise<void>(resolve =>
    socket.once('close', () => {
      isClosed = true
      wake()
      resolve()
    }),
  )
  /** Where the answers begin: the first is that to the offer. */
  let first = 1
  const said = (): readonly string[] => shown(bytes).slice(first)
  const client: MilterClient = {
    send: (...packets) => void socket.write(Buffer.concat(packets)),
    said,
    async answers(count) {
      while (said().length < count && !isClosed) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      return said()
    },
    forget() {
      bytes = Buffer.alloc(0)
      first = 0
    },
    get isClosed() {
      return isClosed
    },
    closed,
    destroy: () => void socket.destroy(),
  }
  client.send(mta.offer(), mta.connect('client.example', '203.0.113.10'), mta.helo('client.example'))
  while (shown(bytes).length < 1 && !isClosed) {
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
  return client
}
