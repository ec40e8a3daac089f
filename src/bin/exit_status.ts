/** What every command ends with; scripts rely on it. */
export const GOOD = 0
/** A negative answer: the configuration has problems, the key is not in the table, the mail would be refused. */
export const NEGATIVE = 1
/** The command line makes no sense. */
export const USAGE = 2
/** Try again later; sysexits.h EX_TEMPFAIL. */
export const TEMPORARY = 75

/** Ends a command with one line on stderr. Thrown by what a command calls, caught by postern.ts. */
export class CommandError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}
