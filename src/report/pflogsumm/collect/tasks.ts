/** What the scanner leaves for the counts that remember queue ids: places in the block, no strings. */

/** "client=": a message arrives. */
export const CLIENT = 1
/** "from=<…>, size=". */
export const SENDER = 2
/** "to=<…>, relay=". */
export const RECIPIENT = 3
/** Any other line, to be read as a string. */
export const OTHER = 4
/** The same, of a line that does not stand in the block as it is; VALUE is its number in `texts`. */
export const TEXT = 5

/** "uid=": a message arrives from this machine. */
export const PICKUP = 6

/** Fields of a task. */
export const KIND = 0
/** The queue id, its end excluded. */
export const ID = 1
export const ID_END = 2
/** Behind "queue-id: ". */
export const VALUE = 3
/** The end of the line. */
export const END = 4
/** The program's name. */
export const PROGRAM = 5
export const HOUR = 6
/** Minute · 100 + second. */
export const CLOCK = 7
/** The day, and the day under which the line is filed. */
export const DAY = 8
export const ROW = 9
export const FIELDS = 10

/** No line with a header is shorter. */
const SHORTEST_LINE = 24

/** A piece of the log, and what is to be done about it. */
export interface Block {
  readonly bytes: Buffer
  readonly fields: Int32Array
}

export interface ScanResult {
  /** How many tasks the fields of the block have. */
  readonly count: number
  readonly texts: readonly string[]
}

/** How many fields the tasks of a block of so many bytes can have. */
export function roomFor(bytes: number): number {
  return Math.ceil(bytes / SHORTEST_LINE) * FIELDS
}
