/** Lines of a mail log into events. */
import type { Daemon, Event } from '../../model/event.ts'
import type { LogLine } from '../../model/log_line.ts'
import type { LineEntry } from './line_entry.ts'
import * as other from './other.ts'
import { postscreenEntries } from './postscreen.ts'
import * as queue from './queue.ts'
import { smtpdEntries } from './smtpd.ts'

/** What became of a line. */
export type ParsedLine =
  | { readonly kind: 'event'; readonly event: Event }
  /** Understood, and nothing happened that anybody counts. */
  | { readonly kind: 'known' }
  /** A line of a mail program in a form that is not known (T8.2). */
  | { readonly kind: 'unknown' }
  /** Of a program that has nothing to do with mail here. */
  | { readonly kind: 'foreign' }

/** By the last part of the program's name, so that "postfix-out/submission/smtpd" is an smtpd. */
export const lineEntries: Readonly<Record<string, readonly LineEntry[]>> = {
  smtpd: smtpdEntries,
  postscreen: postscreenEntries,
  cleanup: queue.cleanupEntries,
  qmgr: queue.qmgrEntries,
  nqmgr: queue.qmgrEntries,
  smtp: queue.deliveryEntries,
  lmtp: queue.deliveryEntries,
  local: queue.deliveryEntries,
  virtual: queue.deliveryEntries,
  pipe: queue.deliveryEntries,
  error: queue.deliveryEntries,
  retry: queue.deliveryEntries,
  discard: queue.deliveryEntries,
  relay: queue.deliveryEntries,
  bounce: queue.bounceEntries,
  pickup: queue.pickupEntries,
  master: other.masterEntries,
  'postfix-script': other.scriptEntries,
  postsuper: other.postsuperEntries,
  anvil: other.anvilEntries,
  scache: other.scacheEntries,
  verify: other.verifyEntries,
  dnsblog: other.dnsblogEntries,
  tlsproxy: other.tlsproxyEntries,
  postgrey: other.postgreyEntries,
  'policyd-spf': other.spfEntries,
  opendkim: other.signerEntries,
  opendmarc: other.signerEntries,
}

/** postlog(1), sendmail(1) and the other programs of Postfix; Postern's own say free text. */
const QUIET: ReadonlySet<string> = new Set([
  ...[
    'trivial-rewrite',
    'proxymap',
    'flush',
    'showq',
    'tlsmgr',
    'defer',
    'trace',
    'postlogd',
    'spawn',
    'sendmail',
    'postfix',
  ],
  ...[
    'postqueue',
    'postsuper',
    'postdrop',
    'postmap',
    'postalias',
    'qmqpd',
    'oqmgr',
    'proxywrite',
    'smtp-sink',
    'postlog',
  ],
])

/** Postern's own programs. */
const OWN: ReadonlySet<string> = new Set(['postern', 'policy', 'milter', 'dmarc', 'report'])

/** msg(3): what any program of Postfix may say. */
const SEVERITIES = { warning: 'warning', error: 'error', fatal: 'fatal', panic: 'fatal' } as const

const SEVERITY = /^(?:[0-9A-Za-z]{4,24}: )?(?<word>warning|error|fatal|panic): (?<text>.*)$/

/** Programs whose events name them; smtpd is the one that is meant where none is named. */
const NAMED: Readonly<Record<string, Daemon>> = {
  ...{ cleanup: 'cleanup', smtp: 'smtp', lmtp: 'lmtp', virtual: 'virtual', master: 'master', postscreen: 'postscreen' },
  ...{ 'trivial-rewrite': 'trivial-rewrite', postgrey: 'postgrey', 'policyd-spf': 'policyd-spf', qmgr: 'qmgr' },
  ...{ opendkim: 'opendkim', opendmarc: 'opendmarc' },
}

/** What a line says. Strings in the event are latin1, as those of the line. */
export function parseLine(line: LogLine): ParsedLine {
  const { program, message } = line
  const daemon = program.slice(program.lastIndexOf('/') + 1)
  const entries = Object.hasOwn(lineEntries, daemon) ? lineEntries[daemon] : undefined
  if (entries === undefined && !QUIET.has(daemon) && !isOwn(program)) return { kind: 'foreign' }
  for (const { pattern, event } of entries ?? []) {
    const match = pattern.exec(message)
    if (match === null) continue
    const found = event?.(match.groups ?? {}) ?? null
    if (found !== null) return { kind: 'event', event: found }
    if (event === undefined) return { kind: 'known' }
  }
  const severe = severityEvent(message, daemon)
  if (severe !== null) return { kind: 'event', event: severe }
  return isOwn(program) ? { kind: 'known' } : { kind: 'unknown' }
}

/** Whether a line of a mail program is in a known form; lines of other programs are none of ours. */
export function understands(line: LogLine): boolean {
  return parseLine(line).kind !== 'unknown'
}

function isOwn(program: string): boolean {
  const [first = '', last] = program.split('/')
  return first === 'postern' && (last === undefined || OWN.has(last))
}

function severityEvent(message: string, daemon: string): Event | null {
  const groups = SEVERITY.exec(message)?.groups
  const word = groups?.['word'] ?? ''
  if (!isSeverity(word)) return null
  const named = Object.hasOwn(NAMED, daemon) ? NAMED[daemon] : undefined
  return { kind: SEVERITIES[word], text: groups?.['text'] ?? '', ...(named === undefined ? {} : { daemon: named }) }
}

function isSeverity(word: string): word is keyof typeof SEVERITIES {
  return Object.hasOwn(SEVERITIES, word)
}
