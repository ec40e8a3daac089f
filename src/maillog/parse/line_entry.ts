/** What one form of line is made of, and the pieces that the forms share. */
import type { Event } from '../../model/event.ts'

/** A form of line that is understood. To add one is to add an entry; its example is its test. */
export interface LineEntry {
  /** A real line of this form, without header and program. */
  readonly example: string
  /** Must match from the beginning: what a client wrote can then not look like what Postfix wrote before it. */
  readonly pattern: RegExp
  /** What is told; without it the line is understood and tells nothing. Null: it was not this form after all. */
  readonly event?: (groups: Groups) => Event | null
}

export type Groups = Readonly<Record<string, string | undefined>>

/**
 * "name[addr]", "unknown[addr]", "unknown[unknown]", and ":port" behind it with smtpd_client_port_logging. A name has passed Postfix's
 * valid_hostname(): it has none of the brackets and blanks that a forger needs.
 */
export const CLIENT = String.raw`(?<client>[\w.\-]*\[[^\]\s]{1,100}\](?::\d{1,5})?)`

/** Short (hexadecimal) and long queue ids; Postern's own are long ones. */
export const QUEUE_ID = '(?<id>[0-9A-Za-z]{4,24})'

/** smtpd's `where`: "RCPT", "END-OF-MESSAGE", "DATA (12 bytes)"; no client writes it. */
export const WHERE = String.raw`(?<where>[A-Za-z][A-Za-z \-]{0,40}?(?: \(\d+ bytes\))?)`

/** A pattern from pieces. */
export function line(...pieces: readonly string[]): RegExp {
  return new RegExp(`^${pieces.join('')}`)
}

/** The address of a "name[addr]:port", without its brackets; null: it is not known ("unknown[unknown]"). */
export function addressOf(client: string): string | null {
  const open = client.indexOf('[')
  const close = client.indexOf(']', open)
  if (open < 0 || close < 0) return null
  const address = client.slice(open + 1, close)
  return address === 'unknown' ? null : address
}

/** '"a b"@x.example' as it is written with info_log_address_format = external, into 'a b@x.example'. */
export function unquote(address: string): string {
  const parts = /^"((?:[^"\\]|\\.)*)"(@[^"]*)?$/.exec(address)
  return parts === null ? address : `${(parts[1] ?? '').replace(/\\(.)/g, '$1')}${parts[2] ?? ''}`
}
