import path from 'node:path'
import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import { trimBlanks } from '../util/words.ts'
import { parseAlias } from './alias_line.ts'
import type { TableContext } from './context.ts'
import { unavailableFailure } from './failing.ts'
import { foldKey } from './fold_key.ts'
import type { LogicalLine } from './logical_lines.ts'
import type { OpenTable } from './table.ts'
import { type LineBuilder, WatchedFile } from './watched_file.ts'

/** Types whose Postfix form is an indexed file made by postmap(1); Postern reads the text that postmap reads. */
export const INDEXED_TYPES: ReadonlySet<string> = new Set(['hash', 'btree', 'lmdb', 'cdb', 'dbm', 'sdbm'])

interface MapContent {
  readonly entries: ReadonlyMap<string, string>
  /** Why lookups fail although the file was read; null when all is well. */
  readonly fault: string | null
}

/** hash:, btree:, lmdb:, cdb:, dbm:, sdbm: and texthash: from the text source `file`. */
export function openMapFile(name: string, file: string, context: TableContext): OpenTable {
  const resolved = path.resolve(context.directory, file)
  const type = name.slice(0, name.indexOf(':'))
  const parser: MapParser = {
    type,
    name,
    file,
    context,
    aliases: (context.aliasMaps ?? [`${type}:/etc/aliases`]).includes(name),
    strictDuplicates: type === 'texthash' && context.asPostmap !== true,
  }
  const source = new WatchedFile<MapContent>({
    path: resolved,
    clock: context.clock,
    build: () => new MapBuilder(parser),
    onUnreadable: (text, kept) => {
      const remedy = INDEXED_TYPES.has(type)
        ? 'Postern reads the text file that postmap reads, not the indexed one'
        : null
      context.warn({ severity: kept ? 'warning' : 'error', table: name, file, line: null, text, remedy })
    },
  })
  const content = async (): Promise<Lookup<ReadonlyMap<string, string>>> => {
    const current = await source.current()
    if (current.kind === 'unreadable') return unavailableFailure(current.text)
    if (current.value.fault !== null) return unavailableFailure(current.value.fault)
    return found(current.value.entries)
  }
  return {
    name,
    kind: 'fixed',
    lookup: async key => {
      const entries = await content()
      if (entries.status !== 'found') return entries
      const value = entries.value.get(foldKey(key))
      return value === undefined ? ABSENT : found(value)
    },
    entries: content,
    ready: () => source.ready(),
    close: () => source.close(),
  }
}

interface MapParser {
  readonly type: string
  readonly name: string
  readonly file: string
  readonly context: TableContext
  readonly aliases: boolean
  readonly strictDuplicates: boolean
}

/** Postfix: postmap(1) and texthash. Each bad line is told and skipped; the first of two entries for a key counts. */
class MapBuilder implements LineBuilder<MapContent> {
  readonly #parser: MapParser
  readonly #entries = new Map<string, string>()
  #fault: string | null = null

  constructor(parser: MapParser) {
    this.#parser = parser
  }

  line(line: LogicalLine): void {
    if (!line.utf8) {
      this.#warn(line, `non-UTF-8 input "${line.text}" -- ignoring this line`)
      return
    }
    const entry = this.#parser.aliases ? parseAlias(line.text) : splitMapLine(line.text)
    if (typeof entry === 'string') {
      const suffix = this.#parser.type === 'texthash' && entry.startsWith('expected') ? ' -- ignoring this line' : ''
      this.#warn(line, entry + suffix)
      return
    }
    if (!this.#parser.aliases && entry.key.endsWith(':')) {
      this.#warn(line, 'record is in "key: value" format; is this an alias file?')
    }
    const key = foldKey(entry.key)
    if (!this.#entries.has(key)) this.#entries.set(key, entry.value)
    else this.#duplicate(line, entry.key)
  }

  orphan(line: LogicalLine): void {
    warnOrphan(line, this.#parser)
  }

  finish(): MapContent {
    return { entries: this.#entries, fault: this.#fault }
  }

  #duplicate(line: LogicalLine, key: string): void {
    this.#warn(line, `duplicate entry: "${key}"`)
    if (this.#parser.strictDuplicates) {
      this.#fault ??= `${this.#parser.file}, line ${line.line}: duplicate entry: "${key}"`
    }
  }

  #warn(line: LogicalLine, text: string): void {
    const { name, file, context, strictDuplicates } = this.#parser
    const severity = strictDuplicates && text.startsWith('duplicate') ? 'error' : 'warning'
    const at = `${file}, line ${line.line}`
    context.warn({ severity, table: name, file, line: line.line, text: `${at}: ${text}`, remedy: null })
  }
}

/** Postfix: "logical line must not start with whitespace". */
export function warnOrphan(line: LogicalLine, where: { name: string; file: string; context: TableContext }): void {
  const shown = `"${line.text.slice(0, 30)}${line.text.length > 30 ? '...' : ''}"`
  where.context.warn({
    severity: 'warning',
    table: where.name,
    file: where.file,
    line: line.line,
    text: `${where.file}: logical line must not start with whitespace: ${shown}`,
    remedy: null,
  })
}

const SPACE = /[ \t\n\v\f\r]/

/**
 * Key and value of "key whitespace value", or what is wrong. White space inside double quotes belongs to the key, a
 * backslash takes the next character as it is; quotes and backslashes stay in the key. Postfix: postmap(1).
 */
export function splitMapLine(text: string): { key: string; value: string } | string {
  let end = 0
  let quoted = false
  for (; end < text.length; end++) {
    const char = text.charAt(end)
    if (char === '\\') end++
    else if (char === '"') quoted = !quoted
    else if (!quoted && SPACE.test(char)) break
  }
  if (quoted) return `unbalanced '"' in '${text}' -- ignoring this line`
  const key = text.slice(0, end)
  const value = trimBlanks(text.slice(end))
  if (key === '' || value === '') return 'expected format: key whitespace value'
  return { key, value }
}
