import { isHeader } from '../mail/mime.ts'
import type { ContentEvent } from '../model/event.ts'
import type { ContentState } from './content_state.ts'

export type Place = ContentEvent['place']

/** What becomes of the header or line that matched. */
export type ContentOutcome =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'replace' | 'prepend'; readonly text: string }

export interface ContentMatch {
  readonly place: Place
  /** The header or line, for the log. */
  readonly content: string
  /** What the table said. */
  readonly value: string
  /** header_checks, …, for warnings. */
  readonly table: string
}

export interface ContentLog {
  action(action: ContentEvent['action'], match: ContentMatch, text: string): void
  warn(text: string): void
}

const KEEP: ContentOutcome = { kind: 'keep' }

/** Carries out one result of header_checks(5) or body_checks(5). */
export function applyAction(state: ContentState, match: ContentMatch, log: ContentLog): ContentOutcome {
  const [, command = '', text = ''] = /^(\S*)\s*([\s\S]*)$/.exec(match.value) ?? []
  switch (command.toUpperCase()) {
    case 'REJECT':
      return reject(state, match, { text, log })
    case 'WARN':
      log.action('warning', match, text)
      return KEEP
    case 'INFO':
      log.action('info', match, text)
      return KEEP
    case 'PASS':
      log.action('pass', match, text)
      state.checking = false
      return KEEP
    case 'DISCARD':
      log.action('discard', match, text)
      state.discard = true
      state.checking = false
      return KEEP
    case 'HOLD':
      if (!state.hold && !state.discard) log.action('hold', match, text)
      state.hold = !state.discard
      return KEEP
    case 'FILTER':
    case 'REDIRECT':
    case 'BCC':
      route(state, match, { command: command.toUpperCase(), text, log })
      return KEEP
    case 'PREPEND':
    case 'REPLACE':
      return edit(match, { command: command.toUpperCase(), text, log })
    case 'STRIP':
      log.action('strip', match, text)
      return { kind: 'drop' }
    case 'IGNORE':
      return { kind: 'drop' }
    case 'DUNNO':
    case 'OK':
      return KEEP
    default:
      log.warn(`unknown command in ${match.table} map: ${match.value}`)
      return KEEP
  }
}

interface Words {
  readonly text: string
  readonly log: ContentLog
}

function reject(state: ContentState, match: ContentMatch, { text, log }: Words): ContentOutcome {
  let reason = text === '' ? '5.7.1 message content rejected' : prependStatus('5.7.1', text)
  if (!/^[45]/.test(reason)) {
    log.warn(`bad DSN action in ${text} -- need 4.x.x or 5.x.x`)
    reason = `4${reason.slice(1)}`
  }
  if (reason.startsWith('4')) state.deferral = reason
  else state.rejection = reason
  state.checking = false
  log.action('reject', match, reason)
  return KEEP
}

/** Postfix dsn_prepend: the text may bring its own enhanced status. RFC 3463 2 */
export function prependStatus(status: string, text: string): string {
  return /^[245]\.\d{1,3}\.\d{1,3}(?=\s|$)/.test(text) ? text : `${status} ${text}`
}

function route(state: ContentState, match: ContentMatch, { command, text, log }: Words & { command: string }): void {
  const problem = routeProblem(command, text, match.table)
  if (problem !== null) {
    log.warn(problem)
    return
  }
  if (command === 'FILTER') {
    state.filter = text
    log.action('filter', match, text)
  } else if (command === 'REDIRECT') {
    state.redirect = text
    state.checking = false
    log.action('redirect', match, text)
  } else {
    state.bcc.push(text)
    log.action('bcc', match, text)
  }
}

function routeProblem(command: string, text: string, table: string): string | null {
  if (command === 'FILTER') {
    if (text === '') return `missing FILTER command argument in ${table} map`
    return text.includes(':') ? null : `bad FILTER command ${text} in ${table} -- need transport:destination`
  }
  if (text.includes('@')) return null
  return `bad ${command} ${command === 'BCC' ? 'address' : 'target'} "${text}" in ${table} map -- need user@domain`
}

function edit(match: ContentMatch, { command, text, log }: Words & { command: string }): ContentOutcome {
  const what = command === 'PREPEND' ? 'prepend' : 'replace'
  if (text === '') {
    log.warn(`${command} action without text in ${match.table} map`)
    return KEEP
  }
  if (match.place === 'header' && !isHeader(text)) {
    log.warn(`bad ${command} header text "${text}" in ${match.table} map -- need "headername: headervalue"`)
    return KEEP
  }
  log.action(what, match, text)
  return { kind: what, text }
}
