/** What SMTP and LMTP clients say and hear, as text: replies in, commands out. Pure. */

/** One reply of the next hop, all its lines. */
export interface ServerReply {
  /** 200..599 */
  readonly code: number
  /** "5.1.1"; "5.0.0" where the server gave none (RFC 3463 2), as Postfix smtp(8) fills in. */
  readonly dsn: string
  readonly hasDsn: boolean
  /** Lines as they came, unprintable bytes as "?". */
  readonly lines: readonly string[]
}

export type ReplyStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'reply'; readonly reply: ServerReply }
  /** Not a reply. With pipelining on nobody can know any more which reply belongs to which command. */
  | { readonly kind: 'garbage'; readonly line: string }

/** Lines of one reply that are kept, and lines that are read before the server counts as broken. */
const MAX_REPLY_LINES = 500

/** Puts reply lines together. */
export class ReplyReader {
  #lines: string[] = []

  push(bytes: Uint8Array): ReplyStep {
    const line = printable(bytes)
    const match = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(line)
    const first = this.#lines[0]
    const code = match?.[1]
    if (code === undefined || (first !== undefined && !first.startsWith(code))) return this.#garbage(line)
    if (this.#lines.length >= MAX_REPLY_LINES) return this.#garbage(line)
    this.#lines.push(line)
    if (match?.[2] === '-') return { kind: 'more' }
    const lines = this.#lines
    this.#lines = []
    return { kind: 'reply', reply: makeServerReply(Number(code), lines) }
  }

  #garbage(line: string): ReplyStep {
    this.#lines = []
    return { kind: 'garbage', line }
  }
}

function makeServerReply(code: number, lines: readonly string[]): ServerReply {
  const last = lines.at(-1) ?? ''
  const match = /^(\d)\d\d[ -] *([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(last)
  // A status of another class than the code is out of protocol and ignored. RFC 2034 4.
  const dsn = match?.[2]?.startsWith(match[1] ?? '?') === true ? match[2] : null
  return { code, dsn: dsn ?? `${Math.trunc(code / 100)}.0.0`, hasDsn: dsn !== null, lines }
}

function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  return text.replace(/[\x00-\x1f\x7f\ufffd]/g, '?')
}

/** All lines with a blank between, as Postfix quotes a server in its log. */
export function replyText(reply: ServerReply): string {
  return reply.lines.join(' ')
}

/** The same as one reply line for a client: the code once, an enhanced status always. RFC 2034 4. */
export function replyLine(reply: ServerReply): string {
  return clientLine(reply, String(reply.code), reply.dsn)
}

/** A refusal as a temporary one with another code, its text kept. */
export function temporaryLine(reply: ServerReply, code: string): string {
  return clientLine(reply, code, `4${reply.dsn.slice(1)}`)
}

function clientLine(reply: ServerReply, code: string, dsn: string): string {
  const texts = reply.lines.map(line =>
    line
      .slice(4)
      .replace(/^ *[245]\.\d{1,3}\.\d{1,3}(?: |$)/, '')
      .trim(),
  )
  const text = texts.filter(part => part !== '').join(' ')
  // RFC 5321 4.5.3.1.5: a reply line has at most 512 octets.
  return `${code} ${dsn} ${text === '' ? 'Refused by the next hop' : text}`.slice(0, 510)
}

/** What the server can do, from its answer to EHLO or LHLO. */
export interface Features {
  readonly pipelining: boolean
  readonly eightBitMime: boolean
  readonly smtputf8: boolean
  readonly dsn: boolean
  readonly startTls: boolean
  readonly size: boolean
  /** Null: no limit told. */
  readonly sizeLimit: number | null
  /** XFORWARD attribute names, upper case. */
  readonly xforward: ReadonlySet<string>
}

export const NO_FEATURES: Features = {
  pipelining: false,
  eightBitMime: false,
  smtputf8: false,
  dsn: false,
  startTls: false,
  size: false,
  sizeLimit: null,
  xforward: new Set(),
}

/** Reads an EHLO answer; `discard` holds lower-case keywords to overlook (Postfix: smtp_discard_ehlo_keywords). */
export function parseFeatures(reply: ServerReply, discard: ReadonlySet<string>): Features {
  const words = new Map<string, readonly string[]>()
  for (const line of reply.lines.slice(1)) {
    const [keyword, ...rest] = line
      .slice(4)
      .trim()
      .split(/[ \t=]+/)
    if (keyword !== undefined && !discard.has(keyword.toLowerCase())) words.set(keyword.toUpperCase(), rest)
  }
  const limit = Number(words.get('SIZE')?.[0] ?? 0)
  return {
    pipelining: words.has('PIPELINING'),
    // Postfix: a server with SMTPUTF8 and no 8BITMIME is taken at its better word.
    eightBitMime: words.has('8BITMIME') || words.has('SMTPUTF8'),
    smtputf8: words.has('SMTPUTF8'),
    dsn: words.has('DSN'),
    startTls: words.has('STARTTLS'),
    size: words.has('SIZE'),
    // RFC 1870 4: zero means no fixed limit.
    sizeLimit: Number.isSafeInteger(limit) && limit > 0 ? limit : null,
    xforward: new Set(words.get('XFORWARD')?.map(name => name.toUpperCase())),
  }
}
