/**
 * Restriction lists that say more, or less, than their author meant. What restrictions there are is told by a callback:
 * this folder names only those whose meaning the warnings are about.
 */
import type { Config } from './config.ts'
import { formatPlace, type Problem, type Word } from './place.ts'

/** What the lists need to know of a restriction; undefined: there is none of that name. */
export type KnownRestriction = (name: string) =>
  | {
      readonly name: string
      /** Something follows the name. */
      readonly argument?: string
      /** The list always ends with it. */
      readonly final?: boolean
    }
  | undefined

/** The lists in the order in which they are asked. */
export const LIST_NAMES = [
  'smtpd_client_restrictions',
  'smtpd_helo_restrictions',
  'smtpd_sender_restrictions',
  'smtpd_relay_restrictions',
  'smtpd_recipient_restrictions',
  'smtpd_data_restrictions',
  'smtpd_end_of_data_restrictions',
  'smtpd_etrn_restrictions',
] as const

interface Item {
  /** Lower case; what an alias stands for. */
  readonly name: string
  readonly argument: string
  readonly word: Word
  readonly warnOnly: boolean
  readonly final: boolean
}

type Warn = (word: Word, text: string) => void

/** Warnings about all lists, in the order of the lists. */
export function findContradictions(config: Config, known: KnownRestriction): readonly Problem[] {
  const warnings: Problem[] = []
  const warn: Warn = ({ file, line, column }, text) => warnings.push({ place: { file, line, column }, text })
  const parse = (words: readonly Word[]) => parseList(words, { known, classes: config.restriction_classes })
  const asked = new Map<string, { readonly item: Item; readonly list: string }>()
  for (const list of LIST_NAMES) {
    const items = parse(config[list])
    tellUnreachable(items, warn)
    tellRedundant(items, warn)
    tellForgottenNetworks(items, list, warn)
    tellTwice(items, list, { asked, warn })
    if (list !== 'smtpd_end_of_data_restrictions') tellWithoutMessage(items, warn)
  }
  for (const words of config.restriction_classes.values()) tellUnreachable(parse(words), warn)
  for (const { words } of config.postern_policy_listen) {
    const items = parse(words ?? [])
    tellUnreachable(items, warn)
    tellWithoutMessage(items, warn)
  }
  return warnings
}

/** What judges the message has none before its end, and in a policy request never. */
function tellWithoutMessage(items: readonly Item[], warn: Warn): void {
  for (const { name, word } of items)
    if (name === 'check_dmarc')
      warn(
        word,
        'check_dmarc does nothing here: write it into smtpd_end_of_data_restrictions, where there is a message',
      )
}

interface Meaning {
  readonly known: KnownRestriction
  readonly classes: ReadonlyMap<string, readonly Word[]>
}

function parseList(words: readonly Word[], meaning: Meaning, depth = 0): readonly Item[] {
  const items: Item[] = []
  let warnOnly = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word === undefined) break
    if (word.text.toLowerCase() === 'warn_if_reject') {
      warnOnly = true
      continue
    }
    const restriction = meaning.known(word.text)
    const takes = restriction?.argument !== undefined
    const argument = takes ? (words[at + 1]?.text ?? '') : ''
    const final = restriction?.final === true || classEnds(word.text, meaning, depth)
    items.push({
      name: restriction?.name ?? word.text.toLowerCase(),
      argument,
      word,
      warnOnly,
      final: final && !warnOnly,
    })
    if (takes) at++
    warnOnly = false
  }
  return items
}

/** A restriction class whose list always ends also ends the list that names it. */
function classEnds(name: string, meaning: Meaning, depth: number): boolean {
  const words = meaning.classes.get(name)
  // Deeper than any real nesting; a class may name itself.
  if (words === undefined || depth > 10) return false
  return parseList(words, meaning, depth + 1).some(item => item.final)
}

function tellUnreachable(items: readonly Item[], warn: Warn): void {
  const end = items.findIndex(item => item.final)
  const next = items[end + 1]
  if (end < 0 || next === undefined) return
  warn(
    next.word,
    `"${next.word.text}" is never reached: "${items[end]?.word.text}" in front of it always ends the list`,
  )
}

function tellRedundant(items: readonly Item[], warn: Warn): void {
  const verified = items.find(item => item.name === 'reject_unknown_client_hostname' && !item.warnOnly)
  const reverse = items.find(item => item.name === 'reject_unknown_reverse_client_hostname' && !item.warnOnly)
  if (verified === undefined || reverse === undefined) return
  const text =
    'reject_unknown_client_hostname refuses every client that reject_unknown_reverse_client_hostname refuses, and more: one of the two is enough'
  warn(reverse.word, text)
}

/** Restrictions that a program of one's own is likely to fail, so that permit_mynetworks belongs in front of them. */
const STRICT_WITH_OWN_CLIENTS =
  /^(?:reject_unknown_(?:reverse_)?client_hostname|reject_(?:invalid|non_fqdn|unknown)_helo_hostname|reject_rbl_client|reject_rhsbl_\w+|reject_unauth_destination|defer_unauth_destination|check_policy_service|check_greylist|check_spf)$/

function tellForgottenNetworks(items: readonly Item[], list: string, warn: Warn): void {
  const strict = items.find(item => STRICT_WITH_OWN_CLIENTS.test(item.name) && !item.warnOnly)
  if (strict === undefined) return
  const networks = items.findIndex(item => item.name === 'permit_mynetworks')
  if (networks >= 0 && networks < items.indexOf(strict)) return
  const lacks = networks < 0 ? 'does not have permit_mynetworks' : 'has permit_mynetworks only behind it'
  warn(strict.word, `${list} ${lacks}: "${strict.word.text}" also judges the clients of mynetworks`)
}

interface Twice {
  readonly asked: Map<string, { readonly item: Item; readonly list: string }>
  readonly warn: Warn
}

/** Refusals that have been asked before, with the same argument: they cost time and change nothing. */
function tellTwice(items: readonly Item[], list: string, { asked, warn }: Twice): void {
  for (const item of items) {
    if (!/^reject_(?!unauth_destination$)/.test(item.name) && !/^permit_(?:dnswl|rhswl)_client$/.test(item.name))
      continue
    const key = `${item.name} ${item.argument.toLowerCase()}`
    const first = asked.get(key)
    if (first === undefined) {
      if (!item.warnOnly) asked.set(key, { item, list })
      continue
    }
    // A whitelist ends one list only, and may be wanted in several.
    if (item.name.startsWith('permit_') && first.list !== list) continue
    const what = item.argument === '' ? item.word.text : `${item.word.text} ${item.argument}`
    warn(item.word, `"${what}" is asked twice: it already stands in ${first.list} at ${formatPlace(first.item.word)}`)
  }
}

/** One of these must stand where it is always reached, or anyone may relay (Postfix: fatal at start). */
const RELAY_GUARDS: ReadonlySet<string> = new Set([
  'reject_unauth_destination',
  'defer_unauth_destination',
  'reject',
  'defer',
  'defer_if_permit',
  'check_relay_domains',
])

/** Postfix: whether a list holds a working guard against relaying: none behind "permit", none softened by warn_if_reject. */
export function guardsRelaying(
  words: readonly Word[],
  classes: ReadonlyMap<string, readonly Word[]>,
  depth = 0,
): boolean {
  for (let at = 0; at < words.length; at++) {
    const name = words[at]?.text.toLowerCase() ?? ''
    if (name === 'warn_if_reject' && at + 1 < words.length) {
      at++
      continue
    }
    if (name === 'permit') return false
    if (RELAY_GUARDS.has(name)) return true
    const nested = classes.get(words[at]?.text ?? '')
    if (nested !== undefined && depth < 100 && guardsRelaying(nested, classes, depth + 1)) return true
  }
  return false
}
