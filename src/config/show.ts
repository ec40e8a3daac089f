/** `postern conf`: the configuration as text, in the form of postconf(1). */
import { SPACE, splitWords } from '../util/words.ts'
import { allParams, findParam } from './catalogue.ts'
import type { Loaded, Source } from './config.ts'
import { isPostfixName } from './known_names.ts'
import { hideListKeys } from './list_key.ts'
import { formatPlace, type PlacedText } from './place.ts'

export interface ShowOptions {
  /** -d: the defaults, whatever is set. */
  readonly defaults?: boolean
  /** -n: only what is set. */
  readonly onlySet?: boolean
  /** -x: `$name` filled in. */
  readonly expanded?: boolean
  /** -h: values without names. */
  readonly hideNames?: boolean
  readonly json?: boolean
  /** These and no others; none: all. */
  readonly names?: readonly string[]
}

export interface Shown {
  /** Whole lines; '' when there is nothing to show. */
  readonly text: string
  /** What was asked for by name and is not there, one line each. */
  readonly warnings: readonly string[]
}

interface Row {
  readonly name: string
  readonly value: string
  readonly source: string
}

/** Lines "name = value" in the order of names, as postconf prints them; JSON adds where each value comes from. */
export function showConfig(loaded: Loaded, options: ShowOptions = {}): Shown {
  const warnings: string[] = []
  const rows: Row[] = []
  for (const name of options.names?.length ? options.names : namesToShow(loaded, options)) {
    const row = makeRow(name, loaded, options)
    if (row !== null) rows.push(row)
    else if (options.defaults !== true || findParam(name) === undefined) warnings.push(missing(name))
  }
  if (options.json === true) return { text: `${JSON.stringify(rows, null, 2)}\n`, warnings }
  const lines = rows.map(({ name, value }) => (options.hideNames === true ? value : `${name} = ${value}`.trimEnd()))
  return { text: lines.map(line => `${line}\n`).join(''), warnings }
}

function namesToShow({ settings }: Loaded, options: ShowOptions): readonly string[] {
  const ours = allParams.map(param => param.name)
  const set = settings.names()
  const names: readonly string[] =
    options.defaults === true ? ours : options.onlySet === true ? set : [...new Set([...ours, ...set])]
  return names.toSorted()
}

function makeRow(name: string, loaded: Loaded, options: ShowOptions): Row | null {
  const { settings } = loaded
  const param = findParam(name)
  const isSet = settings.isSet(name)
  if (options.onlySet === true && !isSet) return null
  if (param === undefined && (!isSet || options.defaults === true)) return null
  const text = options.defaults === true || !isSet ? settings.defaultText(name) : settings.written(name)
  const plain = options.expanded === true && param?.type.raw !== true ? expanded(text, loaded) : text.text
  const shown = hideSecret(plain, param?.type)
  const source: Source =
    options.defaults === true ? { kind: 'default' } : (loaded.sources.get(name) ?? { kind: 'default' })
  // Postfix: runs of blanks, and the line ends that have become blanks, are shown as one.
  return {
    name,
    value: splitWords(shown, { separators: SPACE, braces: false }).join(' '),
    source: formatSource(source),
  }
}

function expanded(text: PlacedText, { settings }: Loaded): string {
  return (settings.tryExpand(text) ?? text).text
}

function hideSecret(text: string, type: { hide?(text: string): string } | undefined): string {
  return hideListKeys(type?.hide === undefined ? text : type.hide(text))
}

function formatSource(source: Source): string {
  return source.kind === 'default' ? 'default' : formatPlace(source.place)
}

function missing(name: string): string {
  return isPostfixName(name)
    ? `${name}: a parameter of Postfix that Postern does not use`
    : `${name}: unknown parameter`
}
