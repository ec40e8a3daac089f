import type { EmitEvent } from '../model/event.ts'
import type {
  HopDelivery,
  HopEnvelope,
  HopRecipientOptions,
  HopReply,
  HopResult,
  HopTransaction,
} from '../model/hop.ts'
import { replyText } from './codec.ts'
import { isAscii, mailCommand, rcptCommand, xforwardCommands } from './commands.ts'
import type { HopConnection } from './connection.ts'
import { finalResult, type RecipientEnd } from './final_result.ts'
import type { Opened } from './open.ts'
import type { ConnectionPool } from './pool.ts'
import type { HopSettings } from './settings.ts'
import { drain, sendMessage, type Transfer } from './transfer.ts'
import { localTrouble, lostTrouble, type Outcome, saidTrouble, type Trouble } from './trouble.ts'

export interface TransactionDeps {
  readonly settings: HopSettings
  readonly pool: ConnectionPool
  readonly lmtp: boolean
  /** A new connection, greeted and ready for MAIL. */
  open(): Promise<Opened>
  readonly emit: EmitEvent
}

interface Session {
  readonly connection: HopConnection
  /** MAIL's own fate; recipients are sent before it is known. */
  readonly mail: Promise<Outcome>
  /** Somebody has been accepted on this connection: it cannot be exchanged for another any more. */
  committed: boolean
}

type Started =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly trouble: Trouble; readonly relay: string }

type TransactionState = 'open' | 'data' | 'over'

/** One message to one SMTP or LMTP server. The connection is taken at the first recipient. */
export class SmtpTransaction implements HopTransaction {
  readonly #envelope: HopEnvelope
  readonly #deps: TransactionDeps
  #started: Promise<Started> | null = null
  #session: Session | null = null
  /** Sessions begun: the second one never comes from the pool. */
  #tries = 0
  #accepted: string[] = []
  #pending = 0
  #state: TransactionState = 'open'
  /** The message has been answered, which ends the server's transaction. */
  #answered = false
  #released = false

  constructor(envelope: HopEnvelope, deps: TransactionDeps) {
    this.#envelope = envelope
    this.#deps = deps
    deps.pool.enter()
  }

  async addRecipient(address: string, options: HopRecipientOptions): Promise<HopReply> {
    if (this.#state !== 'open') return { ok: false, reply: '451 4.3.0 Transaction is over' }
    this.#pending++
    try {
      return await this.#addOn(address, options)
    } finally {
      this.#pending--
      if (this.#isOver()) this.#release()
    }
  }

  async data(message: AsyncIterable<Uint8Array>): Promise<HopResult> {
    const session = this.#session
    if (this.#state !== 'open' || session === null || this.#accepted.length === 0) {
      this.abort()
      const taken = await drain(message)
      return { outcome: taken ? 'refused' : 'aborted', reply: '554 5.5.1 Error: no valid recipients', recipients: [] }
    }
    this.#state = 'data'
    const result = await this.#dataOn(session, message)
    this.#state = 'over'
    this.#release()
    return result
  }

  get isLost(): boolean {
    const connection = this.#state === 'open' ? this.#session?.connection : undefined
    return connection !== undefined && (connection.broken !== null || connection.early !== null)
  }

  abort(): void {
    // While the message goes out there is no way to take it back but to hang up; RFC 5321 4.1.1.4 knows no other.
    if (this.#state === 'data') this.#session?.connection.destroy()
    if (this.#state !== 'open') return
    this.#state = 'over'
    if (this.#pending === 0) this.#release()
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }

  async #addOn(address: string, options: HopRecipientOptions): Promise<HopReply> {
    const started = await this.#start()
    if (!started.ok) return { ok: false, reply: started.trouble.reply }
    const { session } = started
    const { connection } = session
    const refusal = this.#unfit(address, connection)
    if (refusal !== null) return { ok: false, reply: refusal.reply }
    const step = { doing: 'sending RCPT TO', timeoutMs: this.#deps.settings.timeouts.rcpt }
    const answered = connection.command(rcptCommand(address, options, connection.features), step)
    const mail = await session.mail
    const rcpt = await answered
    const trouble = mail.ok ? stepTrouble(rcpt, connection, 'RCPT TO command') : mail.trouble
    if (trouble === null) {
      session.committed = true
      this.#accepted.push(address)
      return { ok: true }
    }
    if (this.#mayRestart(session, trouble)) {
      this.#restart(session)
      return this.#addOn(address, options)
    }
    this.#deps.emit({ kind: 'info', text: `${this.#envelope.queueId}: ${trouble.text}` })
    return { ok: false, reply: trouble.reply }
  }

  /** A connection from the pool may have died while it was idle; then nobody has been promised anything yet. */
  #mayRestart(session: Session, trouble: Trouble): boolean {
    return (
      this.#state === 'open' &&
      trouble.broken &&
      trouble.unanswered &&
      session.connection.uses > 0 &&
      !session.committed
    )
  }

  #restart(session: Session): void {
    if (this.#session !== session) return
    session.connection.destroy()
    this.#session = null
    this.#started = null
  }

  #start(): Promise<Started> {
    this.#started ??= this.#begin()
    return this.#started
  }

  async #begin(): Promise<Started> {
    const pooled = this.#tries++ === 0 ? this.#deps.pool.take() : null
    const opened: Opened = pooled === null ? await this.#deps.open() : { ok: true, connection: pooled }
    if (!opened.ok) return opened
    const { connection } = opened
    if (this.#deps.settings.sendXforward) {
      for (const command of xforwardCommands(this.#envelope, connection.features))
        this.#sendXforward(connection, command)
    }
    const step = { doing: 'sending MAIL FROM', timeoutMs: this.#deps.settings.timeouts.mail }
    const mail = connection.command(mailCommand(this.#envelope, connection.features), step).then((outcome): Outcome => {
      const trouble = stepTrouble(outcome, connection, 'MAIL FROM command')
      return trouble === null ? outcome : { ok: false, trouble }
    })
    this.#session = { connection, mail, committed: false }
    return { ok: true, session: this.#session }
  }

  #sendXforward(connection: HopConnection, command: string): void {
    const step = { doing: 'sending XFORWARD name/address', timeoutMs: this.#deps.settings.timeouts.xforward }
    // Postfix: a refusal costs a warning, not the mail.
    void connection.command(command, step).then(outcome => {
      if (!outcome.ok || outcome.reply.code < 300) return
      const text = `host ${connection.namaddrport} said: ${replyText(outcome.reply)} (in reply to XFORWARD name/address command)`
      this.#deps.emit({ kind: 'warning', text })
    })
  }

  /** What this server cannot take, known before asking it. */
  #unfit(address: string, connection: HopConnection): Trouble | null {
    const { features, namaddr } = connection
    const { size, smtputf8, sender } = this.#envelope
    if (features.sizeLimit !== null && size > features.sizeLimit) {
      const text = `message size ${size} exceeds size limit ${features.sizeLimit} of server ${namaddr}`
      return localTrouble('552 5.3.4 Message size exceeds fixed limit', text)
    }
    if (smtputf8 && !features.smtputf8 && !(isAscii(address) && isAscii(sender))) return needsUtf8(namaddr)
    return null
  }

  async #dataOn(session: Session, message: AsyncIterable<Uint8Array>): Promise<HopResult> {
    const { connection } = session
    const { timeouts } = this.#deps.settings
    const answer = await connection.command('DATA', { doing: 'sending DATA command', timeoutMs: timeouts.dataInit })
    if (!answer.ok || answer.reply.code !== 354) {
      const trouble = answer.ok ? saidTrouble(connection.namaddr, answer.reply, 'DATA command') : answer.trouble
      // 2xx or another 3xx: nobody knows what the server waits for now.
      if (answer.ok && answer.reply.code < 400) connection.destroy()
      const taken = await drain(message)
      return taken ? this.#failAll(trouble) : this.#aborted()
    }
    const step = { doing: 'sending message body', timeoutMs: timeouts.dataXfer }
    const asciiHeader = this.#envelope.smtputf8 && !connection.features.smtputf8
    const transfer = await sendMessage(message, connection, { step, asciiHeader })
    if (transfer.kind !== 'sent') return this.#cutShort(transfer, connection)
    const ends = await this.#finish(connection)
    this.#answered = true
    return finalResult(ends, connection.namaddrport)
  }

  /** The dot, and the answer: one in SMTP, one for each accepted recipient in LMTP (RFC 2033 4.2). */
  async #finish(connection: HopConnection): Promise<readonly RecipientEnd[]> {
    const doing = 'sending end of data -- message may be sent more than once'
    const step = { doing, timeoutMs: this.#deps.settings.timeouts.dataDone }
    const count = this.#deps.lmtp ? this.#accepted.length : 1
    const answers = [connection.command('.', step)]
    while (answers.length < count) answers.push(connection.expect(step))
    const outcomes = await Promise.all(answers)
    return this.#accepted.map((address, index) => {
      const outcome = outcomes[this.#deps.lmtp ? index : 0] ?? { ok: false, trouble: lostTrouble('4.4.2', 'no answer') }
      const trouble = stepTrouble(outcome, connection, 'end of DATA command')
      return { recipient: address, outcome: trouble === null ? outcome : { ok: false, trouble } }
    })
  }

  #cutShort(transfer: Transfer, connection: HopConnection): HopResult {
    const early = connection.early
    const broken = connection.broken
    connection.destroy()
    if (transfer.kind === 'source_failed') return this.#aborted()
    if (transfer.kind === 'needs_smtputf8') return this.#failAll(needsUtf8(connection.namaddr))
    // Postfix: a server that refuses in the middle of the message and hangs up is quoted, not "lost".
    if (early !== null && early.code >= 400)
      return this.#failAll(saidTrouble(connection.namaddr, early, 'end of DATA command'))
    return this.#failAll(
      broken ?? lostTrouble('4.4.2', `lost connection with ${connection.namaddr} while sending message body`),
    )
  }

  #failAll(trouble: Trouble): HopResult {
    const ends = this.#accepted.map(
      (address): RecipientEnd => ({ recipient: address, outcome: { ok: false, trouble } }),
    )
    return finalResult(ends, this.#session?.connection.namaddrport ?? 'none')
  }

  #aborted(): HopResult {
    const recipients: readonly HopDelivery[] = []
    return { outcome: 'aborted', reply: '451 4.3.0 Message was not completed', recipients }
  }

  /** Once, when nobody waits for this transaction any more. */
  #release(): void {
    if (this.#released) return
    this.#released = true
    const session = this.#session
    this.#session = null
    if (session === null) this.#deps.pool.leave()
    else void this.#giveBack(session.connection).finally(() => this.#deps.pool.leave())
  }

  async #giveBack(connection: HopConnection): Promise<void> {
    if (connection.broken !== null) return
    if (!this.#answered) {
      const { timeouts } = this.#deps.settings
      const reset = await connection.command('RSET', { doing: 'sending final RSET', timeoutMs: timeouts.rset })
      if (!reset.ok || reset.reply.code >= 300) return connection.quit()
    }
    this.#deps.pool.give(connection)
  }
}

function stepTrouble(outcome: Outcome, connection: HopConnection, where: string): Trouble | null {
  if (!outcome.ok) return outcome.trouble
  return outcome.reply.code < 300 ? null : saidTrouble(connection.namaddr, outcome.reply, where)
}

function needsUtf8(namaddr: string): Trouble {
  const text = `SMTPUTF8 is required, but was not offered by host ${namaddr}`
  return localTrouble('553 5.6.7 SMTPUTF8 is required, but was not offered by the next hop', text)
}
