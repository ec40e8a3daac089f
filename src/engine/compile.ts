import { didYouMean } from '../config/suggest.ts'
import type { SubjectClass } from '../model/subject.ts'
import type { Table } from '../table/table.ts'
import { splitWords } from '../util/words.ts'
import type { Registry } from './registry.ts'
import type { Restriction } from './restriction.ts'

/** A list as the walk takes it: names found, arguments taken, tables open. */
export interface CompiledList {
  /** Parameter, restriction class or table that holds it. */
  readonly name: string
  readonly items: readonly Item[]
}

export type Item =
  | { readonly kind: 'warn_if_reject' }
  | CheckItem
  | { readonly kind: 'class'; readonly name: string; readonly list: CompiledList }
  /** Postfix logs and goes on: a restriction without the domain it needs. */
  | { readonly kind: 'skip'; readonly name: string; readonly warning: string }
  /** Postfix answers 451 4.3.5 when it gets here, and not before. */
  | { readonly kind: 'fault'; readonly name: string; readonly warnings: readonly string[] }

export interface CheckItem {
  readonly kind: 'check'
  /** As written, for logs and traces. */
  readonly name: string
  readonly restriction: Restriction
  readonly argument: string
  readonly table: Table | null
  /** Same item, same answer as long as the facts stand: the key of the session's memory. */
  readonly id: number
  /** The word after a permit, reject or defer, which never gets its turn. */
  readonly ignored: string | null
}

/** One word of a list, with its place where it has one. */
export interface ListWord {
  readonly text: string
}

export interface CompileContext {
  readonly registry: Registry
  /** Words of each restriction class, by name. Postfix: the only names of a list where case counts. */
  readonly classes: ReadonlyMap<string, readonly ListWord[]>
  openTable(spec: string): Table
  /** Told once per bad word; lists made from a table's answer have no place to tell. */
  problem?(word: ListWord, message: string): void
}

/** What a bare `type:name` in a list stands for. DATA and end of data have no default. */
const DEFAULT_ACCESS: Readonly<Partial<Record<SubjectClass, string>>> = {
  'Client host': 'check_client_access',
  'Helo command': 'check_helo_access',
  'Sender address': 'check_sender_access',
  'Recipient address': 'check_recipient_access',
  'Etrn command': 'check_etrn_access',
}

/** Restriction classes may name each other; deeper than this they must be going in circles. */
const DEPTH_LIMIT = 100

let lastId = 0

/** Gives the words of a list their meaning. Never throws: what is wrong becomes an item that answers as Postfix does. */
export class ListCompiler {
  readonly #context: CompileContext
  readonly #classLists = new Map<string, CompiledList>()

  constructor(context: CompileContext) {
    this.#context = context
  }

  /** `subject`: whose list it is, for bare tables. */
  compile(name: string, words: readonly ListWord[], subject: SubjectClass): CompiledList {
    return { name, items: this.#items(words, subject, 0) }
  }

  /** A list that stands in a table's or policy server's answer. */
  compileText(name: string, text: string, subject: SubjectClass): CompiledList {
    return this.compile(
      name,
      splitWords(text).map(word => ({ text: word })),
      subject,
    )
  }

  #items(words: readonly ListWord[], subject: SubjectClass, depth: number): Item[] {
    const items: Item[] = []
    let at = 0
    while (at < words.length) {
      const word = words[at]
      if (word === undefined) break
      const next = words[at + 1]
      const item = this.#item({ word, next, subject, depth })
      items.push(item.item)
      at += item.taken
    }
    return items
  }

  #item(at: Place): { item: Item; taken: number } {
    const { word, next, subject, depth } = at
    const name = word.text
    if (name.toLowerCase() === 'warn_if_reject') return { item: { kind: 'warn_if_reject' }, taken: 1 }
    if (name.includes(':')) return { item: this.#bareTable(word, subject), taken: 1 }
    const restriction = this.#context.registry.find(name)
    if (restriction !== undefined) return this.#check(restriction, word, next)
    const words = this.#context.classes.get(name)
    if (words !== undefined) return { item: this.#class(word, words, { subject, depth }), taken: 1 }
    const names = [...this.#context.registry.names(), ...this.#context.classes.keys()]
    this.#tell(word, `unknown restriction "${name}"${didYouMean(name, names)}`)
    return { item: { kind: 'fault', name, warnings: [`unknown smtpd restriction: "${name}"`] }, taken: 1 }
  }

  #bareTable(word: ListWord, subject: SubjectClass): Item {
    const access = DEFAULT_ACCESS[subject]
    const restriction = access === undefined ? undefined : this.#context.registry.find(access)
    if (restriction !== undefined)
      return this.#checkItem(restriction, access ?? '', { argument: word.text, next: undefined })
    const kinds = Object.values(DEFAULT_ACCESS)
    const all = ['check_client_access', 'check_reverse_client_hostname_access', ...kinds.slice(1)].join(', ')
    this.#tell(
      word,
      `cannot use table "${word.text}" here: say which access check it is for, such as check_client_access`,
    )
    const warning = `specify one of (${all}) before ${subject} restriction "${word.text}"`
    return { kind: 'fault', name: word.text, warnings: [warning] }
  }

  #class(
    word: ListWord,
    words: readonly ListWord[],
    { subject, depth }: { subject: SubjectClass; depth: number },
  ): Item {
    const name = word.text
    if (depth > DEPTH_LIMIT) {
      this.#tell(word, `cannot use restriction class ${name}: it leads to itself`)
      return { kind: 'fault', name, warnings: [`restriction class ${name} leads to itself`] }
    }
    const key = `${name} ${subject}`
    const known = this.#classLists.get(key)
    if (known !== undefined) return { kind: 'class', name, list: known }
    const list = { name, items: this.#items(words, subject, depth + 1) }
    this.#classLists.set(key, list)
    return { kind: 'class', name, list }
  }

  #check(restriction: Restriction, word: ListWord, next: ListWord | undefined): { item: Item; taken: number } {
    const name = word.text
    const taken = restriction.argument === undefined ? 1 : 2
    const missing = missingArgument(restriction, name, next?.text)
    if (missing !== null) {
      this.#tell(word, missing.problem)
      if (missing.skips)
        return { item: { kind: 'skip', name, warning: missing.warning }, taken: next === undefined ? 1 : taken }
      return { item: { kind: 'fault', name, warnings: [missing.warning] }, taken: next === undefined ? 1 : taken }
    }
    const argument = taken === 2 ? (next?.text ?? '') : ''
    return { item: this.#checkItem(restriction, name, { argument, next: taken === 1 ? next : undefined }), taken }
  }

  #checkItem(restriction: Restriction, name: string, rest: { argument: string; next: ListWord | undefined }): Item {
    const ignored = restriction.final === true ? (rest.next?.text ?? null) : null
    const table = restriction.argument === 'table' ? this.#context.openTable(tableSpec(rest.argument)) : null
    lastId += 1
    return { kind: 'check', name, restriction, argument: rest.argument, table, id: lastId, ignored }
  }

  #tell(word: ListWord, message: string): void {
    this.#context.problem?.(word, message)
  }
}

interface Place {
  readonly word: ListWord
  readonly next: ListWord | undefined
  readonly subject: SubjectClass
  readonly depth: number
}

/** `type:name`, or the first word of Postfix 3.5's `{ type:name { search_order = … } }`. */
function tableSpec(argument: string): string {
  return argument.startsWith('{') ? (splitWords(argument.slice(1, -1))[0] ?? '') : argument
}

/** What is wrong with the word after a restriction; null when nothing is. */
function missingArgument(
  restriction: Restriction,
  name: string,
  argument: string | undefined,
): { problem: string; warning: string; skips: boolean } | null {
  switch (restriction.argument) {
    case 'table': {
      if (argument?.includes(':')) return null
      const problem = `cannot use ${name} without a table: expected type:name after it`
      return {
        problem,
        // Postfix: quotes the restriction itself when nothing follows.
        warning: `restriction ${restriction.name}: bad argument "${argument ?? name}": need maptype:mapname`,
        skips: false,
      }
    }
    case 'server': {
      if (argument?.includes(':')) return null
      const problem = `cannot use ${name} without a server: expected inet:host:port or unix:path after it`
      return { problem, warning: `restriction ${restriction.name} must be followed by transport:server`, skips: false }
    }
    case 'seconds': {
      if (argument !== undefined && /^\d+$/.test(argument)) return null
      const problem = `cannot use ${name} without a number of seconds after it`
      return { problem, warning: `restriction ${restriction.name} must be followed by number`, skips: false }
    }
    case 'domain': {
      if (argument !== undefined) return null
      const problem = `cannot use ${name} without a domain: expected a DNS list such as zen.spamhaus.org after it`
      return { problem, warning: `restriction ${name} requires domain name argument`, skips: true }
    }
    default:
      return null
  }
}
