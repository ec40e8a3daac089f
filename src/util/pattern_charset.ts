/**
 * Sets of characters as sorted, disjoint ranges of code units. PCRE and POSIX patterns of Postfix match bytes, so their
 * sets end at 0xff; Python's match text and end at 0xffff.
 */
export interface CharSet {
  readonly ranges: readonly (readonly [first: number, last: number])[]
}

/** Makes ranges sorted and disjoint. */
export function charSet(ranges: readonly (readonly [number, number])[]): CharSet {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0])
  const merged: [number, number][] = []
  for (const [first, last] of sorted) {
    const previous = merged.at(-1)
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else merged.push([first, last])
  }
  return { ranges: merged }
}

export function singleChar(code: number): CharSet {
  return { ranges: [[code, code]] }
}

/** The set of the characters of a string. */
export function charsOf(text: string): CharSet {
  return charSet(Array.from({ length: text.length }, (_, i) => [text.charCodeAt(i), text.charCodeAt(i)]))
}

export function unite(...sets: readonly CharSet[]): CharSet {
  return charSet(sets.flatMap(set => set.ranges))
}

/** All characters up to `max` that are not in the set. */
export function complement(set: CharSet, max: number): CharSet {
  const ranges: [number, number][] = []
  let next = 0
  for (const [first, last] of set.ranges) {
    if (first > next) ranges.push([next, first - 1])
    next = last + 1
  }
  if (next <= max) ranges.push([next, max])
  return { ranges }
}

export function hasChar(set: CharSet, code: number): boolean {
  for (const [first, last] of set.ranges) if (code >= first && code <= last) return true
  return false
}

export function isEmpty(set: CharSet): boolean {
  return set.ranges.length === 0
}

/** The only character of the set; -1 when there are more or none. */
export function onlyChar(set: CharSet): number {
  const [range] = set.ranges
  return set.ranges.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : -1
}

/** Adds the other case of every letter: of ASCII letters, or with `unicode` of all that have one other case. */
export function addOtherCase(set: CharSet, unicode: boolean): CharSet {
  const added: [number, number][] = [...set.ranges.map(([a, b]): [number, number] => [a, b])]
  for (const [first, last] of set.ranges) {
    addShifted(added, [Math.max(first, 0x41), Math.min(last, 0x5a)], 32)
    addShifted(added, [Math.max(first, 0x61), Math.min(last, 0x7a)], -32)
    if (!unicode) continue
    for (let code = Math.max(first, 0x80); code <= last; code++) {
      for (const other of otherCases(code)) added.push([other, other])
    }
  }
  return charSet(added)
}

function addShifted(ranges: [number, number][], [first, last]: readonly [number, number], by: number): void {
  if (first <= last) ranges.push([first + by, last + by])
}

function otherCases(code: number): number[] {
  const char = String.fromCharCode(code)
  return [char.toLowerCase(), char.toUpperCase()]
    .filter(other => other.length === 1 && other !== char)
    .map(other => other.charCodeAt(0))
}

const DIGIT = charSet([[0x30, 0x39]])
const LOWER = charSet([[0x61, 0x7a]])
const UPPER = charSet([[0x41, 0x5a]])
const ALPHA = unite(LOWER, UPPER)
const ALNUM = unite(ALPHA, DIGIT)
const GRAPH = charSet([[0x21, 0x7e]])

/** Bytes of the C locale: what ctype(3) says there. */
export const POSIX_CLASSES: ReadonlyMap<string, CharSet> = new Map([
  ['alpha', ALPHA],
  ['alnum', ALNUM],
  ['digit', DIGIT],
  ['lower', LOWER],
  ['upper', UPPER],
  [
    'space',
    charSet([
      [0x09, 0x0d],
      [0x20, 0x20],
    ]),
  ],
  ['blank', charsOf(' \t')],
  [
    'cntrl',
    charSet([
      [0, 0x1f],
      [0x7f, 0x7f],
    ]),
  ],
  ['graph', GRAPH],
  ['print', charSet([[0x20, 0x7e]])],
  [
    'punct',
    charSet([
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ]),
  ],
  [
    'xdigit',
    charSet([
      [0x30, 0x39],
      [0x41, 0x46],
      [0x61, 0x66],
    ]),
  ],
])

export const DIGITS = DIGIT
export const WORD_CHARS = unite(ALNUM, charsOf('_'))
export const SPACES = charSet([
  [0x09, 0x0d],
  [0x20, 0x20],
])
/** PCRE \h and \v, as far as bytes go. */
export const HORIZONTAL_SPACES = charsOf(' \t\xa0')
export const VERTICAL_SPACES = charSet([
  [0x0a, 0x0d],
  [0x85, 0x85],
])
export const NEWLINE = charsOf('\n')

/** Characters up to `max` with a Unicode property, e.g. `Lu`, `Script=Greek`; null when there is no such property. */
export function unicodeProperty(name: string, max: number): CharSet | null {
  let test: RegExp
  try {
    test = new RegExp(`^\\p{${name}}$`, 'u')
  } catch {
    return null
  }
  const ranges: [number, number][] = []
  for (let code = 0; code <= max; code++) {
    if (test.test(String.fromCharCode(code))) ranges.push([code, code])
  }
  return charSet(ranges)
}
