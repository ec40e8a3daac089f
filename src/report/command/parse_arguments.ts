/**
 * The command line of `postern report`, read as pflogsumm reads its own (Perl's Getopt::Long): options and files in any order, one
 * dash or two, names in any case and as short as they are clear, values behind "=" or in the next word.
 */
import { nearest } from '../../util/edit_distance.ts'
import { type KnownReportOption, type ReportOptionName, type ReportOptionSpec, reportOptions } from './option_table.ts'

/** What was given, under the first name of each option. */
export class ReportArguments {
  readonly #values: Map<string, readonly string[]>
  readonly files: readonly string[]

  constructor(values: ReadonlyMap<string, readonly string[]>, files: readonly string[]) {
    this.#values = new Map(values)
    this.files = files
  }

  has(name: ReportOptionName): boolean {
    return this.#values.has(name)
  }

  /** The last that was given; null: none. */
  text(name: ReportOptionName): string | null {
    return this.#values.get(name)?.at(-1) ?? null
  }

  texts(name: ReportOptionName): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** parseArguments has seen that it is a number. */
  number(name: ReportOptionName): number | null {
    const text = this.text(name)
    return text === null ? null : Number(text)
  }

  without(name: ReportOptionName): ReportArguments {
    return new ReportArguments(new Map([...this.#values].filter(([each]) => each !== name)), this.files)
  }

  /** These, where nothing was said on the command line (pflogsumm: a configuration file has the weaker word). */
  withDefaults(values: ReadonlyMap<string, readonly string[]>): ReportArguments {
    return new ReportArguments(new Map([...values, ...this.#values]), this.files)
  }
}

export type ParsedArguments =
  | { readonly ok: true; readonly args: ReportArguments }
  | { readonly ok: false; readonly message: string }

const WHOLE_NUMBER = /^[-+]?\d{1,9}$/

export function parseArguments(args: readonly string[]): ParsedArguments {
  const values = new Map<string, string[]>()
  const files: string[] = []
  const waiting = [...args]
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    if (word === '--') {
      files.push(...waiting.splice(0))
      break
    }
    // "-" is standard input.
    const named = /^--?(?<name>[\w?-][^=]*)(?:=(?<value>.*))?$/s.exec(word)?.groups
    if (named === undefined || word === '-') {
      files.push(word)
      continue
    }
    const { name = '', value } = named
    const found = findOption(name, word.startsWith('--') ? '--' : '-')
    if ('problem' in found) {
      const split = word.startsWith('--') ? null : splitBundle(word.slice(1))
      if (split === null) return { ok: false, message: found.problem }
      waiting.unshift(...split)
      continue
    }
    const taken = takeValue(found.option, { shown: shownName(found.option, name), value }, waiting)
    if ('problem' in taken) return { ok: false, message: taken.problem }
    const key = found.option.names[0]
    if (found.option.several === true) values.set(key, [...(values.get(key) ?? []), taken.value])
    else values.set(key, [taken.value])
  }
  return { ok: true, args: new ReportArguments(values, files) }
}

export type FoundOption = { readonly option: KnownReportOption } | { readonly problem: string }

/** By its name, or by the beginning of one: what was clear to pflogsumm 1.1.5 stays so, whatever has been added. */
export function findOption(given: string, dashes = '--'): FoundOption {
  // pflogsumm 1.1.5: "--problems_first" is the same.
  const name = given.toLowerCase().replaceAll('_', '-')
  // -H is -h (Getopt::Long ignores case).
  const exact = reportOptions.find(({ names }) => names.includes(name))
  if (exact !== undefined) return { option: exact }
  const begun = reportOptions.filter(({ names }) => names.some(each => each.length > 1 && each.startsWith(name)))
  const old = begun.filter(({ since }) => since === '1.1.5')
  const clear = begun.length === 1 ? begun[0] : old.length === 1 ? old[0] : undefined
  if (clear !== undefined) return { option: clear }
  if (begun.length > 1) {
    const names = begun.map(({ names: [first] }) => `--${first}`)
    return { problem: `--${given} is the beginning of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}` }
  }
  const long = reportOptions.flatMap(({ names }) => names.filter(each => each.length > 1))
  const meant = nearest(name, long, 3)
  return { problem: `unknown option ${dashes}${given}${meant === null ? '' : `: did you mean --${meant}?`}` }
}

/** "-eq" as "-e -q", and "-h5" as "-h 5"; null when it is none. pflogsumm shows switches so in its usage, and refuses them. */
function splitBundle(letters: string): readonly string[] | null {
  const words: string[] = []
  for (const [index, letter] of [...letters].entries()) {
    const option = reportOptions.find(({ names }) => names.includes(letter))
    if (option === undefined) return null
    if (option.kind !== 'switch') return [...words, `-${letter}=${letters.slice(index + 1)}`]
    words.push(`-${letter}`)
  }
  return words
}

function takeValue(
  { kind, value: wanted = '' }: ReportOptionSpec,
  given: { readonly shown: string; readonly value: string | undefined },
  waiting: string[],
): { readonly value: string } | { readonly problem: string } {
  const { shown, value } = given
  if (kind === 'switch') return value === undefined ? { value: '' } : { problem: `${shown} takes no value` }
  if (kind === 'optional number') {
    const next = value ?? (WHOLE_NUMBER.test(waiting[0] ?? '') ? waiting.shift() : undefined) ?? '0'
    return WHOLE_NUMBER.test(next) ? { value: next } : notNumber(next, shown)
  }
  // Getopt::Long: a value that is needed may begin with a dash.
  const next = value ?? waiting.shift()
  if (next === undefined) return { problem: `${shown} needs a value: ${shown} ${wanted}` }
  if (kind === 'number' && !WHOLE_NUMBER.test(next)) return notNumber(next, shown)
  return { value: next }
}

function notNumber(text: string, shown: string): { readonly problem: string } {
  return { problem: `cannot use "${text}" for ${shown}: expected a whole number` }
}

function shownName({ names }: ReportOptionSpec, given: string): string {
  return given.length === 1 ? `-${given.toLowerCase()}` : `--${names[0]}`
}
