import type { Event, VerdictEvent } from '../model/event.ts'
import type { ClientFacts, Facts, HeloFacts, SaslFacts } from '../model/facts.ts'
import { type ClientName, type Judgement, type MessageEffects, NO_EFFECTS, type Stage } from '../model/judge.ts'
import type { TlsInfo } from '../net/byte_stream.ts'
import { sleep } from '../util/clock.ts'
import { macNames } from '../util/mac_expand.ts'
import { InputBuffer } from './codec.ts'
import { CommandStats } from './command_stats.ts'
import type { ListClient, SessionDoors, SessionLists } from './doors.ts'
import { addFooter } from './footer.ts'
import { footerLookup } from './footer_names.ts'
import type { IncomingMessage } from './incoming_message.ts'
import { SessionLog } from './session_log.ts'
import type { SmtpConfig } from './settings.ts'
import { tellingLists } from './told_lists.ts'
import { type ForwardedClient, Transaction } from './transaction.ts'
import { LostClient, type Wire } from './wire.ts'

export interface SessionStart {
  readonly client: ClientFacts
  readonly server: { readonly address: string; readonly port: number | null }
}

type RejectChanges = Partial<Pick<VerdictEvent, 'sender' | 'recipient' | 'whatsup' | 'daemon'>>

/** When even asking went wrong. */
const NAMELESS: ClientName = {
  name: 'unknown',
  reverseName: 'unknown',
  nameStatus: 'temporary',
  reverseNameStatus: 'temporary',
  warnings: [],
}

/** Everything a session knows about its client, and how it speaks: the state that the commands work on. */
export class Dialogue {
  readonly doors: SessionDoors
  readonly config: SmtpConfig
  readonly wire: Wire
  readonly log: SessionLog
  readonly lists: SessionLists
  readonly stats = new CommandStats()
  client: ClientFacts
  server: { readonly address: string; readonly port: number | null }
  name: ClientName | null = null
  tx = new Transaction()
  /** Between DATA (or the first BDAT) and its end. */
  incoming: IncomingMessage | null = null
  /** Content of BDAT chunks that is no whole line yet. */
  chunks = new InputBuffer()
  helo: HeloFacts | null = null
  protocol: 'SMTP' | 'ESMTP' = 'SMTP'
  /** The last command, as log lines name it. */
  where = 'CONNECT'
  tls: TlsInfo | null = null
  sasl: { readonly method: string; readonly username: string } | null = null
  saslMechanisms: readonly string[] | null = null
  /** Whom the SASL server named when it refused last; what does not get as far as it is told with that name (Postfix 3.7). */
  saslRefused: string | null = null
  /** AUTH is configured, and its server does not answer. */
  saslDown = false
  forwarded: ForwardedClient | null = null
  discarded: ReadonlySet<string> = new Set()
  errors = 0
  junk = 0
  pipelinedEarly = false
  hangup = false
  /** The server is about to end: no new transaction. */
  stopping = false
  bareLfNoted = false
  accessDenied: string | null = null
  detectBareLf = false
  xclientAllowed = false
  xforwardAllowed = false
  /** What to show this client at EHLO is not known: the lists could not be asked. */
  unsure: ReadonlySet<'discards' | 'XCLIENT' | 'XFORWARD'> = new Set()
  effects: MessageEffects = NO_EFFECTS
  sequence = 0

  constructor(doors: SessionDoors, wire: Wire, start: SessionStart) {
    this.doors = doors
    this.config = doors.config
    this.wire = wire
    this.log = new SessionLog(doors.emit)
    this.lists = tellingLists(doors.lists, text => this.log.warn(text))
    this.client = start.client
    this.server = start.server
  }

  get listClient(): ListClient {
    return { address: this.client.address, name: async () => (await this.clientName()).name }
  }

  /** Between two transactions. */
  get isIdle(): boolean {
    return this.tx.sender === null && this.incoming === null
  }

  /** RFC 5321 4.2.2, 3.8: what a server says when it is about to end. */
  get shutdownReply(): string {
    return `421 4.3.2 ${this.config.myhostname} Service shutting down`
  }

  get queueIdOrNot(): string {
    return this.tx.queueId ?? 'NOQUEUE'
  }

  async clientName(): Promise<ClientName> {
    return this.name ?? (await this.doors.judge.clientName(this.facts()))
  }

  /** "name[address]", and ":port" with smtpd_client_port_logging. */
  async namaddr(): Promise<string> {
    return this.formatNamaddr(await this.clientName())
  }

  formatNamaddr(name: ClientName): string {
    const port = this.config.smtpd_client_port_logging ? `:${this.client.port ?? 'unknown'}` : ''
    return `${name.name}[${this.client.address}]${port}`
  }

  /** Lines that name the client wait for its name; the dialogue does not. */
  nameClient(): void {
    const { client } = this
    this.name = null
    this.log.forgetClient()
    this.doors.judge.lookAhead(this.facts())
    const known = (name: ClientName): void => {
      if (this.client !== client) return
      this.name = name
      this.log.setClient(this.formatNamaddr(name), name.warnings)
    }
    this.clientName().then(known, () => known(NAMELESS))
  }

  facts(changes: Partial<Facts> = {}): Facts {
    const { tx } = this
    const sasl: SaslFacts | null = this.sasl === null ? null : { ...this.sasl, sender: tx.saslSender }
    return {
      client: this.client,
      server: this.server,
      helo: this.helo,
      tls: this.tls,
      sasl,
      sender: tx.sender,
      recipient: tx.recipients.length > 1 ? null : tx.recipient,
      recipientCount: tx.recipients.length,
      etrnDomain: null,
      size: tx.receivedSize > 0 ? tx.receivedSize : tx.announcedSize,
      smtputf8: tx.smtputf8,
      where: this.where,
      protocol: this.protocol,
      pipelinedEarly: this.pipelinedEarly,
      queueId: tx.queueId,
      instance: tx.instance,
      ...changes,
    }
  }

  /** The verdict of a stage, logged; null: go on. Throws LostClient for HANGUP. */
  async judge(stage: Stage, facts: Facts): Promise<string | null> {
    const judgement: Judgement = await this.doors.judge.judge(stage, facts)
    this.effects = judgement.effects
    for (const event of judgement.events) this.log.add(() => event)
    if (judgement.hangup === true) {
      this.hangup = true
      throw new LostClient('hangup')
    }
    return judgement.reply
  }

  /** A refusal of the session's own, as the restriction lists log theirs (Postfix log_whatsup). */
  logReject(text: string, changes: RejectChanges = {}): void {
    const { where, protocol, tx } = this
    const fixed = {
      queueId: tx.queueId,
      where,
      text,
      sender: tx.sender,
      recipient: tx.recipient,
      protocol,
      helo: this.helo?.name ?? null,
    }
    this.log.add((client): Event => ({ kind: 'verdict', whatsup: 'reject', ...fixed, ...changes, client }))
  }

  /** Says one reply: "250 2.1.0 Ok", several lines joined by CRLF. */
  async reply(text: string): Promise<void> {
    if (this.errors >= this.config.smtpd_soft_error_limit && this.config.smtpd_error_sleep_time > 0) {
      await this.wire.flush()
      await sleep(this.doors.clock, this.config.smtpd_error_sleep_time * 1000)
    }
    const lines = (await this.withFooter(text))
      .split('\r\n')
      .map(line => (this.config.soft_bounce ? softened(line) : line))
    this.wire.write(lines.map(line => `${line}\r\n`).join(''))
    await this.wire.flushIfDue()
    // Postfix: an orderly end after these two, whoever said them.
    if (/^[45]21/.test(lines[0] ?? '')) this.hangup = true
  }

  /** Counts an error of the client. */
  async refuse(text: string): Promise<false> {
    await this.reply(text)
    return false
  }

  private async withFooter(text: string): Promise<string> {
    if (!/^[45]/.test(text)) return text
    const found = await this.doors.lists.find('smtpd_reject_footer_maps', text)
    const template = found.status === 'found' ? found.value : this.config.smtpd_reject_footer
    if (template === '') return text
    const needsName = macNames(template).some(name => name === 'client' || name.endsWith('client_name'))
    const name = needsName ? await this.clientName() : null
    const known = footerLookup(this, name)
    const lookup = (word: string): string | undefined => {
      const value = known(word)
      if (value === undefined) this.log.warn(`unknown macro name "${word}" in expansion request`)
      return value
    }
    return addFooter(text, template, { lookup, allow: this.config.smtpd_expansion_filter })
  }

  resetHelo(): void {
    this.helo = null
  }

  /** RSET, HELO, end of message: whatever MAIL began is over. */
  resetTransaction(): void {
    this.incoming?.abort()
    this.incoming = null
    this.tx.hop?.abort()
    this.tx = new Transaction()
    this.effects = NO_EFFECTS
    this.forwarded = null
    this.doors.judge.resetTransaction()
  }
}

/** soft_bounce: only the first digits change. */
function softened(line: string): string {
  if (!line.startsWith('5')) return line
  return `4${line.slice(1, 4)}${line[4] === '5' ? '4' : line.slice(4, 5)}${line.slice(5)}`
}
