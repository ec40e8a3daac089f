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
    let out = ''
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at)
      if (char === '\\') {
        this.#at++
        out += this.#text.charAt(this.#at)
      } else if (char === '"') {
        this.#at++
        return out
      } else if (char !== '\r' && char !== '\n') out += char
    }
    return null
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at)
      if (char === '(') this.#skipComment()
      else if (/\s/.test(char)) this.#at++
      else return
    }
  }

  /** A comment without its end goes to the end. */
  #skipComment(): void {
    let depth = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]
      if (char === '\\') this.#at++
      else if (char === '(') depth++
      else if (char === ')' && --depth === 0) {
        this.#at++
        return
      }
    }
  }
}
