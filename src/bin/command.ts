/** What a command is: its words, its options, its help, and where its program is. */
import { parseArgs } from 'node:util'
import { CommandError, USAGE } from './exit_status.ts'
import type { Terminal } from './terminal.ts'

export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string
  /** May be given several times. */
  readonly several?: true
  readonly required?: true
  readonly doc: string
}

export interface CommandSpec {
  readonly name: string
  /** One line without a full stop. */
  readonly summary: string
  /** What follows the name, options left out: "[NAME …]". */
  readonly operands: string
  /** How many operands there may be; null: any number. */
  readonly operandCount: readonly [least: number, most: number | null]
  /** Paragraphs. */
  readonly description: string
  readonly options: readonly OptionSpec[]
  /** It reads its own command line, as that of a program it stands in for: `operands` of the call are all words. */
  readonly ownGrammar?: true
  /** Exit status and its meaning here; 2 is the same everywhere. */
  readonly exits: readonly (readonly [status: number, meaning: string])[]
  readonly examples: readonly string[]
  /** Loads the program only when it is called: `postern version` needs no SMTP server. */
  load(): Promise<{ run(call: Call): Promise<number> }>
}

/** One call of a command. */
export interface Call {
  readonly command: CommandSpec
  readonly options: Options
  readonly operands: readonly string[]
  readonly terminal: Terminal
}

export class Options {
  readonly #values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

  constructor(values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>) {
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== false
  }

  /** The value; null when the option was not given. */
  text(name: string): string | null {
    const value = this.#values[name]
    return typeof value === 'string' ? value : null
  }

  /** The values of an option that may be given several times. */
  texts(name: string): readonly string[] {
    const value = this.#values[name]
    if (Array.isArray(value)) return value.filter(each => typeof each === 'string')
    return typeof value === 'string' ? [value] : []
  }

  /** A whole number of at least 0; null when not given. */
  number(name: string): number | null {
    const text = this.text(name)
    if (text === null) return null
    if (!/^\d{1,15}$/.test(text))
      throw new CommandError(`cannot use "${text}" for --${name}: expected a whole number`, USAGE)
    return Number(text)
  }
}

export type ParsedCall =
  | { readonly ok: true; readonly options: Options; readonly operands: readonly string[] }
  | { readonly ok: false; readonly message: string }

/** Reads what stands behind the command's name. */
export function parseCall(command: CommandSpec, args: readonly string[]): ParsedCall {
  if (command.ownGrammar === true) return { ok: true, options: new Options({}), operands: args }
  const options = Object.fromEntries(
    command.options.map(({ name, short, value, several }) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
        ...(several === undefined ? {} : { multiple: true }),
      },
    ]),
  )
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
    const missing = command.options.find(({ name, required }) => required === true && parsed.values[name] === undefined)
    if (missing !== undefined)
      return { ok: false, message: `--${missing.name} ${missing.value ?? ''} is needed`.replace(' is', ' is') }
    const [least, most] = command.operandCount
    const count = parsed.positionals.length
    if (count < least) return { ok: false, message: `${command.operands} is needed` }
    if (most !== null && count > most)
      return { ok: false, message: `cannot use "${parsed.positionals[most]}": too many arguments` }
    return { ok: true, options: new Options(parsed.values), operands: parsed.positionals }
  } catch (error) {
    // parseArgs throws TypeErrors whose first sentence says it all.
    const text = error instanceof Error ? error.message : String(error)
    return { ok: false, message: (text.split('. ')[0] ?? text).replace(/^Unknown option/, 'unknown option') }
  }
}
