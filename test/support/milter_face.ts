import net from 'node:net'
import { MilterServer } from '../../src/milter/server.ts'
import type { MessageVerdict } from '../../src/model/mail_auth.ts'
import { SocketPushStream } from '../../src/net/push_stream.ts'
import { systemClock } from '../../src/util/clock.ts'
import { NotingJudge } from './milter_packets.ts'

/** The milter of this repository in this process, with a judge of the test's own. */
export interface MilterFace {
  readonly port: number
  /** One for each message, in the order in which their content began. */
  readonly judges: readonly NotingJudge[]
  readonly warnings: readonly string[]
  /** Connections so far, and those that are open. */
  readonly connections: { readonly all: number; readonly open: number }
  close(): Promise<void>
}

export async function startMilterFace(
  decide: (judge: NotingJudge) => MessageVerdict | Promise<MessageVerdict>,
): Promise<MilterFace> {
  const judges: NotingJudge[] = []
  const warnings: string[] = []
  const connections = { all: 0, open: 0 }
  const milter = new MilterServer({
    clock: systemClock,
    open() {
      const judge = new NotingJudge(decide)
      judges.push(judge)
      return { judge, log: () => undefined, warn: text => warnings.push(text), release: () => undefined }
    },
    warn: text => warnings.push(text),
    idleSeconds: () => 300,
  })
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    connections.all++
    connections.open++
    milter.serve(new SocketPushStream(socket), () => void connections.open--)
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    judges,
    warnings,
    connections,
    async close() {
      server.close()
      await milter.stop(0)
    },
  }
}
