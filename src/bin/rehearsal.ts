/**
 * Plays one mail through the very session that serves clients, without a network and without delivering anything, and
 * notes what was asked and decided. So the verdict is a live session's by construction: `explain` and the demo use it.
 */
import type { Config } from '../config/config.ts'
import { makeDiscardHop } from '../hop/discard_hop.ts'
import type { Event } from '../model/event.ts'
import type { ClientFacts, Facts } from '../model/facts.ts'
import type { NextHop } from '../model/hop.ts'
import type { ClientName, Judgement, SessionJudge, Stage } from '../model/judge.ts'
import type { OpenSpool } from '../model/spool.ts'
import type { MessageJudging } from '../smtp/doors.ts'
import { makeSmtpServer } from '../smtp/server.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import type { DecisionParts } from './gateway.ts'
import { MemoryStream } from './memory_stream.ts'

/** The mail that is played. */
export interface Play {
  readonly client: string
  /** Told names are not looked up; "unknown" is one of them. Null: look it up. */
  readonly name: string | null
  readonly reverseName: string | null
  /** Null: none is said. */
  readonly helo: string | null
  readonly sender: string
  readonly recipients: readonly string[]
  readonly size: number | null
  readonly saslUser: string | null
  /** As DATA carries it, without the final dot; null: a stand-in. */
  readonly message: Uint8Array | null
}

/** One judging of one stage. */
export interface Judged {
  readonly stage: Stage
  readonly judgement: Judgement
}

/** One command (or the connection itself), what it was answered, and the judging in between. */
export interface Exchange {
  /** "CONNECT", "EHLO mail.example.org", …, "END-OF-MESSAGE". */
  readonly command: string
  readonly reply: string
  readonly judged: readonly Judged[]
}

export interface Played {
  readonly clientName: ClientName
  readonly exchanges: readonly Exchange[]
  /** What the log would say. */
  readonly events: readonly Event[]
}

const MESSAGE = Buffer.from('Subject: none, this is only a rehearsal\r\n\r\n')

/** Whoever rehearses has room for his own message. */
const openSpool: OpenSpool = () => {
  let pieces: Uint8Array[] = []
  return {
    async write(chunk) {
      // It may be reused after the call.
      pieces.push(Uint8Array.from(chunk))
      return null
    },
    async *read() {
      yield* pieces
    },
    close() {
      pieces = []
    },
  }
}

export interface RehearsalParts {
  readonly config: Config
  readonly decision: DecisionParts['decision']
  readonly clock: Clock
  /** Who judges whole messages; null: nobody, and the message is a stand-in. */
  readonly messages: MessageJudging | null
}

/** Plays the mail. Rejects only on a fault of ours. */
export async function rehearse(play: Play, parts: RehearsalParts): Promise<Played> {
  const stage = new RecordingStage(play, parts.decision.makeJudge())
  const hop: NextHop = makeDiscardHop('rehearsal')
  const events: Event[] = []
  const server = makeSmtpServer({
    setup: {
      config: withoutSurroundings(parts.config),
      makeJudge: () => stage,
      hops: { main: hop, hold: hop, filter: () => hop },
      lists: parts.decision.lists.sessionLists(),
      tls: null,
      sasl: null,
      messages: parts.messages,
      openSpool,
      srs: null,
    },
    rates: null,
    emit: event => events.push(event),
    clock: parts.clock,
    random: systemRandom,
    pid: process.pid,
  })
  const stream = new MemoryStream()
  const session = server.serve({
    stream,
    client: { address: play.client, port: null },
    server: { address: '127.0.0.1', port: 25 },
  })
  const exchanges = await converse(play, stream, stage)
  const clientName = await stage.lastClientName()
  stream.hangUp()
  await session
  return { clientName, exchanges, events }
}

/** No TLS, no proxy in front, no waiting for those who err: none of these is about the mail. */
function withoutSurroundings(config: Config): Config {
  return {
    ...config,
    smtpd_tls_security_level: 'none',
    smtpd_tls_wrappermode: false,
    smtpd_upstream_proxy_protocol: '',
    smtpd_error_sleep_time: 0,
  }
}

async function converse(play: Play, stream: MemoryStream, stage: RecordingStage): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = []
  /** The reply's code; 0 when the server hung up. */
  const hear = async (command: string): Promise<number> => {
    const reply = await stream.nextReply()
    exchanges.push({ command, reply: reply ?? '', judged: stage.takeJudged() })
    return Number((reply ?? '').slice(0, 3))
  }
  const say = (command: string): Promise<number> => {
    stream.say(command + '\r\n')
    return hear(command)
  }
  if ((await hear('CONNECT')) !== 220) return exchanges
  if (play.helo !== null && (await say(`EHLO ${play.helo}`)) !== 250) return exchanges
  const size = play.size === null ? '' : ` SIZE=${play.size}`
  if ((await say(`MAIL FROM:<${play.sender}>${size}`)) !== 250) return exchanges
  let accepted = 0
  for (const recipient of play.recipients) {
    const code = await say(`RCPT TO:<${recipient}>`)
    if (code === 0 || code === 421) return exchanges
    if (code === 250) accepted++
  }
  if (accepted > 0 && (await say('DATA')) === 354) {
    stream.say(play.message ?? MESSAGE)
    stream.say('.\r\n')
    await hear('END-OF-MESSAGE')
  }
  return exchanges
}

/** The real judge, with told facts put in and judgements noted. */
class RecordingStage implements SessionJudge {
  readonly #play: Play
  readonly #judge: SessionJudge
  #judged: Judged[] = []
  #facts: Facts | null = null

  constructor(play: Play, judge: SessionJudge) {
    this.#play = play
    this.#judge = judge
  }

  takeJudged(): readonly Judged[] {
    const judged = this.#judged
    this.#judged = []
    return judged
  }

  lastClientName(): Promise<ClientName> {
    if (this.#facts === null) throw new Error('Cannot name the client: nothing was judged')
    return this.#judge.clientName(this.#facts)
  }

  lookAhead(facts: Facts): void {
    this.#judge.lookAhead(this.#told(facts))
  }

  async judge(stage: Stage, facts: Facts): Promise<Judgement> {
    const judgement = await this.#judge.judge(stage, this.#told(facts))
    this.#judged.push({ stage, judgement })
    return judgement
  }

  clientName(facts: Facts): Promise<ClientName> {
    return this.#judge.clientName(this.#told(facts))
  }

  isAddressValid(address: string, smtputf8: boolean, facts: Facts): Promise<boolean> {
    return this.#judge.isAddressValid(address, smtputf8, this.#told(facts))
  }

  resetTransaction(): void {
    this.#judge.resetTransaction()
  }

  resetClient(facts: Facts): void {
    this.#judge.resetClient(this.#told(facts))
  }

  #told(facts: Facts): Facts {
    const { saslUser, size } = this.#play
    const client = toldClient(facts.client, this.#play)
    const sasl = saslUser === null ? facts.sasl : { method: 'PLAIN', username: saslUser, sender: '' }
    this.#facts = { ...facts, client, sasl, size: size ?? facts.size }
    return this.#facts
  }
}

/** The client under the names that it is told to have. */
export function toldClient(client: ClientFacts, { name, reverseName }: Play): ClientFacts {
  return {
    ...client,
    ...(name === null ? {} : { toldName: orNull(name) }),
    ...(reverseName === null ? {} : { toldReverseName: orNull(reverseName) }),
  }
}

function orNull(name: string): string | null {
  return name === 'unknown' ? null : name
}
