import type { CommandCounts } from '../model/event.ts'

/** In the order in which "disconnect from …" lists them (Postfix smtpd_cmd_table). */
export const COMMAND_NAMES = [
  'HELO',
  'EHLO',
  'XCLIENT',
  'XFORWARD',
  'STARTTLS',
  'AUTH',
  'MAIL',
  'RCPT',
  'DATA',
  'BDAT',
  'RSET',
  'NOOP',
  'VRFY',
  'ETRN',
  'QUIT',
  'HELP',
  'UNKNOWN',
] as const
export type CommandName = (typeof COMMAND_NAMES)[number]

/** How often each command was said, and how often it succeeded. */
export class CommandStats {
  private readonly counts = new Map<CommandName, { good: number; total: number }>()

  total(name: CommandName): void {
    this.entry(name).total++
  }

  good(name: CommandName): void {
    this.entry(name).good++
  }

  /** Lower-case names, in order; commands that were never said are left out. */
  snapshot(): CommandCounts {
    const counts = new Map<string, { good: number; total: number }>()
    for (const name of COMMAND_NAMES) {
      const entry = this.counts.get(name)
      if (entry !== undefined) counts.set(name.toLowerCase(), { ...entry })
    }
    return counts
  }

  private entry(name: CommandName): { good: number; total: number } {
    let entry = this.counts.get(name)
    if (entry === undefined) {
      entry = { good: 0, total: 0 }
      this.counts.set(name, entry)
    }
    return entry
  }
}
