import fs from 'node:fs'
import path from 'node:path'
import { openMessageJudges } from '../../src/bin/message_judges.ts'
import { makeResolver } from '../../src/dns/cache.ts'
import type { AuthResult } from '../../src/mailauth/auth_results/auth_results.ts'
import { parseAuthResults } from '../../src/mailauth/auth_results/parse.ts'
import { makeSpf } from '../../src/mailauth/spf/spf.ts'
import { systemClock } from '../../src/util/clock.ts'
import type { DmarcCase } from './dmarc_cases.ts'
import { makeFakeWorld } from './fake_world.ts'
import { type JudgingMilter, startJudgingMilter } from './judging_milter.ts'
import { freePort } from './ports.ts'
import { waitFor } from './postern_program.ts'
import { makeInstanceDir, type RealPostfix, startPostfix } from './real_postfix.ts'
import { SinkServer } from './sink_server.ts'
import { SmtpClient } from './smtp_client.ts'

export const AUTHSERV_ID = 'mx.example.com'

/** What became of one message. */
export interface Outcome {
  readonly reply: string
  /** Headers and body as the next hop got them; '' where it did not. */
  readonly content: string
}

export interface SendOptions {
  readonly recipients?: readonly string[]
  readonly name?: string
}

/** Connections at once: TCP milters wait for delayed acknowledgements between their steps. */
const LANES = 8

/** A real Postfix with milters, that delivers into a sink. */
export class MilteredPostfix {
  readonly postfix: RealPostfix
  readonly #sink: SinkServer

  private constructor(postfix: RealPostfix, sink: SinkServer) {
    this.postfix = postfix
    this.#sink = sink
  }

  /** `helper`: an address whose port 53 is the name server; the sink listens at `sinkPort` of it. */
  static async start(milters: readonly number[], helper: string, sinkPort: number): Promise<MilteredPostfix> {
    const sink = new SinkServer({})
    await sink.listen(helper, sinkPort)
    const dir = makeInstanceDir('pf-dmarc-')
    const smtpdMilters = milters.map(port => `inet:127.0.0.1:${port}`).join(', ')
    fs.writeFileSync(
      path.join(dir, 'main.cf'),
      `${MAIN_CF}local_transport = smtp:[${helper}]:${sinkPort}\nsmtpd_milters = ${smtpdMilters}\n`,
    )
    return new MilteredPostfix(await startPostfix({ dir, port: await freePort(), dnsAddress: helper }), sink)
  }

  /** What becomes of each, in their order. */
  async play(cases: readonly DmarcCase[], options: SendOptions = {}): Promise<readonly Outcome[]> {
    const sent = new Map<DmarcCase, Sent>()
    const size = Math.ceil(cases.length / LANES)
    const lanes = Array.from({ length: LANES }, (_, lane) => cases.slice(lane * size, (lane + 1) * size))
    await Promise.all(
      lanes.map(async part => {
        const lane = new Lane(this.postfix.port, options)
        for (const one of part) sent.set(one, await lane.send(one))
        lane.close()
      }),
    )
    const outcomes: Outcome[] = []
    for (const one of cases) {
      const { reply, queueId } = sent.get(one) ?? { reply: '', queueId: '' }
      outcomes.push({ reply, content: queueId === '' ? '' : await this.#delivered(queueId) })
    }
    return outcomes
  }

  async stop(): Promise<void> {
    await this.postfix.stop()
    this.#sink.close()
  }

  #delivered(queueId: string): Promise<string> {
    const mark = `id ${queueId}\r\n`
    return waitFor(() => this.#sink.received.find(mail => mail.content.includes(mark))?.content, queueId, 20_000)
  }
}

interface Sent {
  readonly reply: string
  readonly queueId: string
}

/** One connection serves as many messages as come from the same client. */
class Lane {
  readonly #port: number
  readonly #options: SendOptions
  #client: { readonly smtp: SmtpClient; readonly who: string } | null = null

  constructor(port: number, options: SendOptions) {
    this.#port = port
    this.#options = options
  }

  async send({ clientAddress, helo, sender, content }: DmarcCase): Promise<Sent> {
    const smtp = await this.#connected(clientAddress, helo)
    const said = [await smtp.command(`MAIL FROM:<${sender}>`)]
    for (const recipient of this.#options.recipients ?? ['user@example.com'])
      said.push(await smtp.command(`RCPT TO:<${recipient}>`))
    said.push(await smtp.command('DATA'))
    if (said.some(line => /^[45]/.test(line))) throw new Error(said.join(' | '))
    smtp.write(content.replace(/^\./gm, '..'))
    const reply = await smtp.command('.')
    const queueId = /queued as (\S+)/.exec(reply)?.[1] ?? ''
    return { reply: reply.replace(/queued as \S+/, 'queued'), queueId }
  }

  close(): void {
    this.#client?.smtp.destroy()
  }

  async #connected(address: string, helo: string): Promise<SmtpClient> {
    const name = this.#options.name ?? '[UNAVAILABLE]'
    const who = `${name}[${address}] ${helo}`
    if (this.#client?.who === who) return this.#client.smtp
    this.close()
    const smtp = new SmtpClient({ host: '127.0.0.1', port: this.#port, from: '127.0.0.1' })
    await smtp.read()
    await smtp.command(`XCLIENT ADDR=${address} NAME=${name}`)
    await smtp.command(`EHLO ${helo}`)
    this.#client = { smtp, who }
    return smtp
  }
}

const MAIN_CF = `compatibility_level = 3.6
myhostname = ${AUTHSERV_ID}
mydestination = example.com example.org
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_client_connection_rate_limit = 0
smtpd_delay_open_until_valid_rcpt = yes
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
local_header_rewrite_clients =
default_destination_concurrency_limit = 50
in_flow_delay = 0
milter_protocol = 6
milter_default_action = tempfail
`

/** Postern's milter with the settings of these lines of main.cf. */
export async function startPosternMilter(mainCf: string, nameServer: string): Promise<JudgingMilter> {
  const { config } = makeFakeWorld({ mainCf: `myhostname = ${AUTHSERV_ID}\n${mainCf}` })
  const resolver = makeResolver({
    servers: [{ address: nameServer, port: 53 }],
    clock: systemClock,
    tryMs: 1000,
    attempts: 1,
  })
  const spf = makeSpf({ resolver, clock: systemClock, receiver: AUTHSERV_ID, timeLimit: 20, voidLimit: 2 })
  const problems: string[] = []
  const judges = openMessageJudges(config, {
    resolver,
    clock: systemClock,
    spf: question => spf.check(question),
    warn: problem => problems.push(problem.text),
  })
  const milter = await startJudgingMilter(() => judges.open())
  return {
    ...milter,
    async close() {
      await milter.close()
      resolver.close()
    },
  }
}

/** What Authentication-Results of ours say, by method, whoever of us wrote it. */
export function resultsOf(content: string): readonly AuthResult[] {
  const header = content.slice(0, content.indexOf('\r\n\r\n') + 2)
  return [...header.matchAll(/^Authentication-Results:((?:[^\r]|\r\n[ \t])*)\r\n/gim)]
    .map(match => parseAuthResults(match[1] ?? ''))
    .filter(parsed => parsed !== null && parsed.authservId === AUTHSERV_ID)
    .flatMap(parsed => parsed?.results ?? [])
}
