import type { HopSettings } from '../../src/hop/settings.ts'
import type { HopReply, HopResult } from '../../src/model/hop.ts'
import { envelope, type HopBench, hopBench, PLAIN_RCPT, pieces } from './hop_bench.ts'
import { type HopScript, ScriptedHop } from './scripted_hop.ts'

/** A message with dots where they hurt. */
export const MESSAGE = 'Subject: hi\r\n\r\n.dot\r\n..two\r\nend\r\n'

/** A scripted server and the next hop that leads to it. */
export interface HopPair extends HopBench {
  readonly hop: ScriptedHop
  readonly port: number
  /** One transaction; the recipients all at once. */
  send(
    recipients: readonly string[],
    message?: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly answers: readonly HopReply[]; readonly result: HopResult }>
  close(): Promise<void>
}

export async function hopPair(script: HopScript, settings: Partial<HopSettings> = {}, lmtp = false): Promise<HopPair> {
  const hop = new ScriptedHop(script)
  const port = await hop.listen()
  const bench = hopBench(lmtp ? `lmtp:inet:127.0.0.1:${port}` : `smtp:[127.0.0.1]:${port}`, settings)
  const send: HopPair['send'] = async (recipients, message = pieces(MESSAGE)) => {
    const tx = bench.hops.main.begin(envelope())
    const answers = await Promise.all(recipients.map(address => tx.addRecipient(address, PLAIN_RCPT)))
    return { answers, result: await tx.data(message) }
  }
  const close = async (): Promise<void> => {
    await hop.close()
    await bench.hops.close()
  }
  return { hop, port, send, close, ...bench }
}
