/** Reading a log as bytes. Every position is inside a block that ends with a line break, which stops each loop. */

export const NEWLINE = 10
export const BLANK = 32
export const COLON = 58
export const OPEN = 91
export const CLOSE = 93
const LESS = 60
const EQUALS = 61

/** Whether `word` stands at `at`. */
export function isAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

/** The two digits at `at` as a number; what is no digit makes it negative. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 48
  const ones = (bytes[at + 1] ?? 0) - 48
  return tens >>> 0 <= 9 && ones >>> 0 <= 9 ? tens * 10 + ones : -1
}

/** Where the line ends. */
export function lineEnd(bytes: Uint8Array, from: number): number {
  return bytes.indexOf(NEWLINE, from)
}

/** Where the line ends if neither "=<" nor `other` followed by `next` is in the rest of it; -1 if one is. */
export function endWithout(bytes: Uint8Array, from: number, [other, next]: readonly [number, number]): number {
  let at = from
  for (let byte = bytes[at]; byte !== NEWLINE; byte = bytes[++at]) {
    if (byte === EQUALS && bytes[at + 1] === LESS) return -1
    if (byte === other && bytes[at + 1] === next) return -1
  }
  return at
}

/** Where the line ends if it has no "[digits]: " from `from` on; -1 if it has, so that it could look like another line. */
export function endWithoutProcess(bytes: Uint8Array, from: number): number {
  let at = from
  for (let byte = bytes[at]; byte !== NEWLINE; byte = bytes[++at])
    if (byte === CLOSE && bytes[at + 1] === COLON) {
      let before = at - 1
      while (isDigit(bytes[before])) before--
      if (bytes[before] === OPEN) return -1
    }
  return at
}
