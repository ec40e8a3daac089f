import { understands } from '../../maillog/parse/parse_line.ts'
import type { LogLine, LogTime } from '../../model/log_line.ts'
import type { DateRange } from '../options.ts'
import { BanCounter } from './bans.ts'
import { own } from './bounded.ts'
import { type Cause, causeOf, withoutCode } from './checks.ts'
import { Clients } from './clients.ts'
import { DnsListCounter } from './dns_lists.ts'
import type { FilterHops } from './filter_hops.ts'
import { GatewayCounter, type Moment } from './gateway.ts'
import { GreylistCounter, parseGreylistLine } from './greylist.ts'
import type { Insights } from './insights.ts'
import { logSeconds } from './log_seconds.ts'
import { Messages, type OpenMessage } from './messages.ts'
import { parseClient, parseRejectLine, type RejectLine } from './reject_line.ts'
import { findSuspects } from './suspects.ts'
import { UnknownForms } from './unknown.ts'

export interface CollectorOptions {
  /** Of lines whose log has no year. */
  readonly year: number
  /** Days that count, as `dates` of ReportOptions; left out or null: all. */
  readonly dates?: DateRange | null
  /** Lines of hops are taken out before; only their number is shown here. */
  readonly filterHops?: FilterHops
  /** Whether the parser of the log knows a line; maillog's, where none is given. */
  understands?(line: LogLine): boolean
}

type Read = (collector: InsightCollector, line: LogLine) => void

/** By the last part of the program's name. What is not here says nothing that is counted. */
const READERS: Readonly<Record<string, Read>> = {
  smtpd: (collector, line) => collector.smtpd(line),
  cleanup: (collector, line) => collector.cleanup(line),
  pickup: (collector, line) => collector.pickup(line),
  qmgr: (collector, line) => collector.qmgr(line),
  nqmgr: (collector, line) => collector.qmgr(line),
  smtp: (collector, line) => collector.delivery(line, true),
  lmtp: (collector, line) => collector.delivery(line, false),
  local: (collector, line) => collector.delivery(line, false),
  virtual: (collector, line) => collector.delivery(line, false),
  pipe: (collector, line) => collector.delivery(line, false),
  relay: (collector, line) => collector.delivery(line, true),
  error: (collector, line) => collector.delivery(line, false),
  retry: (collector, line) => collector.delivery(line, false),
  discard: (collector, line) => collector.delivery(line, false),
  postscreen: (collector, line) => collector.postscreen(line),
  dnsblog: (collector, line) => collector.dnsblog(line),
  postgrey: (collector, line) => collector.greylist(line),
  policy: (collector, line) => collector.greylist(line),
  'policyd-spf': (collector, line) => collector.spf(line),
  opendkim: (collector, line) => collector.dkim(line),
  'fail2ban.actions': (collector, line) => collector.ban(line),
  'fail2ban-server': (collector, line) => collector.ban(line),
  fail2ban: (collector, line) => collector.ban(line),
}

/** How a line of header_checks and body_checks goes on behind "reject: ". */
const CONTENT = ['header ', 'body ', 'content '] as const

/** Programs of one log; a forger of names shall not fill the memory. */
const MAX_PROGRAMS = 1000

/** Takes the lines of a log in their order and tells at the end what they come to. Its memory has a bound. */
export class InsightCollector {
  readonly #options: CollectorOptions
  readonly #understands: (line: LogLine) => boolean
  readonly #isWanted: (time: LogTime) => boolean
  readonly #readers = new Map<string, Read | null>()
  readonly #gateway = new GatewayCounter()
  readonly #clients = new Clients()
  readonly #greylist = new GreylistCounter()
  readonly #dnsLists = new DnsListCounter()
  readonly #bans = new BanCounter()
  readonly #unknown = new UnknownForms()
  readonly #messages = new Messages({
    accepted: message => this.#accepted(message),
    refusedByNextHop: (message, isPermanent) => this.#refusedByNextHop(message, isPermanent),
    wroteTo: recipient => this.#clients.wroteTo(recipient),
  })

  constructor(options: CollectorOptions) {
    this.#options = options
    this.#understands = options.understands ?? understands
    this.#isWanted = dayFilter(options)
  }

  add(line: LogLine): void {
    if (!this.#isWanted(line.time)) return
    this.#unknown.read()
    if (!this.#understands(line)) this.#unknown.add(line.program, line.message)
    let reader = this.#readers.get(line.program)
    if (reader === undefined) {
      reader = readerOf(line.program)
      if (this.#readers.size < MAX_PROGRAMS) this.#readers.set(own(line.program), reader)
    }
    reader?.(this, line)
  }

  finish(): Insights {
    this.#messages.finish()
    return {
      gateway: this.#gateway.finish(),
      suspects: findSuspects(this.#clients),
      greylist: this.#greylist.finish(),
      dnsLists: this.#dnsLists.finish(),
      bans: this.#bans.finish(),
      unknown: this.#unknown.finish(),
      filterHops: this.#options.filterHops?.facts() ?? { handed: 0, returned: 0 },
    }
  }

  smtpd(line: LogLine): void {
    const { message } = line
    // Most lines: "connect from", "disconnect from"; they have no ": " so near.
    const colon = message.indexOf(': ')
    if (colon < 0 || colon > 20) return
    const at = colon + 2
    if (message.startsWith('client=', at)) {
      const client = parseClient(message, at + 7)
      if (client === null) return
      const isOwn = message.includes(', sasl_username=', client.end)
      this.#messages.fromClient(message.slice(0, colon), { ...client }, { isOwn, moment: this.#moment(line) })
    } else this.#verdict(line, colon)
  }

  cleanup(line: LogLine): void {
    const { message } = line
    const colon = message.indexOf(': ')
    if (colon < 0) return
    const at = colon + 2
    if (message.startsWith('message-id=', at) || message.startsWith('resent-message-id=', at))
      this.#messages.hasContent(message.slice(0, colon))
    else this.#verdict(line, colon)
  }

  pickup(line: LogLine): void {
    const { message } = line
    const colon = message.indexOf(': uid=')
    if (colon >= 0) this.#messages.fromHere(message.slice(0, colon), this.#moment(line))
  }

  qmgr({ message }: LogLine): void {
    const colon = message.indexOf(': ')
    if (colon < 0) return
    const queueId = message.slice(0, colon)
    if (message.startsWith('from=<', colon + 2)) this.#messages.queued(queueId)
    else if (message.startsWith('removed', colon + 2)) this.#messages.ended(queueId)
  }

  delivery({ message }: LogLine, isRemote: boolean): void {
    const colon = message.indexOf(': to=<')
    if (colon < 0) return
    const end = message.indexOf('>,', colon)
    const status = message.indexOf(', status=', end)
    if (end < 0 || status < 0) return
    const statusEnd = message.indexOf(' ', status + 9)
    this.#messages.delivered(message.slice(0, colon), message.slice(colon + 6, end), {
      status: message.slice(status + 9, statusEnd < 0 ? undefined : statusEnd),
      isRemote,
    })
  }

  postscreen(line: LogLine): void {
    const { message } = line
    if (message.startsWith('NOQUEUE: ')) {
      this.#verdict(line, 7)
      return
    }
    const isListed = message.startsWith('WHITELISTED ') || message.startsWith('ALLOWLISTED ')
    const client = isListed ? parseClient(message, message.indexOf(' ') + 1) : null
    if (client !== null) this.#clients.allow(client.address, 'postscreen')
  }

  /** "addr 192.0.2.1 listed by domain zen.spamhaus.org as 127.0.0.4" */
  dnsblog({ message }: LogLine): void {
    if (!message.startsWith('addr ')) return
    const listed = message.indexOf(' listed by domain ')
    const as = message.indexOf(' as ', listed)
    if (listed >= 0 && as >= 0) this.#dnsLists.add(message.slice(listed + 18, as), message.slice(5, listed))
  }

  greylist(line: LogLine): void {
    const { message } = line
    const at = message.indexOf('action=')
    if (at !== 0 && message.charCodeAt(at - 2) !== 0x3a) return
    const greylist = parseGreylistLine(message, at)
    if (greylist === null) return
    this.#greylist.add(greylist)
    if (greylist.action !== 'pass') return
    if (greylist.delay !== null) this.#clients.passedGreylist(greylist.address, greylist.delay)
    if (greylist.reason === 'client whitelist') this.#clients.allow(greylist.address, 'greylist')
  }

  /** "prepend Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=…; envelope-from=a@example.org; …" */
  spf({ message }: LogLine): void {
    if (!message.includes('Received-SPF: Pass') && !message.includes('; spf=pass')) return
    const address = behind(message, 'client-ip=')
    const sender = behind(message, 'envelope-from=') ?? ''
    if (address !== null) this.#clients.spfPassed(address, sender.slice(sender.lastIndexOf('@') + 1))
  }

  /** "QUEUEID: DKIM verification successful", "QUEUEID: s=mail d=example.org SSL …" */
  dkim({ message }: LogLine): void {
    const colon = message.indexOf(': ')
    if (colon < 0 || !message.startsWith('DKIM verification successful', colon + 2)) return
    const client = this.#messages.get(message.slice(0, colon))?.client
    if (client !== undefined && client !== null) this.#clients.dkimPassed(client.address, null)
  }

  ban({ message }: LogLine): void {
    this.#bans.add(message)
  }

  /** `colon`: behind the queue id. */
  #verdict(line: LogLine, colon: number): void {
    const { message } = line
    const at = colon + 2
    const end = message.indexOf(': ', at)
    if (end < 0) return
    switch (message.slice(at, end)) {
      case 'reject':
      case 'milter-reject':
      case 'discard':
      case 'milter-discard':
      case 'hangup':
        this.#reject(line, colon, end + 2)
        break
      case 'permit': {
        const client = parseRejectLine(message, end + 2)
        if (client !== null) this.#clients.allow(client.address, 'access')
        break
      }
      default:
    }
  }

  #reject(line: LogLine, colon: number, at: number): void {
    const { message } = line
    // Before anything else: a header may quote a whole reject line.
    if (CONTENT.some(word => message.startsWith(word, at))) {
      this.#contentReject(line, colon, at)
      return
    }
    const reject = parseRejectLine(message, at)
    if (reject === null) return
    const found = causeOf(withoutCode(reject.text))
    const asker = message.startsWith('milter-', colon + 2) ? 'milter' : lastPart(line.program)
    const isVague = found.check === 'other' && (asker === 'milter' || asker === 'postscreen')
    const cause: Cause = isVague ? { check: asker, detail: found.detail } : found
    if (cause.check === 'dns_list') this.#dnsLists.add(cause.detail, reject.address)
    this.#refuse(reject, cause, this.#moment(line))
    // What came after its content was taken is no accepted message; a RCPT that is refused leaves the others.
    if (reject.where === 'END-OF-MESSAGE' || reject.where === 'DATA') this.#messages.ended(message.slice(0, colon))
  }

  /** "QUEUEID: reject: header Subject: … from name[address]; from=<…> to=<…> proto=ESMTP helo=<…>: 5.7.1 text" (Postfix cleanup). */
  #contentReject(line: LogLine, colon: number, at: number): void {
    const { message } = line
    // The header is the client's own and may say " from x[y];" itself: Postfix's words are the last.
    const fields = message.lastIndexOf('; from=<')
    const from = fields < 0 ? -1 : message.lastIndexOf(' from ', fields - 1)
    const client = from < 0 ? null : parseClient(message, from + 6)
    if (client === null) return
    const text = message.slice(message.lastIndexOf('>: ') + 3)
    const place = message.slice(at, message.indexOf(':', at)).slice(0, 40)
    const sender = message.slice(fields + 8, message.indexOf('>', fields))
    const to = message.indexOf(' to=<', fields)
    const recipient = to < 0 ? null : message.slice(to + 5, message.indexOf('>', to))
    const isPermanent = !text.startsWith('4')
    const reject: RejectLine = {
      where: place,
      client: client.name,
      address: client.address,
      text,
      isPermanent,
      sender,
      recipient,
      helo: null,
    }
    this.#refuse(reject, { check: 'content', detail: place }, this.#moment(line))
    this.#messages.ended(message.slice(0, colon))
  }

  #refuse(reject: RejectLine, cause: Cause, moment: Moment): void {
    const client = reject.client === null ? reject.address : `${reject.client}[${reject.address}]`
    const { isPermanent, recipient, sender } = reject
    this.#gateway.refuse(moment, { cause, isPermanent, client, recipient, sender })
    this.#clients.refuse(reject, cause, moment.at)
  }

  #accepted({ client, isOwn, moment }: OpenMessage): void {
    if (isOwn || client === null) {
      this.#gateway.acceptOwn()
      return
    }
    this.#gateway.accept(moment)
    this.#clients.accept(client.address, moment.at)
  }

  #refusedByNextHop({ client, moment, isOwn }: OpenMessage, isPermanent: boolean): void {
    if (isOwn || client === null) return
    const name = client.name === null ? client.address : `${client.name}[${client.address}]`
    const cause = { check: 'next_hop' as const, detail: '' }
    this.#gateway.refuse(moment, { cause, isPermanent, client: name, recipient: null, sender: null })
  }

  #moment({ time }: LogLine): Moment {
    return { at: logSeconds(time, this.#options.year), hour: time.hour }
  }
}

function dayFilter({ dates, year }: CollectorOptions): (time: LogTime) => boolean {
  if (dates === undefined || dates === null) return () => true
  const number = (time: { year: number | null; month: number; day: number }): number =>
    (time.year ?? year) * 10_000 + time.month * 100 + time.day
  const first = number(dates.first)
  const last = number(dates.last)
  // Yesterday's lines without a year are last year's on the first of January.
  if (first === last && dates.first.year !== year)
    return time =>
      time.year === null ? time.month === dates.first.month && time.day === dates.first.day : number(time) === first
  return time => {
    const day = number(time)
    return day >= first && day <= last
  }
}

function readerOf(program: string): Read | null {
  const last = lastPart(program)
  return Object.hasOwn(READERS, last) ? (READERS[last] ?? null) : null
}

/** "smtpd" of "postfix/submission/smtpd". */
function lastPart(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1)
}

/** The value behind "name=", up to ";" or a blank. */
function behind(message: string, name: string): string | null {
  const start = message.indexOf(name)
  if (start < 0) return null
  const end = message.slice(start + name.length).search(/[; ]/)
  return end < 0 ? message.slice(start + name.length) : message.slice(start + name.length, start + name.length + end)
}
