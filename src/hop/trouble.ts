import { replyLine, replyText, type ServerReply, temporaryLine } from './codec.ts'

/** Why the next hop did not do what was asked: what the client hears, and what the log says. */
export interface Trouble {
  /** One line for our own client: "451 4.4.1 …". Names the policy, not the machinery. */
  readonly reply: string
  readonly dsn: string
  /** In the words of Postfix smtp(8): "lost connection with host[addr] while sending MAIL FROM". */
  readonly text: string
  /** The connection itself is gone or cannot be trusted any more. */
  readonly broken: boolean
  /** It broke before the server said anything about the command: it may be tried again on another connection. */
  readonly unanswered: boolean
}

export type Outcome =
  | { readonly ok: true; readonly reply: ServerReply }
  | { readonly ok: false; readonly trouble: Trouble }

export const UNAVAILABLE = '451 4.4.1 Next hop unavailable'

/** Connection trouble: always temporary for the client, since we keep nothing to bounce. */
export function lostTrouble(dsn: string, text: string, reply: string = UNAVAILABLE): Trouble {
  return { reply, dsn, text, broken: true, unanswered: true }
}

/** The server refused: its own words go to the client. `where` is "RCPT TO command" and the like. */
export function saidTrouble(namaddr: string, reply: ServerReply, where: string): Trouble {
  const text = `host ${namaddr} said: ${replyText(reply)} (in reply to ${where})`
  return { reply: passedOn(reply), dsn: reply.dsn, text, broken: reply.code === 421, unanswered: false }
}

/** The greeting or the EHLO answer was a refusal. It concerns the hop, not this client's mail: temporary. */
export function refusedToTalk(namaddr: string, reply: ServerReply): Trouble {
  const text = `host ${namaddr} refused to talk to me: ${replyText(reply)}`
  return { reply: UNAVAILABLE, dsn: `4${reply.dsn.slice(1)}`, text, broken: true, unanswered: false }
}

/** Our own refusal of this message for this hop. */
export function localTrouble(reply: string, text: string): Trouble {
  return { reply, dsn: reply.split(' ')[1] ?? '4.0.0', text, broken: false, unanswered: false }
}

function passedOn(reply: ServerReply): string {
  // 421 would make our client believe that we close the connection; the hop does.
  if (reply.code === 421) return temporaryLine(reply, '451')
  // RFC 5321 4.2.1: 521 and 221-like closings are for the hop's connection as well.
  if (reply.code === 521) return replyLine({ ...reply, code: 554 })
  if (reply.code >= 400) return replyLine(reply)
  return '451 4.5.0 Unexpected answer of the next hop'
}
