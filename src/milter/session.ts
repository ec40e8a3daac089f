import type { Clock, Timer } from '../util/clock.ts'
import { MilterError, PacketReader } from './codec.ts'
import { type MilterCommand, parseCommand } from './command.ts'
import { clientOf, Envelope } from './envelope.ts'
import { SMFIP } from './flags.ts'
import { type JudgedMessage, Message } from './message.ts'
import { agree, formatOptions, type Options } from './negotiate.ts'
import { formatReply, type MilterReply } from './reply.ts'
import { verdictReplies } from './verdict.ts'

/** How often the MTA hears that a verdict is still awaited. sendmail waits ten seconds for an answer, Postfix milter_content_timeout. */
const PROGRESS_MS = 5000

export interface SessionHost {
  /** Behind a Unix socket. */
  readonly isLocal: boolean
  readonly clock: Clock
  /** A message begins. */
  open(): JudgedMessage
  warn(text: string): void
  /** Packets for the MTA: may be called at any time, also out of `push`. */
  write(bytes: Uint8Array): void
  /** A verdict has been given: call `proceed`. */
  wake(): void
}

/** Where in the protocol we are; each allows what `ALLOWED` says. */
type Phase = 'offer' | 'client' | 'idle' | 'envelope' | 'header' | 'body'

type Kind = MilterCommand['kind']

/** What may come at any time once there is a client. HELO and MAIL break off a message, as in libmilter. */
const ALWAYS: readonly Kind[] = ['macros', 'abort', 'quit', 'quit_nc', 'unknown', 'helo', 'mail']

/** libmilter engine.c next_states, without its steps back. An MTA need not have a recipient or a body. */
const ALLOWED: Readonly<Record<Phase, ReadonlySet<Kind>>> = {
  offer: new Set<Kind>(['negotiate', 'quit']),
  client: new Set<Kind>(['connect', 'macros', 'abort', 'quit', 'quit_nc']),
  idle: new Set<Kind>(ALWAYS),
  envelope: new Set<Kind>([...ALWAYS, 'rcpt', 'data', 'header', 'eoh', 'body', 'end']),
  header: new Set<Kind>([...ALWAYS, 'header', 'eoh', 'body', 'end']),
  body: new Set<Kind>([...ALWAYS, 'body', 'end']),
}

/** The flag by which the MTA has agreed to go on without an answer. */
const NO_REPLY: Readonly<Partial<Record<Kind, number>>> = {
  connect: SMFIP.NR_CONN,
  helo: SMFIP.NR_HELO,
  mail: SMFIP.NR_MAIL,
  rcpt: SMFIP.NR_RCPT,
  data: SMFIP.NR_DATA,
  header: SMFIP.NR_HDR,
  eoh: SMFIP.NR_EOH,
  body: SMFIP.NR_BODY,
  unknown: SMFIP.NR_UNKN,
}

/**
 * One connection of an MTA without its socket: packets in, replies out, one message after the other. Packets that come while a
 * verdict is awaited wait too, so that replies go out in order.
 */
export class MilterSession {
  readonly #host: SessionHost
  readonly #reader = new PacketReader()
  readonly #envelope = new Envelope()
  #options: Options = { version: 0, actions: 0, protocol: 0 }
  #phase: Phase = 'offer'
  #message: Message | null = null
  #progress: Timer | null = null
  #isJudging = false
  #isOver = false

  constructor(host: SessionHost) {
    this.#host = host
  }

  /** Bytes have come; `proceed` looks at them. */
  push(chunk: Buffer): void {
    if (!this.#isOver) this.#reader.push(chunk)
  }

  /** Takes all packets that have come whole, or those before a verdict. */
  proceed(): void {
    try {
      while (!this.#isJudging && !this.#isOver) {
        const packet = this.#reader.next()
        if (packet === null) return
        this.#take(parseCommand(packet))
      }
    } catch (error) {
      const isForeign = error instanceof MilterError
      this.#host.warn(
        `closing a milter connection: ${isForeign ? error.message : `unexpected fault: ${String(error)}`}`,
      )
      this.close()
    }
  }

  /** A verdict is awaited: nothing more is taken until then. */
  get isJudging(): boolean {
    return this.#isJudging
  }

  /** From MAIL to the answer at the end of the message, or ABORT. */
  get isInMessage(): boolean {
    return this.#phase === 'envelope' || this.#phase === 'header' || this.#phase === 'body'
  }

  /** The connection may be closed. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The connection is gone, or shall go. */
  close(): void {
    this.#isOver = true
    // What is being judged is told to the log yet.
    if (!this.#isJudging) this.#endMessage()
  }

  #take(command: MilterCommand): void {
    if (!ALLOWED[this.#phase].has(command.kind))
      throw new MilterError(
        `${command.kind} out of order (${this.#phase === 'offer' ? 'before the offer' : `in ${this.#phase}`})`,
      )
    this.#obey(command)
    const flag = NO_REPLY[command.kind]
    if (flag !== undefined && (this.#options.protocol & flag) === 0) this.#reply({ kind: 'continue' })
  }

  #obey(command: MilterCommand): void {
    switch (command.kind) {
      case 'negotiate':
        this.#options = agree(command.offer, this.#host.isLocal)
        this.#phase = 'client'
        this.#host.write(formatOptions(this.#options))
        break
      case 'macros':
        this.#envelope.setMacros(command.stage, command.macros)
        break
      case 'connect':
        this.#envelope.client = clientOf(command.hostname, command.address)
        this.#phase = 'idle'
        break
      case 'helo':
        if (this.isInMessage) this.#endMessage()
        this.#envelope.helo = command.name
        break
      case 'mail':
        this.#releaseMessage()
        this.#envelope.begin(command.path)
        this.#phase = 'envelope'
        break
      case 'rcpt':
        this.#envelope.addRecipient(command.path)
        break
      case 'header':
        this.#phase = 'header'
        this.#opened().header(command.name, command.value)
        break
      case 'eoh':
        this.#phase = 'body'
        this.#opened()
        break
      case 'body':
        this.#phase = 'body'
        this.#opened().body(command.chunk)
        break
      case 'end':
        this.#phase = 'body'
        this.#opened().body(command.chunk)
        this.#judge(this.#opened())
        break
      case 'abort':
        if (this.#phase !== 'client') this.#endMessage()
        break
      case 'quit':
        this.close()
        break
      case 'quit_nc':
        this.#endMessage()
        this.#envelope.clearClient()
        this.#phase = 'client'
        break
      case 'data':
      case 'unknown':
        break
    }
  }

  /** The configuration of a message is the one in use when its content begins to come. */
  #opened(): Message {
    this.#message ??= new Message(this.#host.open(), {
      envelope: this.#envelope.asked(),
      hasLeadingBlank: (this.#options.protocol & SMFIP.HDR_LEADSPC) !== 0,
    })
    return this.#message
  }

  #judge(message: Message): void {
    if (message.isTooLarge) {
      this.#reply({ kind: 'replycode', text: '552 5.3.4 Message header size exceeds fixed limit' })
      this.#endMessage()
      return
    }
    this.#isJudging = true
    this.#keepWaiting()
    const { queueId } = this.#envelope
    void message.end(this.#envelope.asked()).then(verdict => {
      this.#isJudging = false
      this.#progress?.cancel()
      if (this.#isOver) {
        this.#releaseMessage()
        return
      }
      const { replies, undone } =
        verdict === null ? { replies: [PASS], undone: '' } : verdictReplies(verdict, this.#options)
      if (undone !== '') message.warn(`${queueId === null ? '' : `${queueId}: `}the MTA lets us not ${undone}`)
      this.#reply(...replies)
      this.#endMessage()
      this.#host.wake()
    })
  }

  #keepWaiting(): void {
    this.#progress = this.#host.clock.after(PROGRESS_MS, () => {
      if (this.#isOver || !this.#isJudging) return
      this.#reply({ kind: 'progress' })
      this.#keepWaiting()
    })
  }

  #endMessage(): void {
    this.#releaseMessage()
    this.#envelope.clearMessage()
    if (this.isInMessage) this.#phase = 'idle'
  }

  #releaseMessage(): void {
    this.#message?.release()
    this.#message = null
  }

  /** In one write: TCP has nothing to wait for in between. */
  #reply(...replies: readonly MilterReply[]): void {
    const packets = replies.map(formatReply)
    this.#host.write(packets.length === 1 ? (packets[0] ?? Buffer.alloc(0)) : Buffer.concat(packets))
  }
}

const PASS: MilterReply = { kind: 'accept' }
