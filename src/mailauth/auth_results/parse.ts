import type { AuthProperty, AuthResult, AuthResults } from './auth_results.ts'

/** A header is bounded, but not by us where it is read for a trusted sealer's word. */
const MAX_RESULTS = 100
const MAX_PROPERTIES = 50

/**
 * Reads the value of an Authentication-Results header (RFC 8601 2.2), or of an ARC-Authentication-Results after its "i=N;". A
 * result that is not of the grammar is left out; null: there is no authserv-id.
 */
export function parseAuthResults(value: string): AuthResults | null {
  const scanner = new Scanner(value)
  const authservId = scanner.value()
  if (authservId === null || authservId === '') return null
  // RFC 8601 2.5: an optional version.
  if (!scanner.isAt(';') && !scanner.isAtEnd()) scanner.word()
  const results: AuthResult[] = []
  while (results.length < MAX_RESULTS && scanner.skipPast(';')) {
    const result = readResult(scanner)
    if (result !== null) results.push(result)
  }
  return { authservId, results }
}

/** The first word alone; null: there is none. */
export function readAuthservId(value: string): string | null {
  return new Scanner(value).value()
}

function readResult(scanner: Scanner): AuthResult | null {
  const method = scanner.keyword()
  if (method === '') return null
  // RFC 8601 2.2 method-version
  if (scanner.take('/')) scanner.word()
  if (!scanner.take('=')) return null
  const result = scanner.keyword()
  if (result === '') return null
  let reason: string | null = null
  const properties: AuthProperty[] = []
  while (!scanner.isAt(';') && !scanner.isAtEnd() && properties.length < MAX_PROPERTIES) {
    const ptype = scanner.keyword()
    if (ptype === '') break
    const name = scanner.take('.') ? scanner.keyword() : null
    if (!scanner.take('=')) break
    const text = scanner.value()
    if (text === null) break
    if (name !== null && name !== '') properties.push({ ptype, name, value: text })
    else if (ptype === 'reason') reason = text
  }
  return { method, result, comment: null, reason, properties }
}

const OPEN = 0x28
const CLOSE = 0x29
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Tokens of one header value; blanks and comments (RFC 5322 3.2.2) between them are passed over. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    this.#skipBlanks()
    return this.#at >= this.#text.length
  }

  isAt(char: string): boolean {
    this.#skipBlanks()
    return this.#text[this.#at] === char
  }

  take(char: string): boolean {
    if (!this.isAt(char)) return false
    this.#at++
    return true
  }

  /** To behind the next `char` that is not in quotes or a comment; false: there is none. */
  skipPast(char: string): boolean {
    while (!this.isAtEnd()) {
      if (this.take(char)) return true
      if (this.#text[this.#at] === '"') this.#quoted()
      else this.#at++
    }
    return false
  }

  /** RFC 5321 4.1.2 Keyword, lower case; '': none here. */
  keyword(): string {
    return this.#match(/[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?/y).toLowerCase()
  }

  /** Anything up to a blank, a comment, a quote or ";". */
  word(): string {
    return this.#match(/[^\s();"]+/y)
  }

  /** A value or an address: quoted, or not, or an address whose local part is. Null: none here. */
  value(): string | null {
    if (!this.isAt('"')) {
      const word = this.word()
      return word === '' ? null : word
    }
    const quoted = this.#quoted()
    if (quoted === null) return null
    return this.#text[this.#at] === '@' ? `"${quoted.replace(/["\\]/g, '\\$&')}"${this.word()}` : quoted
  }

  #match(pattern: RegExp): string {
    this.#skipBlanks()
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #quoted(): string | null {
    const start = this.#at + 1
    for (this.#at = start; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at)
      if (code === BACKSLASH) this.#at++
      else if (code === QUOTE) return this.#text.slice(start, this.#at++).replace(/\\([\s\S])|[\r\n]/g, '$1')
    }
    return null
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at)
      if (code === OPEN) this.#skipComment()
      else if (code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0) this.#at++
      else return
    }
  }

  /** A comment without its end goes to the end. */
  #skipComment(): void {
    let depth = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at)
      if (code === BACKSLASH) this.#at++
      else if (code === OPEN) depth++
      else if (code === CLOSE && --depth === 0) {
        this.#at++
        return
      }
    }
  }
}
