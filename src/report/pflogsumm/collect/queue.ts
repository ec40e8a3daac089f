/** Lines of one queue id, which mean something only together. Here by strings, after pflogsumm; queue_lanes.ts is the fast way. */
import { flatCopy } from '../../../maillog/read_line.ts'
import type { CountOptions } from '../../options.ts'
import { ConnectionCounts, type Moment } from './connections.ts'
import type { PostfixLine } from './line.ts'
import { count2, type Map2 } from './nested.ts'
import { QueueTable } from './queue_table.ts'
import { RecipientCounts } from './recipients.ts'
import { lower, lowerDomain, mungSrs, mungUucp, mungVerp, trimSaid } from './rewrite.ts'
import { NULL_SENDER, SenderCounts } from './senders.ts'
import { BOUNCED, DEFERRED, DELIVERED, RECEIVED, type TrafficCounts } from './traffic.ts'

const DEFERRAL_LENGTH = 65
const BOUNCE_LENGTH = 66
const CLIENT = /\[\d+\]: \w+: client=(.+?)(?:,|$)/s
const SENDER = /from=<([^>]*)>, size=(\d+)/
const RECIPIENT =
  /to=<([^>]*)>, (?:orig_to=<([^>]*)>, )?relay=([^,]+), (?:conn_use=[^,]+, )?delay=([^,]+), (?:delays=[^,]+, )?(?:dsn=[^,]+, )?status=([^ \t\n\v\f\r]+)(.*)$/s
const CONNECT_FAILURES = [
  /.* connect to ([^ \t\n\v\f\r]+?): ([^;]+); address [^ \t\n\v\f\r]+ port.*$/s,
  /.* connect to ([^[]+)\[[^ \t\n\v\f\r]+?\]: (.+?) \(port \d+\)$/s,
]

/** A delivery line, as RECIPIENT cuts it. */
interface Delivery {
  readonly address: string
  readonly relay: string
  readonly delay: number
  readonly status: string
  readonly rest: string
}

export class QueueCounts {
  readonly table = new QueueTable()
  readonly senders = new SenderCounts()
  readonly recipients = new RecipientCounts()
  readonly connections = new ConnectionCounts()
  readonly deferralReasons: Map2 = new Map()
  readonly bounceReasons: Map2 = new Map()
  readonly smtpFailures: Map2 = new Map()
  readonly sizeless = new Map<string, string>()
  readonly messages = new Map<string, string[]>()
  readonly totals = { received: 0, delivered: 0, forwarded: 0, deferred: 0, deferrals: 0, bounced: 0 }
  readonly #options: CountOptions
  readonly #traffic: TrafficCounts

  constructor(options: CountOptions, traffic: TrafficCounts) {
    this.#options = options
    this.#traffic = traffic
  }

  count(line: PostfixLine, moment: Moment): void {
    const { text, daemon, word } = line
    if (daemon === 'smtpd' || daemon === 'postscreen') {
      const client = CLIENT.exec(text)?.[1]
      if (client === undefined) this.connections.count(text, moment)
      else this.#receive(word, client)
      return
    }
    const sender = SENDER.exec(text)
    if (sender !== null) {
      this.#send(word, sender[1] ?? '', Number(sender[2]))
      return
    }
    const delivery = this.#delivery(text)
    if (delivery !== null) this.#deliver(line, delivery)
    else if (daemon === 'pickup' && /: (?:sender|uid)=/.test(text)) this.receive(this.#place(word), this.senders.pickup)
    else if (daemon === 'smtp' && this.#options.limits.smtp !== 0) this.#countFailure(text)
  }

  /** A new message at that place of the table. */
  receive(place: number, origin: number): void {
    this.#traffic.count(RECEIVED)
    this.totals.received++
    this.table.setOrigin(place, origin)
  }

  /** What was delivered, counted; `bytes` is 0 where the size is not known. */
  deliver(address: number, delay: number, bytes: number): void {
    this.recipients.deliver(address, delay, bytes)
    this.#traffic.count(DELIVERED)
    this.totals.delivered++
  }

  #place(word: string): number {
    const bytes = Buffer.from(word, 'latin1')
    return this.table.place(bytes, 0, bytes.length)
  }

  #receive(word: string, client: string): void {
    const bytes = Buffer.from(client, 'latin1')
    this.receive(this.#place(word), this.senders.clientOrigin(bytes, 0, bytes.length))
  }

  #send(word: string, raw: string, bytes: number): void {
    const place = this.#place(word)
    // Counted once, however often the queue manager takes it up.
    if (this.table.size(place) !== 0) return
    const { uucpMung, ignoreCase, verpMung, srsMung, messageDetail } = this.#options
    let address = NULL_SENDER
    if (raw !== '' && raw !== '0') {
      const munged = uucpMung ? mungUucp(raw) : raw
      address = mungVerp(ignoreCase ? lower(munged) : lowerDomain(munged), verpMung)
      if (srsMung) address = mungSrs(address)
    }
    this.table.setSize(place, bytes)
    if (messageDetail) this.#note(word, address)
    const origin = this.table.origin(place)
    if (origin < 0) return
    this.senders.count(this.senders.addresses.names.internText(address), origin, bytes)
    this.table.setOrigin(place, -1)
  }

  #note(word: string, text: string): void {
    const noted = this.messages.get(word)
    if (noted === undefined) this.messages.set(flatCopy(word), [flatCopy(text)])
    else noted.push(flatCopy(text))
  }

  #delivery(text: string): Delivery | null {
    const parts = RECIPIENT.exec(text)
    if (parts === null) return null
    const [, to = '', origTo = '', relay = '', delay = '', status = '', rest = ''] = parts
    const { uucpMung, ignoreCase, useOrigTo } = this.#options
    const raw = useOrigTo && origTo !== '' ? origTo : to
    const munged = uucpMung ? mungUucp(raw) : raw
    return {
      address: ignoreCase ? lower(munged) : lowerDomain(munged),
      relay: ignoreCase ? lower(relay) : relay,
      // Perl, too, reads as many digits as there are.
      delay: Number.parseFloat(delay) || 0,
      status,
      rest,
    }
  }

  #deliver({ text, daemon, word }: PostfixLine, delivery: Delivery): void {
    switch (delivery.status) {
      case 'sent':
        if (delivery.rest.includes('forwarded as ')) this.totals.forwarded++
        else this.#deliverMessage(word, delivery)
        break
      case 'deferred':
        this.#defer(word, delivery)
        if (this.#options.limits.deferrals !== 0) {
          const reason = /, status=deferred \(([^)]+)/.exec(text)?.[1] ?? ''
          const short = this.#shortReason(reason, DEFERRAL_LENGTH)
          count2(this.deferralReasons, daemon, this.#options.verboseDetail ? short : short.replace(/^connect to /, ''))
        }
        break
      case 'bounced':
        this.#traffic.count(BOUNCED)
        this.totals.bounced++
        if (this.#options.limits.bounces !== 0) {
          const reason = /, status=bounced \((.+)\)/s.exec(text)?.[1] ?? ''
          count2(this.bounceReasons, delivery.relay, this.#shortReason(reason, BOUNCE_LENGTH))
        }
        break
    }
  }

  #deliverMessage(word: string, { address, delay }: Delivery): void {
    const bytes = this.table.size(this.#place(word))
    this.deliver(this.recipients.addresses.names.internText(address), delay, bytes)
    const { noSizeless, messageDetail } = this.#options
    if (bytes === 0) {
      if (!noSizeless) this.sizeless.set(flatCopy(word), flatCopy(address))
      if (messageDetail) this.#note(word, '(sender not in log)')
    }
    if (messageDetail) this.#note(word, address)
  }

  #defer(word: string, { address, delay }: Delivery): void {
    this.#traffic.count(DEFERRED)
    this.totals.deferrals++
    if (this.table.defer(this.#place(word))) this.totals.deferred++
    this.recipients.defer(address, delay)
  }

  #shortReason(reason: string, length: number): string {
    return this.#options.verboseDetail ? reason : trimSaid(reason, length).replace(/^\d{3} /, '')
  }

  #countFailure(text: string): void {
    // Most lines of smtp(8) have none of these, and the patterns are slow to see it.
    if (!text.includes('; address ') && !text.includes(' (port ')) return
    for (const pattern of CONNECT_FAILURES) {
      const parts = pattern.exec(text)
      if (parts === null) continue
      count2(this.smtpFailures, lower(parts[2] ?? ''), parts[1] ?? '')
      return
    }
  }
}
