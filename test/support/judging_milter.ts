import net from 'node:net'
import { MilterServer } from '../../src/milter/server.ts'
import type { MessageJudge } from '../../src/model/mail_auth.ts'
import { SocketPushStream } from '../../src/net/push_stream.ts'
import { systemClock } from '../../src/util/clock.ts'

/** The milter of this repository in this process, with the judges that it is given. */
export interface JudgingMilter {
  readonly port: number
  /** "opendmarc: QID: text" */
  readonly log: readonly string[]
  readonly warnings: readonly string[]
  close(): Promise<void>
}

export async function startJudgingMilter(open: () => MessageJudge): Promise<JudgingMilter> {
  const log: string[] = []
  const warnings: string[] = []
  const milter = new MilterServer({
    clock: systemClock,
    open: () => ({
      judge: open(),
      log: ({ daemon, text }, queueId) => void log.push(`${daemon}: ${queueId}: ${text}`),
      warn: text => warnings.push(text),
      release: () => undefined,
    }),
    warn: text => warnings.push(text),
    idleSeconds: () => 300,
  })
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket =>
    milter.serve(new SocketPushStream(socket), () => undefined),
  )
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    log,
    warnings,
    async close() {
      server.close()
      await milter.stop(0)
    },
  }
}
