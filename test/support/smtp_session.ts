import { loadConfig } from '../../src/config/config.ts'
import { formatEvent } from '../../src/event/format.ts'
import type { Event } from '../../src/model/event.ts'
import type { Facts } from '../../src/model/facts.ts'
import type { HopDelivery, HopReply, HopResult, NextHop } from '../../src/model/hop.ts'
import {
  type ClientName,
  type MessageEffects,
  NO_EFFECTS,
  type SessionJudge,
  type Stage,
} from '../../src/model/judge.ts'
import { ABSENT, found, type Lookup } from '../../src/model/lookup.ts'
import { LocalRates } from '../../src/net/anvil.ts'
import type { TlsServerContext } from '../../src/net/byte_stream.ts'
import type { MessageJudging, SenderRewriting, SessionLists } from '../../src/smtp/doors.ts'
import type { SaslServer } from '../../src/smtp/sasl.ts'
import { makeSmtpServer, type SmtpServer } from '../../src/smtp/server.ts'
import type { ServerConfig } from '../../src/smtp/settings.ts'
import { seededRandom } from '../../src/util/random.ts'
import { ManualClock, settle } from './manual_clock.ts'
import { MemorySpools } from './memory_spools.ts'
import { MemoryStream } from './memory_stream.ts'

/** A verdict: the connection is to be closed without a reply. */
export const HANGUP = Symbol('HANGUP')

export interface SmtpScript {
  /** main.cf; myhostname is mx.here.example. */
  readonly mainCf?: string
  /** The refusal of a stage, HANGUP, or what is to happen to the message; nothing: go on. */
  readonly verdict?: (stage: Stage, facts: Facts) => string | typeof HANGUP | Partial<MessageEffects> | undefined
  /** Resolves when the client's name is known; default: at once. */
  readonly name?: Promise<ClientName>
  /** The hop's answer about a recipient; default: ok. */
  readonly hopRecipient?: (address: string) => HopReply
  readonly hopResult?: (recipients: readonly string[]) => Partial<HopResult>
  readonly noHold?: boolean
  /** The hop never reads the message. */
  readonly hopStuck?: boolean
  /** Tables by parameter, then by key. */
  readonly tables?: Readonly<Record<string, (key: string) => string | undefined>>
  /** Clients (addresses) or words in lists, by parameter. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
  readonly sasl?: SaslServer
  readonly tls?: TlsServerContext
  readonly client?: string
  readonly messages?: MessageJudging
  readonly srs?: SenderRewriting
  /** Bytes that the spool takes; default: any number. */
  readonly spoolLimit?: number
  /** The hop has gone when the message has come. */
  readonly hopLost?: boolean
}

/** A message as a hop got it. */
export interface HopMessage {
  readonly hop: 'main' | 'hold' | 'filter'
  readonly sender: string
  readonly recipients: readonly string[]
  readonly text: string
}

const GOOD: ClientName = {
  name: 'client.example',
  reverseName: 'client.example',
  nameStatus: 'ok',
  reverseNameStatus: 'ok',
  warnings: [],
}

/** One SMTP session against a server in memory: the test speaks, hears, and reads log and next hop. */
export class SmtpSession {
  readonly clock = new ManualClock()
  readonly stream = new MemoryStream()
  readonly events: Event[] = []
  readonly delivered: HopMessage[] = []
  /** Transactions with the hop that were given up. */
  aborted = 0
  /** Transactions that were begun. */
  begun = 0
  /** What every stage was asked with. */
  readonly judged: { readonly stage: Stage; readonly facts: Facts }[] = []
  readonly lookedAhead: Facts[] = []
  readonly server: SmtpServer
  readonly rates = new LocalRates(this.clock, 60_000)
  readonly over: Promise<void>
  /** What the session asks about lists; a test may change it before it speaks. */
  readonly lists: SessionLists
  readonly spools: MemorySpools
  readonly #script: SmtpScript

  constructor(script: SmtpScript = {}) {
    this.#script = script
    this.spools = new MemorySpools(script.spoolLimit ?? Number.POSITIVE_INFINITY)
    this.lists = this.#lists()
    const setup = {
      config: testConfig(script.mainCf ?? ''),
      makeJudge: () => this.#judge(),
      hops: {
        main: this.#hop('main'),
        hold: script.noHold === true ? null : this.#hop('hold'),
        filter: (filter: string) => (filter.startsWith('filter:') ? this.#hop('filter') : null),
      },
      lists: this.lists,
      tls: script.tls ?? null,
      sasl: script.sasl ?? null,
      messages: script.messages ?? null,
      openSpool: () => this.spools.open(),
      srs: script.srs ?? null,
    }
    this.server = makeSmtpServer({
      setup,
      rates: this.rates,
      emit: event => this.events.push(event),
      clock: this.clock,
      random: seededRandom(1),
      pid: 4711,
    })
    const client = { address: script.client ?? '192.0.2.7', port: 40_000 }
    this.over = this.server.serve({ stream: this.stream, client, server: { address: '192.0.2.25', port: 25 } })
  }

  /** Another session with the same server. */
  connect(): MemoryStream {
    const stream = new MemoryStream()
    void this.server.serve({
      stream,
      client: { address: this.#script.client ?? '192.0.2.7', port: 40_001 },
      server: { address: '192.0.2.25', port: 25 },
    })
    return stream
  }

  /** Sends lines (CRLF added) and gives the reply lines to all of them. */
  async say(...lines: string[]): Promise<string[]> {
    return this.sayRaw(lines.map(line => `${line}\r\n`).join(''))
  }

  async sayRaw(bytes: string): Promise<string[]> {
    if (bytes !== '') this.stream.send(bytes)
    return this.hear()
  }

  /** What the server has said by now. */
  async hear(): Promise<string[]> {
    for (let turns = 0; turns < 20; turns++) await settle()
    return this.stream
      .take()
      .split('\r\n')
      .filter(line => line !== '')
  }

  /** Log lines so far, "program: text". */
  get log(): string[] {
    return this.events.map(event => {
      const { daemon, text } = formatEvent(event)
      return `${daemon}: ${text.replace(/\b[0-9A-F]{12}\b/g, 'QID')}`
    })
  }

  #judge(): SessionJudge {
    let effects: MessageEffects = NO_EFFECTS
    return {
      lookAhead: facts => {
        this.lookedAhead.push(facts)
      },
      judge: async (stage, facts) => {
        this.judged.push({ stage, facts })
        const said = this.#script.verdict?.(stage, facts)
        if (said === HANGUP) return { reply: null, effects, events: [], trace: { steps: [] }, hangup: true }
        if (typeof said === 'object') effects = { ...effects, ...said }
        return { reply: typeof said === 'string' ? said : null, effects, events: [], trace: { steps: [] } }
      },
      clientName: () => this.#script.name ?? Promise.resolve(GOOD),
      isAddressValid: async (address, smtputf8) => smtputf8 || !/@.*[^\x00-\x7f]/.test(address),
      resetTransaction: () => {
        effects = NO_EFFECTS
      },
      resetClient: () => undefined,
    }
  }

  #hop(name: HopMessage['hop']): NextHop {
    const lost = this.#script.hopLost === true
    return {
      begin: tx => {
        const recipients: string[] = []
        const begun = this.begun++
        return {
          get isLost() {
            return lost && begun === 0
          },
          addRecipient: async address => {
            const answer = this.#script.hopRecipient?.(address) ?? { ok: true }
            if (answer.ok) recipients.push(address)
            return answer
          },
          data: async message => {
            let text = ''
            if (this.#script.hopStuck === true) await new Promise(() => undefined)
            try {
              for await (const chunk of message) text += Buffer.from(chunk).toString('latin1')
            } catch {
              return { outcome: 'aborted', reply: '', recipients: [] }
            }
            const result = {
              outcome: 'taken' as const,
              reply: '250 2.0.0 Ok',
              recipients: recipients.map(sent),
              ...this.#script.hopResult?.(recipients),
            }
            if (result.outcome === 'taken') this.delivered.push({ hop: name, sender: tx.sender, recipients, text })
            return result
          },
          abort: () => {
            this.aborted++
          },
        }
      },
      close: () => Promise.resolve(),
    }
  }

  #lists(): SessionLists {
    const { tables = {}, lists = {} } = this.#script
    const has = (list: string, word: string): Lookup<true> =>
      lists[list]?.includes(word) === true ? found(true) : ABSENT
    return {
      hasClient: async (list, client) => has(list, client.address),
      hasWord: async (list, word) =>
        list === 'smtpd_sasl_mechanism_filter' ? found(true) : has(list, word.toUpperCase()),
      hasDomain: async (list, domain) => has(list, domain),
      find: async (maps, key) => {
        const value = tables[maps]?.(key)
        return value === undefined ? ABSENT : found(value)
      },
    }
  }
}

function sent(recipient: string): HopDelivery {
  return { recipient, status: 'sent', relay: 'hop[192.0.2.26]:25', dsn: '2.0.0', text: '250 2.0.0 Ok' }
}

function testConfig(mainCf: string): ServerConfig {
  const { config, problems } = loadConfig({
    mainCf: `myhostname = mx.here.example\ncompatibility_level = 3.6\nsmtpd_error_sleep_time = 0\n${mainCf.replace(/^[ \t]+(?=\w+\s*=)/gm, '')}\n`,
    path: '/etc/postfix/main.cf',
    env: { hostname: 'mx.here.example', interfaces: [], readFirstLine: () => null },
  })
  const problem = problems[0]
  if (problem !== undefined) throw new Error(`main.cf of the test: ${problem.text}`)
  return config
}
