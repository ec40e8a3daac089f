import path from 'node:path'
import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import { COMMA_SPACE, splitWords } from '../util/words.ts'
import type { TableContext } from './context.ts'
import { toldFailure, unavailableFailure } from './failing.ts'
import { foldKey } from './fold_key.ts'
import { matchesAddress, matchesName, type PlainPattern, preparePattern } from './match_pattern.ts'
import type { OpenTable, Table } from './table.ts'
import { WatchedFile } from './watched_file.ts'

/** What a list is about: exact strings, host names with their parents, addresses, or hosts by name and address. */
export type MatchKind = 'string' | 'name' | 'address' | 'host'

export interface MatchListOptions {
  /** The parameter, for messages: mynetworks, relay_domains, … */
  readonly parameter: string
  readonly kind: MatchKind
  /** The parameter is in parent_domain_matches_subdomains: `example.com` matches its subdomains, `.example.com` does not. */
  readonly parentsMatch: boolean
  readonly context: TableContext
  readonly openTable: (spec: string) => Table | OpenTable
}

type Item =
  | { readonly kind: 'plain'; readonly match: boolean; readonly pattern: PlainPattern }
  | { readonly kind: 'table'; readonly match: boolean; readonly table: Table | OpenTable }
  | { readonly kind: 'file'; readonly path: string; readonly source: WatchedFile<readonly Item[]> }

/** A file that names itself would be read for ever. */
const MAX_FILE_DEPTH = 16

/**
 * A list of patterns as in mynetworks or relay_domains: names, addresses, networks, `!pattern`, `type:table` and
 * `/file/name`. The first pattern that matches decides. Postfix: match_list(3).
 */
export class MatchList {
  readonly #options: MatchListOptions
  readonly #items: readonly Item[]

  constructor(text: string, options: MatchListOptions) {
    this.#options = options
    this.#items = this.#parse(text, { match: true, depth: 0 })
  }

  /** Host name, domain or plain string; address lists never match one. */
  matchName(name: string): Promise<Lookup<true>> {
    return this.#match([{ kind: this.#options.kind === 'string' ? 'string' : 'name', text: foldKey(name) }])
  }

  matchAddress(address: string): Promise<Lookup<true>> {
    return this.#match([{ kind: 'address', text: foldKey(address) }])
  }

  /** Each pattern is tried on the name, then on the address. */
  matchHost(name: string, address: string): Promise<Lookup<true>> {
    return this.#match([
      { kind: 'name', text: foldKey(name) },
      { kind: 'address', text: foldKey(address) },
    ])
  }

  /** Settles when files and tables have been read once. */
  async ready(): Promise<void> {
    await readyAll(this.#items)
  }

  close(): void {
    closeFiles(this.#items)
  }

  async #match(subjects: readonly Subject[]): Promise<Lookup<true>> {
    const answer = await this.#search(this.#items, subjects)
    if (answer === 'matched') return found(true)
    return answer === 'none' || answer === 'excluded' ? ABSENT : answer
  }

  async #search(items: readonly Item[], subjects: readonly Subject[]): Promise<Outcome> {
    for (const item of items) {
      if (item.kind === 'file') {
        const content = await item.source.current()
        if (content.kind === 'unreadable') return this.#unreadable(item.path, content.text)
        const answer = await this.#search(content.value, subjects)
        if (answer !== 'none') return answer
        continue
      }
      for (const subject of subjects) {
        const answer =
          item.kind === 'plain' ? this.#tryPlain(item.pattern, subject) : await this.#ask(item.table, subject)
        if (answer === true) return item.match ? 'matched' : 'excluded'
        if (answer !== false) return answer
      }
    }
    return 'none'
  }

  #tryPlain(pattern: PlainPattern, subject: Subject): boolean | Failure {
    if (subject.kind === 'string') return pattern.text === subject.text
    if (subject.kind === 'name') return matchesName(pattern, subject.text, this.#options.parentsMatch)
    const answer = matchesAddress(pattern, subject.text)
    return typeof answer === 'boolean' ? answer : this.#failure(answer.problem)
  }

  async #ask(table: Table, subject: Subject): Promise<boolean | Failure> {
    for (const key of tableKeys(table, subject, this.#options.parentsMatch)) {
      const answer = await table.lookup(key)
      if (answer.status === 'found') return true
      if (answer.status === 'failed') return toldFailure(answer, table.name, this.#problem(table.name))
    }
    return false
  }

  /** Postfix match_error. */
  #problem(table: string): string {
    return `${this.#options.parameter}: ${table}: table lookup problem`
  }

  #failure(text: string): Failure {
    const line = `${this.#options.parameter}: ${text}`
    return { ...unavailableFailure(line), told: [line] }
  }

  /** Postfix puts a table in the place of a file that it cannot read, whose lookups fail. */
  #unreadable(path: string, text: string): Failure {
    const table = `non-existent:${path}`
    return toldFailure(unavailableFailure(text.replace(/^open /, 'open file ')), table, this.#problem(table))
  }

  #parse(text: string, outer: { match: boolean; depth: number }): readonly Item[] {
    const items: Item[] = []
    for (const word of splitWords(text, { separators: COMMA_SPACE })) {
      if (word.startsWith('#')) {
        const rest = text.slice(text.indexOf(word) + word.length).trim()
        this.#warn(`comment at end of line is not supported: ${word} ${rest}`, 'warning')
        break
      }
      const pattern = word.replace(/^!+/, '')
      const match = (word.length - pattern.length) % 2 === 0 ? outer.match : !outer.match
      if (pattern === '') this.#warn("no pattern after '!'", 'error')
      else items.push(this.#item(pattern, { match, depth: outer.depth }))
    }
    return items
  }

  #item(pattern: string, { match, depth }: { match: boolean; depth: number }): Item {
    if (pattern.startsWith('/') && depth < MAX_FILE_DEPTH) return this.#fileItem(pattern, { match, depth: depth + 1 })
    if (!pattern.startsWith('[') && pattern.includes(':')) {
      return { kind: 'table', match, table: this.#options.openTable(pattern) }
    }
    const prepared = preparePattern(pattern)
    const byAddress = this.#options.kind === 'address' || this.#options.kind === 'host'
    if (byAddress && prepared.network?.kind === 'problem') this.#warn(prepared.network.text, 'error')
    return { kind: 'plain', match, pattern: prepared }
  }

  #fileItem(file: string, outer: { match: boolean; depth: number }): Item {
    const source = new WatchedFile<readonly Item[]>({
      path: path.resolve(this.#options.context.directory, file),
      clock: this.#options.context.clock,
      raw: true,
      build: () => {
        const items: Item[] = []
        return {
          line: ({ text }) => {
            if (!text.startsWith('#')) items.push(...this.#parse(text, outer))
          },
          finish: () => items,
        }
      },
      onUnreadable: (text, kept) => this.#warn(text, kept ? 'warning' : 'error'),
    })
    return { kind: 'file', path: file, source }
  }

  #warn(text: string, severity: 'warning' | 'error'): void {
    const { parameter, context } = this.#options
    context.warn({
      severity,
      table: parameter,
      file: null,
      line: null,
      text: `${parameter}: ${text}`,
      remedy: null,
    })
  }
}

interface Subject {
  readonly kind: 'string' | 'name' | 'address'
  readonly text: string
}
type Failure = Extract<Lookup<true>, { status: 'failed' }>
type Outcome = 'matched' | 'excluded' | 'none' | Failure

/** Postfix: a table is asked for the name and, if it holds fixed keys, its parents; for an address once. */
function tableKeys(table: Table, subject: Subject, parentsMatch: boolean): readonly string[] {
  if (subject.kind === 'address') return /^[0-9.a-f:]*$/.test(subject.text) ? [subject.text] : []
  if (subject.kind === 'string' || table.kind === 'pattern') return subject.text === '' ? [] : [subject.text]
  const keys: string[] = []
  for (let name = subject.text; name !== ''; ) {
    keys.push(name)
    const dot = name.indexOf('.', 1)
    if (dot < 0) break
    name = name.slice(parentsMatch ? dot + 1 : dot)
  }
  return keys
}

async function readyAll(items: readonly Item[]): Promise<void> {
  for (const item of items) {
    if (item.kind === 'table' && 'ready' in item.table) await item.table.ready()
    if (item.kind !== 'file') continue
    await item.source.ready()
    const content = await item.source.current()
    if (content.kind === 'ready') await readyAll(content.value)
  }
}

function closeFiles(items: readonly Item[]): void {
  for (const item of items) if (item.kind === 'file') item.source.close()
}
