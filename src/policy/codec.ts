/** Postfix's policy delegation protocol (SMTPD_POLICY_README): bytes to requests, actions to answers. Pure. */

/** All attributes up to Postfix 3.10, in the order in which it sends them, and Postgrey's own for tests. */
const ATTRIBUTES = [
  'request',
  'protocol_state',
  'protocol_name',
  'client_address',
  'client_name',
  'client_port',
  'reverse_client_name',
  'server_address',
  'server_port',
  'helo_name',
  'sender',
  'recipient',
  'recipient_count',
  'queue_id',
  'instance',
  'size',
  'etrn_domain',
  'stress',
  'sasl_method',
  'sasl_username',
  'sasl_sender',
  'ccert_subject',
  'ccert_issuer',
  'ccert_fingerprint',
  'ccert_pubkey_fingerprint',
  'encryption_protocol',
  'encryption_cipher',
  'encryption_keysize',
  'policy_context',
  'compatibility_level',
  'mail_version',
  'policy_test_time',
] as const

export type AttributeName = (typeof ATTRIBUTES)[number]

/** The attributes of one request that we know; undefined: it was not there. Of one that comes twice the last counts. */
export type PolicyRequest = Readonly<Record<AttributeName, string | undefined>>

export interface ParsedRequest {
  readonly request: PolicyRequest
  /** Lines that are no attributes. */
  readonly garbage: readonly string[]
}

/** Postfix's addresses and names are shorter than a line of SMTP (line_length_limit = 2048); what exceeds this is cut off, as Postgrey does at 512. */
export const VALUE_LIMIT = 4096
/** A request of Postfix's has less than 2 kB. */
export const REQUEST_LIMIT = 64 * 1024

const PREFIXES: readonly string[] = ATTRIBUTES.map(name => `${name}=`)
const INDEX: ReadonlyMap<string, number> = new Map(ATTRIBUTES.map((name, index) => [name, index]))
const NO_GARBAGE: readonly string[] = []

const LF = 10
const CR = 13

/** Reads the lines of one request, without the empty one that ends it. Never throws. */
export function parseRequest(text: string): ParsedRequest {
  const values: (string | undefined)[] = new Array(ATTRIBUTES.length)
  let garbage: string[] | null = null
  /** Postfix says them in our order: most lines are known without looking at their names. */
  let expected = 0
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf('\n', at)
    const next = lineEnd < 0 ? text.length : lineEnd
    const end = next > at && text.charCodeAt(next - 1) === CR ? next - 1 : next
    const prefix = PREFIXES[expected]
    const isExpected = prefix !== undefined && text.startsWith(prefix, at)
    const equals = isExpected ? at + prefix.length - 1 : text.indexOf('=', at)
    if (equals <= at || equals >= end) {
      garbage ??= []
      if (end > at) garbage.push(text.slice(at, end))
    } else {
      const index = isExpected ? expected : INDEX.get(text.slice(at, equals))
      if (index !== undefined) {
        values[index] = text.slice(equals + 1, end - equals > VALUE_LIMIT ? equals + 1 + VALUE_LIMIT : end)
        expected = index + 1
      }
    }
    at = next + 1
  }
  return { request: requestOf(values), garbage: garbage ?? NO_GARBAGE }
}

/** In the order of ATTRIBUTES. One literal, so that all requests have one shape: naming each by a variable is slow. */
function requestOf(values: readonly (string | undefined)[]): PolicyRequest {
  return {
    request: values[0],
    protocol_state: values[1],
    protocol_name: values[2],
    client_address: values[3],
    client_name: values[4],
    client_port: values[5],
    reverse_client_name: values[6],
    server_address: values[7],
    server_port: values[8],
    helo_name: values[9],
    sender: values[10],
    recipient: values[11],
    recipient_count: values[12],
    queue_id: values[13],
    instance: values[14],
    size: values[15],
    etrn_domain: values[16],
    stress: values[17],
    sasl_method: values[18],
    sasl_username: values[19],
    sasl_sender: values[20],
    ccert_subject: values[21],
    ccert_issuer: values[22],
    ccert_fingerprint: values[23],
    ccert_pubkey_fingerprint: values[24],
    encryption_protocol: values[25],
    encryption_cipher: values[26],
    encryption_keysize: values[27],
    policy_context: values[28],
    compatibility_level: values[29],
    mail_version: values[30],
    policy_test_time: values[31],
  }
}

/** An action as it goes on the wire. Line breaks would begin another attribute. */
export function formatAnswer(action: string): string {
  return `action=${/[\r\n\0]/.test(action) ? action.replace(/[\r\n\0]+/g, ' ') : action}\n\n`
}

const END = Buffer.from('\n\n')
const END_WITH_CR = Buffer.from('\n\r\n')

/** Cuts a stream into requests, however its bytes arrive. Holds no more than REQUEST_LIMIT and one chunk. */
export class RequestReader {
  #bytes: Buffer = Buffer.alloc(0)
  /** What is ours of `#bytes` to write behind; 0: the bytes are the sender's chunk itself. */
  #capacity = 0
  #end = 0
  #at = 0
  /** No request ends before this. */
  #scanned = 0
  #hasCr = false

  /** Bytes have come. They are kept, not copied, as long as `next` takes them all. */
  push(chunk: Buffer): void {
    if (!this.#hasCr && chunk.includes(CR)) this.#hasCr = true
    if (this.#at === this.#end) {
      this.#bytes = chunk
      this.#capacity = 0
      this.#end = chunk.length
      this.#at = 0
      this.#scanned = 0
    } else this.#append(chunk)
  }

  /** The text of the next whole request ('' where there is but an empty line), or null: more must come. */
  next(): string | null {
    const bytes = this.#bytes
    const from = this.#at
    if (from >= this.#end) return null
    if (bytes[from] === LF) return this.#take(from, from + 1)
    if (bytes[from] === CR && from + 1 < this.#end && bytes[from + 1] === LF) return this.#take(from, from + 2)
    const start = Math.max(from, this.#scanned - 2)
    const plain = this.#find(END, start)
    const withCr = this.#hasCr ? this.#find(END_WITH_CR, start) : -1
    if (plain < 0 && withCr < 0) {
      this.#scanned = this.#end
      return null
    }
    return withCr < 0 || (plain >= 0 && plain < withCr) ? this.#take(plain, plain + 2) : this.#take(withCr, withCr + 3)
  }

  /** A request has begun and not ended. */
  get isPartial(): boolean {
    return this.#at < this.#end
  }

  /** No end came in REQUEST_LIMIT bytes; only for asking when `next` says null. */
  get isTooLong(): boolean {
    return this.#end - this.#at > REQUEST_LIMIT
  }

  #find(what: Buffer, from: number): number {
    const found = this.#bytes.indexOf(what, from)
    // Behind #end there may be room of ours with old bytes in it.
    return found < 0 || found + what.length > this.#end ? -1 : found
  }

  #take(end: number, next: number): string {
    // Invalid UTF-8 becomes U+FFFD, which matches nothing.
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = next
    return text
  }

  #append(chunk: Buffer): void {
    const held = this.#end - this.#at
    const needed = held + chunk.length
    if (this.#capacity - this.#end < chunk.length) {
      // Twice as much, so that a request that comes byte by byte is not copied each time.
      const grown = Buffer.alloc(needed * 2)
      this.#bytes.copy(grown, 0, this.#at, this.#end)
      this.#bytes = grown
      this.#capacity = grown.length
      this.#scanned = Math.max(0, this.#scanned - this.#at)
      this.#at = 0
      this.#end = held
    }
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }
}
