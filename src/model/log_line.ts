/** One line of a mail log, cut into its parts. */

/**
 * A line that the log's own header has been taken from. All strings are latin1, one character for each byte of the log: nothing
 * that a client wrote is changed or lost, and what is written out as latin1 is again what was there (UTF-8 included).
 */
export interface LogLine {
  readonly time: LogTime
  /** "mx1"; empty when the form has none. */
  readonly host: string
  /** "postfix/smtpd", "postfix-out/submission/smtpd", "postgrey": what is before "[pid]:" or ":". */
  readonly program: string
  /** Null: none was written. */
  readonly pid: number | null
  /** What is after "program[pid]: ", without "[ID nnnnnn facility.level] ". */
  readonly message: string
}

/** The calendar as the log says it, in the time zone of the log; no zone is applied but where the form has only a universal time (journal). */
export interface LogTime {
  /** Null: the form has none, and it cannot be told from its neighbours. */
  readonly year: number | null
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}
