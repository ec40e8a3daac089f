/** Where something was written. */
export interface Place {
  /** The file as it was named, "-o name=value", or "default of NAME". */
  readonly file: string
  /** From 1; 0: there are no lines (options, defaults). */
  readonly line: number
  /** From 1, in UTF-16 units; 0: there are no columns. */
  readonly column: number
}

/** One word of a main.cf list with the place where it was written, also when `$name` brought it in. */
export interface Word extends Place {
  readonly text: string
}

/** Something to tell the administrator. Problems keep the program from starting, warnings do not. */
export interface Problem {
  readonly place: Place
  /** One line, no full stop. */
  readonly text: string
}

/** Text of which each character knows its place. */
export interface PlacedText {
  readonly text: string
  place(offset: number): Place
}

/** "main.cf:3:1", or the name alone where there are no lines. */
export function formatPlace(place: Place): string {
  return place.line === 0 ? place.file : `${place.file}:${place.line}:${place.column}`
}

/** "main.cf:3:1: text". */
export function formatProblem(problem: Problem): string {
  return `${formatPlace(problem.place)}: ${problem.text}`
}

/** Text without lines: an option, a default. */
export function placedAs(text: string, file: string): PlacedText {
  return { text, place: () => ({ file, line: 0, column: 0 }) }
}
