import { PatternError } from './pattern_ast.ts'
import {
  type CharSet,
  charSet,
  complement,
  hasChar,
  NEWLINE,
  POSIX_CLASSES,
  singleChar,
  unite,
} from './pattern_charset.ts'

interface BracketOptions {
  readonly ignoreCase: boolean
  readonly newline: boolean
}

type Element = { readonly kind: 'char'; readonly code: number } | { readonly kind: 'class'; readonly set: CharSet }

/** A bracket expression whose "[" stands before `start`. `length`: characters up to and with the "]". glibc, C locale. */
export function readPosixBracket(
  text: string,
  start: number,
  options: BracketOptions,
): { readonly set: CharSet; readonly length: number } {
  const reader = new BracketReader(text, start, options)
  const set = reader.read()
  return { set, length: reader.at - start }
}

class BracketReader {
  readonly #text: string
  readonly #options: BracketOptions
  at: number

  constructor(text: string, start: number, options: BracketOptions) {
    this.#text = text
    this.#options = options
    this.at = start
  }

  read(): CharSet {
    const negated = this.#text.charAt(this.at) === '^'
    if (negated) this.at++
    const sets: CharSet[] = []
    for (let first = true; first || this.#text.charAt(this.at) !== ']'; first = false) {
      sets.push(this.#readOne(first))
    }
    this.at++
    let set = unite(...sets)
    if (this.#options.ignoreCase) set = matchUpperCased(set)
    if (!negated) return set
    // RE_HAT_LISTS_NOT_NEWLINE
    return complement(this.#options.newline ? unite(set, NEWLINE) : set, 0xff)
  }

  #readOne(first: boolean): CharSet {
    // glibc: a "-" that is neither first, last nor the end of a range is an error.
    if (!first && this.#text.charAt(this.at) === '-' && this.#text.charAt(this.at + 1) !== ']') {
      this.#fail('Invalid range end')
    }
    const element = this.#element()
    if (this.#text.charAt(this.at) !== '-' || this.#text.charAt(this.at + 1) === ']') return setOf(element)
    if (this.at + 1 >= this.#text.length) this.#fail('Unmatched [, [^, [:, [., or [=')
    this.at++
    const last = this.#element()
    if (element.kind === 'class' || last.kind === 'class' || last.code < element.code) {
      return this.#fail('Invalid range end')
    }
    return charSet([[element.code, last.code]])
  }

  #element(): Element {
    const char = this.#text.charAt(this.at)
    if (char === '') this.#fail('Unmatched [, [^, [:, [., or [=')
    const symbol = this.#text.charAt(this.at + 1)
    if (char === '[' && /[:.=]/.test(symbol)) {
      const end = this.#text.indexOf(`${symbol}]`, this.at + 2)
      if (end >= 0) return this.#named(symbol, end)
      if (symbol !== ':') this.#fail('Unmatched [, [^, [:, [., or [=')
    }
    this.at++
    return { kind: 'char', code: this.#fold(char) }
  }

  #named(symbol: string, end: number): Element {
    const name = this.#text.slice(this.at + 2, end)
    if (symbol !== ':') {
      if (name.length !== 1) this.#fail('Invalid collation character')
      this.at = end + 2
      return { kind: 'char', code: this.#fold(name) }
    }
    // glibc: with REG_ICASE upper and lower mean any letter.
    const wanted = this.#options.ignoreCase && (name === 'upper' || name === 'lower') ? 'alpha' : name
    const set = POSIX_CLASSES.get(wanted)
    if (set === undefined) return this.#fail('Invalid character class name')
    this.at = end + 2
    return { kind: 'class', set }
  }

  /** glibc compares upper case with upper case, so that `[_-z]` is `[_-Z]` and wrong. */
  #fold(char: string): number {
    const code = char.charCodeAt(0)
    return this.#options.ignoreCase && code >= 0x61 && code <= 0x7a ? code - 32 : code
  }

  #fail(message: string): never {
    throw new PatternError(message, this.at)
  }
}

function setOf(element: Element): CharSet {
  return element.kind === 'class' ? element.set : singleChar(element.code)
}

/** The characters whose upper-case form is in the set. */
function matchUpperCased(set: CharSet): CharSet {
  const ranges: [number, number][] = []
  for (let code = 0; code <= 0xff; code++) {
    const upper = code >= 0x61 && code <= 0x7a ? code - 32 : code
    if (hasChar(set, upper)) ranges.push([code, code])
  }
  return charSet(ranges)
}
