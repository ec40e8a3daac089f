/** "reject: RCPT from name[address]: 450 4.7.1 text; from=<…> to=<…> proto=ESMTP helo=<…>" (Postfix log_whatsup), cut into its parts. */

export interface RejectLine {
  /** CONNECT, HELO, RCPT, END-OF-MESSAGE … */
  readonly where: string
  /** Verified host name; null: "unknown". */
  readonly client: string | null
  readonly address: string
  /** "450 4.7.1 text", or "4.7.1 text" of a milter. */
  readonly text: string
  /** All 5xx, and what has no code. */
  readonly isPermanent: boolean
  readonly sender: string | null
  readonly recipient: string | null
  readonly helo: string | null
}

/** `at`: where "RCPT from …" begins. Null: it is something else. */
export function parseRejectLine(message: string, at: number): RejectLine | null {
  const from = message.indexOf(' from ', at)
  if (from < 0) return null
  const client = parseClient(message, from + 6)
  if (client === null || !message.startsWith(': ', client.end)) return null
  const fields = fieldsStart(message, client.end)
  const text = message.slice(client.end + 2, fields < 0 ? message.length : fields)
  const tail = fields < 0 ? '' : message.slice(fields)
  return {
    where: message.slice(at, from),
    client: client.name,
    address: client.address,
    text,
    isPermanent: text.charCodeAt(0) !== 0x34,
    sender: field(tail, ' from=<'),
    recipient: field(tail, ' to=<'),
    helo: heloOf(tail),
  }
}

export interface Client {
  readonly name: string | null
  readonly address: string
  /** Behind "]" or the port that follows it. */
  readonly end: number
}

/** "name[address]", "name[address]:port" at `at`. The name is one that DNS has verified, so that nobody can put a bracket into it. */
export function parseClient(message: string, at: number): Client | null {
  const open = message.indexOf('[', at)
  if (open < 0) return null
  const close = message.indexOf(']', open)
  if (close < 0) return null
  const name = message.slice(at, open)
  let end = close + 1
  // "[addr]:port", in smtpd with smtpd_client_port_logging and in postscreen.
  if (message.charCodeAt(end) === 0x3a && isDigit(message.charCodeAt(end + 1))) {
    end++
    while (isDigit(message.charCodeAt(end))) end++
  }
  return { name: name === 'unknown' || name === '' ? null : name, address: message.slice(open + 1, close), end }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/**
 * Where "; from=<", or "; proto=" without a sender, begins. What the client said may show the same words: HELO stands behind, so
 * the first counts, and what the reply quotes of an address or name, "<…>: ", is passed over.
 */
function fieldsStart(message: string, after: number): number {
  const quoted = message.startsWith('<', skipCode(message, after)) ? message.indexOf('>: ', after) : -1
  const start = Math.max(after, quoted)
  const from = message.indexOf('; from=<', start)
  return from >= 0 ? from : message.indexOf('; proto=', start)
}

/** Behind ": 450 4.7.1 ". */
function skipCode(message: string, at: number): number {
  let end = at + 2
  while (isDigit(message.charCodeAt(end)) || message[end] === '.' || message[end] === ' ') end++
  return end
}

function field(tail: string, name: string): string | null {
  const start = tail.indexOf(name)
  if (start < 0) return null
  const end = tail.indexOf('>', start + name.length)
  return end < 0 ? null : tail.slice(start + name.length, end)
}

/** The last field but for what Postfix 3.10 puts behind it: helo=<…> sasl_method=…, sasl_username=…. */
function heloOf(tail: string): string | null {
  const start = tail.indexOf(' helo=<')
  if (start < 0) return null
  const end = tail.indexOf('>', start)
  return end < 0 ? null : tail.slice(start + 7, end)
}
