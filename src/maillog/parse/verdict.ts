/** Lines of verdicts: "NOQUEUE: reject: RCPT from name[addr]: 554 5.7.1 …; from=<…> to=<…> proto=ESMTP helo=<…>" (Postfix log_whatsup). */
import type { Daemon, Event, VerdictEvent } from '../../model/event.ts'
import { CLIENT, type Groups, type LineEntry, line, QUEUE_ID, unquote, WHERE } from './line_entry.ts'

/** All that VerdictEvent knows, so that the compiler names the one that is missing. */
const WORDS: Readonly<Record<VerdictEvent['whatsup'], true>> = {
  ...{ reject: true, reject_warning: true, permit: true, hold: true, discard: true, filter: true, redirect: true },
  ...{ bcc: true, prepend: true, info: true, warn: true, hangup: true, 'milter-reject': true, 'milter-hold': true },
}

function isWord(word: string): word is VerdictEvent['whatsup'] {
  return Object.hasOwn(WORDS, word)
}

/** The longest first: "reject_warning" begins with "reject". */
const WORD = `(?<word>${Object.keys(WORDS)
  .toSorted((a, b) => b.length - a.length)
  .join('|')})`

const VERDICT = line('(?:', QUEUE_ID, ': )', WORD, ': ', WHERE, ' from ', CLIENT, ': (?<text>.*)$')

/** An address may have ">" only within quotes. */
const ADDRESS = String.raw`(?:"(?:[^"\\]|\\.)*"[^<>"]*|[^<>]*)`

/** Postfix takes brackets, blanks and ";" out of a HELO name (smtpd NEUTER_CHARACTERS). Commas are postscreen's. */
const ENVELOPE = new RegExp(
  [
    `^(?:from=<(?<from>${ADDRESS})>)?,?(?: ?to=<(?<to>${ADDRESS})>)?,?(?: ?proto=(?<proto>[^\\s,]*))?,?`,
    '(?: ?helo=<(?<helo>[^<>]*)>)?(?: sasl_method=\\S+)?(?: sasl_username=.*?)?(?: sasl_sender=\\S+)?$',
  ].join(''),
)

/** A "; " may stand in a quoted address or in the reply: so many are tried, from the end. */
const MAX_TRIES = 8

/** Verdicts in the words of `daemon`. */
export function verdictEntries(daemon: Daemon, examples: readonly string[]): readonly LineEntry[] {
  const event = (groups: Groups): Event | null => verdictEvent(groups, daemon)
  return examples.map(example => ({ example, pattern: VERDICT, event }))
}

function verdictEvent({ id, word = '', where = '', client = '', text = '' }: Groups, daemon: Daemon): Event | null {
  if (!isWord(word)) return null
  const { reply, envelope } = splitEnvelope(text)
  const sender = envelope['from']
  const recipient = envelope['to']
  return {
    ...{ kind: 'verdict', whatsup: word, queueId: id === 'NOQUEUE' ? null : (id ?? null), where, client, text: reply },
    sender: sender === undefined ? null : unquote(sender),
    recipient: recipient === undefined ? null : unquote(recipient),
    protocol: envelope['proto'] ?? null,
    helo: envelope['helo'] ?? null,
    ...(daemon === 'smtpd' ? {} : { daemon }),
  }
}

/** Smtpd writes the envelope last: what a client has put into the reply before it is not taken for it. */
function splitEnvelope(text: string): { readonly reply: string; readonly envelope: Groups } {
  let at = text.lastIndexOf('; ')
  for (let tries = 0; at > 0 && tries < MAX_TRIES; tries++) {
    const found = ENVELOPE.exec(text.slice(at + 2))
    if (found !== null) return { reply: text.slice(0, at), envelope: found.groups ?? {} }
    at = text.lastIndexOf('; ', at - 1)
  }
  return { reply: text.endsWith(';') ? text.slice(0, -1) : text, envelope: {} }
}
