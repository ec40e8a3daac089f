import { hasChar } from './pattern_charset.ts'
import { ASSERTIONS, type CharTest } from './pattern_program.ts'

const CODE = Object.fromEntries(ASSERTIONS.map((what, i) => [what, i]))

export interface Place {
  readonly subject: string
  readonly at: number
  readonly isWord: CharTest
}

/** Whether an assertion, by its number in ASSERTIONS, is true at a place. */
export function assertionHolds(what: number, { subject, at, isWord }: Place): boolean {
  const last = subject.length
  switch (what) {
    case CODE['start']:
      return at === 0
    case CODE['end']:
      return at === last
    case CODE['end_or_newline']:
      return at === last || (at === last - 1 && subject.charCodeAt(at) === 10)
    case CODE['line_start']:
      return at === 0 || (at < last && subject.charCodeAt(at - 1) === 10)
    case CODE['posix_line_start']:
      return at === 0 || subject.charCodeAt(at - 1) === 10
    case CODE['line_end']:
      return at === last || subject.charCodeAt(at) === 10
  }
  const before = at > 0 && contains(isWord, subject.charCodeAt(at - 1))
  const after = at < last && contains(isWord, subject.charCodeAt(at))
  if (what === CODE['word_boundary']) return before !== after
  if (what === CODE['not_word_boundary']) return before === after
  return what === CODE['word_start'] ? !before && after : before && !after
}

export function contains(test: CharTest, code: number): boolean {
  return code < 256 ? test.bytes[code] === 1 : hasChar(test.set, code)
}
