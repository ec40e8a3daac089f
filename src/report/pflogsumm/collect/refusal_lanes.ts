/**
 * "reject: RCPT from client[address]: 550 …" of the common kind, read as bytes. What it does is what reject.ts does with strings;
 * every line that could be meant otherwise is left to that.
 */
import type { CountOptions } from '../../options.ts'
import { BLANK, CLOSE, COLON, isAt, isDigit, NEWLINE, OPEN } from './bytes.ts'
import { ClientDomains } from './client_domains.ts'
import { Names } from './names.ts'
import { count1, inner, type Map3 } from './nested.ts'
import { PairCounts } from './pair_counts.ts'

const word = (text: string): Uint8Array => Buffer.from(text, 'latin1')

export const ACTIONS = ['reject', 'reject_warning', 'hold', 'discard'] as const
export type Action = (typeof ACTIONS)[number]

const ACTION_WORDS = ACTIONS.map(action => word(`${action}: `))
/** Stages whose reasons are shortened alike. */
const STAGES = ['RCPT', 'DATA', 'CONNECT'] as const
const STAGE_WORDS = STAGES.map(stage => word(`${stage} from `))
const SENDER_REJECTED = word('Sender address rejected: ')
const RECIPIENT_REJECTED = word('Recipient address rejected: ')
const SENDER_REJECTED_COLON = word('Sender address rejected:')
const RECIPIENT_REJECTED_COLON = word('Recipient address rejected:')
const USER_UNKNOWN = word('User unknown')
const CLIENT_HOST = word('Client host [')
const CLIENT = word('client [')
const BLOCKED = word('] blocked')
const FROM = word('from=<')
const TO = word('to=<')
const SAYS_BLOCKED = word(' blocked')
const PROTOCOL = word('Protocol')
/** The last two letters of each action. */
const ACTION_ENDS = ACTIONS.map(
  action => [action.charCodeAt(action.length - 2), action.charCodeAt(action.length - 1)] as const,
)
const SEMICOLON = 59
const COMMA = 44
const GREATER = 62
const EQUALS = 61
const LESS = 60

/** Places in the line in hand. */
interface Span {
  from: number
  to: number
}

export class RefusalLanes {
  readonly #isOn: boolean
  readonly #isCountedOnly: boolean
  readonly #reasons = new Names()
  readonly #who = new Names()
  readonly #domains = new ClientDomains(this.#who)
  readonly #counts = new PairCounts()
  readonly #noAddress = this.#who.internText('<>')
  readonly #reason: Span = { from: 0, to: 0 }
  readonly #sender: Span = { from: 0, to: 0 }
  readonly #recipient: Span = { from: 0, to: 0 }

  constructor(options: CountOptions) {
    const { verboseDetail, rejectAddFrom, rejectAddTo, srsMung, verpMung, ignoreCase, limits } = options
    this.#isOn = !(verboseDetail || rejectAddFrom || rejectAddTo || srsMung || verpMung !== null || ignoreCase)
    this.#isCountedOnly = limits.rejects === 0
  }

  /** The action (a number of ACTIONS) of the line whose action stands at `start`, where it was counted; -1: it must be read as a string. */
  count(bytes: Uint8Array, start: number): number {
    if (!this.#isOn) return -1
    const action = wordAt(bytes, start, ACTION_WORDS)
    if (action < 0) return -1
    const at = start + (ACTION_WORDS[action]?.length ?? 0)
    const stage = wordAt(bytes, at, STAGE_WORDS)
    if (stage < 0) return -1
    const client = at + (STAGE_WORDS[stage]?.length ?? 0)
    let end = client
    for (let byte = bytes[end] ?? 0; byte > BLANK; byte = bytes[++end] ?? 0);
    // The client, a colon, a blank.
    if (bytes[end] !== BLANK || bytes[end - 1] !== COLON || end - 1 <= client) return -1
    if (!this.#takeAddresses(bytes, end + 1) || !this.#takeReason(bytes, end + 1)) return -1
    if (!this.#isCountedOnly) {
      const reason = this.#reasons.intern(bytes, this.#reason.from, this.#reason.to)
      const who = this.#whom(bytes, client, end - 1)
      this.#counts.add((reason * STAGES.length + stage) * ACTIONS.length + action, who)
    }
    return action
  }

  /** Adds what was counted. */
  addTo(refusals: Readonly<Record<Action, Map3>>): void {
    for (const [key, who, count] of this.#counts) {
      const action = ACTIONS[key % ACTIONS.length] ?? 'reject'
      const rest = Math.floor(key / ACTIONS.length)
      const stage = STAGES[rest % STAGES.length] ?? ''
      const reason = this.#reasons.text(Math.floor(rest / STAGES.length))
      count1(inner(inner(refusals[action], stage), reason), this.#who.text(who), count)
    }
  }

  #whom(bytes: Uint8Array, client: number, clientEnd: number): number {
    const { from } = this.#reason
    if (isAt(bytes, from, SENDER_REJECTED_COLON)) return this.#address(bytes, this.#sender)
    const isRecipient =
      isAt(bytes, from, RECIPIENT_REJECTED_COLON) ||
      (isAt(bytes, from, USER_UNKNOWN) &&
        (from + USER_UNKNOWN.length === this.#reason.to || bytes[from + USER_UNKNOWN.length] === BLANK))
    return isRecipient ? this.#address(bytes, this.#recipient) : this.#domains.number(bytes, client, clientEnd)
  }

  #address(bytes: Uint8Array, { from, to }: Span): number {
    return to === from ? this.#noAddress : this.#who.intern(bytes, from, to)
  }

  /** The first "from=<…>" and "to=<…>" that are not empty; false: something in the line is uncommon. */
  #takeAddresses(bytes: Uint8Array, start: number): boolean {
    const [sender, recipient] = [this.#sender, this.#recipient]
    sender.from = sender.to = recipient.from = recipient.to = 0
    for (let at = start; bytes[at] !== NEWLINE; at++) {
      const byte = bytes[at]
      if (byte === LESS && bytes[at - 1] === EQUALS) {
        const span = isAt(bytes, at - TO.length + 1, TO)
          ? recipient
          : isAt(bytes, at - FROM.length + 1, FROM)
            ? sender
            : null
        if (span !== null && !takeSpan(bytes, at + 1, span)) return false
      } else if (byte === COLON && isOdd(bytes, at)) return false
    }
    return recipient.to > recipient.from
  }

  /** What pflogsumm makes of the reason: from behind the first colon or semicolon to the next semicolon or comma. */
  #takeReason(bytes: Uint8Array, start: number): boolean {
    // "550 <…>: …", of old versions, and "Protocol error".
    if (bytes[start + 4] === LESS || !isDigit(bytes[start])) return false
    let from = start
    while (
      bytes[from] !== NEWLINE &&
      !((bytes[from] === COLON || bytes[from] === SEMICOLON) && bytes[from + 1] === BLANK)
    )
      from++
    if (bytes[from] === NEWLINE) return false
    from += 2
    if (bytes[from] === OPEN) return false
    let to = from
    while (bytes[to] !== SEMICOLON && bytes[to] !== COMMA) if (bytes[to++] === NEWLINE) return false
    if (to === from || holds(bytes, { from: start, to: from }, PROTOCOL)) return false
    this.#reason.from = from
    this.#reason.to = to
    return this.#shorten(bytes)
  }

  #shorten(bytes: Uint8Array): boolean {
    const reason = this.#reason
    for (const rejected of [SENDER_REJECTED, RECIPIENT_REJECTED]) {
      if (!isAt(bytes, reason.from, rejected)) continue
      const detail = reason.from + rejected.length
      let to = detail
      while (to < reason.to && bytes[to] !== COLON) to++
      if (to > detail) reason.to = to
      return !holds(bytes, reason, SAYS_BLOCKED)
    }
    for (const host of [CLIENT_HOST, CLIENT])
      if (isAt(bytes, reason.from, host)) {
        let at = reason.from + host.length
        while (at < reason.to && bytes[at] !== CLOSE) at++
        if (!isAt(bytes, at, BLOCKED)) return false
        reason.from = at + 2
        return true
      }
    return !holds(bytes, reason, SAYS_BLOCKED)
  }
}

/** The number of the word that stands at `at`; -1: none does. */
function wordAt(bytes: Uint8Array, at: number, words: readonly Uint8Array[]): number {
  for (let number = 0; number < words.length; number++) {
    const each = words[number]
    if (each !== undefined && isAt(bytes, at, each)) return number
  }
  return -1
}

function holds(bytes: Uint8Array, { from, to }: Span, part: Uint8Array): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === part[0] && isAt(bytes, at, part)) return true
  return false
}

/** What is before ">", if there is not something yet. False: the line ends before. */
function takeSpan(bytes: Uint8Array, from: number, span: Span): boolean {
  let to = from
  for (let byte = bytes[to]; byte !== GREATER; byte = bytes[++to]) if (byte === NEWLINE) return false
  if (span.to > span.from) return true
  span.from = from
  span.to = to
  return true
}

/** Whether a colon ends "[digits]" or what could be the action of a refusal: a client wrote a line into the line. */
function isOdd(bytes: Uint8Array, colon: number): boolean {
  if (bytes[colon + 1] !== BLANK) return false
  const [before, last] = [bytes[colon - 2], bytes[colon - 1]]
  for (const [a, b] of ACTION_ENDS) if (before === a && last === b) return true
  if (last !== CLOSE) return false
  let at = colon - 2
  while (isDigit(bytes[at])) at--
  return bytes[at] === OPEN
}
