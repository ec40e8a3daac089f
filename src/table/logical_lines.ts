/** One rule of a table file: its physical lines joined, comments and blank lines left out. */
export interface LogicalLine {
  readonly text: string
  /** Number of its first physical line, from 1. */
  readonly line: number
  /** False: some byte was not UTF-8, and `text` has one character per byte. */
  readonly utf8: boolean
}

const BLANK_OR_COMMENT = /^[ \t\n\v\f\r]*(?:#|$)/
const CONTINUES = /^(?:[ \t\n\v\f\r#]|$)/

/**
 * Joins physical lines to logical ones. Postfix: readllines(3). A line that starts with white space continues the one
 * before; comment and blank lines in between are dropped and do not end it.
 */
export class LineJoiner {
  readonly #emit: (line: LogicalLine) => void
  readonly #orphan: (line: LogicalLine) => void
  #text = ''
  #first = 0
  #utf8 = true
  #count = 0

  /** `orphan` takes a line that starts with white space and continues nothing. */
  constructor(emit: (line: LogicalLine) => void, orphan: (line: LogicalLine) => void) {
    this.#emit = emit
    this.#orphan = orphan
  }

  push(text: string, utf8: boolean): void {
    this.#count++
    if (this.#text !== '' && !CONTINUES.test(text)) this.#flush()
    if (BLANK_OR_COMMENT.test(text)) return
    if (this.#text === '') this.#first = this.#count
    this.#text += text
    this.#utf8 &&= utf8
  }

  end(): void {
    if (this.#text !== '') this.#flush()
  }

  #flush(): void {
    const nul = this.#text.indexOf('\0')
    const text = nul < 0 ? this.#text : this.#text.slice(0, nul)
    const line = { text, line: this.#first, utf8: this.#utf8 }
    this.#text = ''
    this.#utf8 = true
    if (/^[ \t\v\f\r]/.test(text)) this.#orphan(line)
    else if (text !== '') this.#emit(line)
  }
}
