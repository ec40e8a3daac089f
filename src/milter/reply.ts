/** What a milter answers, as packets. All of it but the decisions may only be said at the end of a message. */
import { cString, formatPacket, uint32 } from './codec.ts'

/** The decisions that are one letter. */
export const DECISION = {
  continue: 'c',
  accept: 'a',
  reject: 'r',
  tempfail: 't',
  discard: 'd',
  /** No more of this kind of event, please (SMFIP_SKIP). */
  skip: 's',
  /** 421 to the client. */
  shutdown: '4',
  conn_fail: 'f',
  /** Not a decision: still working on it. */
  progress: 'p',
} as const

export type MilterReply =
  | { readonly kind: keyof typeof DECISION }
  /** "550 5.7.1 text"; each further line after LF. */
  | { readonly kind: 'replycode'; readonly text: string }
  | { readonly kind: 'add_header'; readonly name: string; readonly value: string }
  /** Above the one that is at `index` from 0, counted with the MTA's own Received header. */
  | { readonly kind: 'insert_header'; readonly index: number; readonly name: string; readonly value: string }
  /** The nth of that name from 1, counted without the MTA's own; '' takes it away. */
  | { readonly kind: 'change_header'; readonly nth: number; readonly name: string; readonly value: string }
  /** Paths in angle brackets; `parameters` of ESMTP, '' none. */
  | { readonly kind: 'change_from' | 'add_recipient_with'; readonly path: string; readonly parameters: string }
  | { readonly kind: 'add_recipient' | 'delete_recipient'; readonly path: string }
  /** Several are one body. */
  | { readonly kind: 'replace_body'; readonly chunk: Uint8Array }
  | { readonly kind: 'quarantine'; readonly reason: string }

export function formatReply(reply: MilterReply): Buffer {
  switch (reply.kind) {
    case 'replycode':
      return formatPacket('y', cString(escapeReply(reply.text)))
    case 'add_header':
      return formatPacket('h', cString(reply.name), cString(reply.value))
    case 'insert_header':
      return formatPacket('i', uint32(reply.index), cString(reply.name), cString(reply.value))
    case 'change_header':
      return formatPacket('m', uint32(reply.nth), cString(reply.name), cString(reply.value))
    case 'change_from':
      return formatPacket('e', cString(reply.path), ...optional(reply.parameters))
    case 'add_recipient_with':
      return formatPacket('2', cString(reply.path), ...optional(reply.parameters))
    case 'add_recipient':
      return formatPacket('+', cString(reply.path))
    case 'delete_recipient':
      return formatPacket('-', cString(reply.path))
    case 'replace_body':
      return formatPacket('b', reply.chunk)
    case 'quarantine':
      return formatPacket('q', cString(reply.reason))
    default:
      return formatPacket(DECISION[reply.kind])
  }
}

/** sendmail uses the text as a format string; Postfix knows that. */
function escapeReply(text: string): string {
  const lines = text.replaceAll('%', '%%').split(/\r?\n/)
  return lines.map((line, i) => (i < lines.length - 1 ? line.replace(/^(\d\d\d) /, '$1-') : line)).join('\r\n')
}

function optional(text: string): readonly Buffer[] {
  return text === '' ? [] : [cString(text)]
}
