/**
 * RFC 822 address syntax as Postfix takes it in SMTP envelopes (tok822(3)): more than RFC 5321 4.1.2 allows, because clients
 * send comments, phrases and missing brackets. Text is cut into tokens from left to right, then grouped into addresses from right to left.
 */

/** One token, or an address made of tokens. Operators are single characters. */
export type Token =
  | { readonly kind: 'atom' | 'quoted' | 'literal' | 'comment'; readonly text: string }
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'group_start'; readonly text: ':' }
  | { readonly kind: 'address'; readonly tokens: readonly Token[] }

/** RFC 822 3.3 specials, and Postfix's routing operators "|", "%" and "!". */
const OPERATORS = '|%!()<>@,;:\\".[]'
const BLANKS = ' \t\r\n'

/** The tokens at the top: addresses, and what stands around them. */
export function parseTokens(text: string): readonly Token[] {
  return new Grouper(scanTokens(text)).run()
}

/** Internal form: quotes gone, brackets of literals kept. */
export function internalForm(tokens: readonly Token[]): string {
  let out = ''
  for (const token of tokens) {
    if (token.kind === 'address') out += internalForm(token.tokens)
    else if (token.kind === 'literal') out += `[${token.text}]`
    else out += token.text
  }
  return out
}

function scanTokens(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (BLANKS.includes(char)) {
      at++
    } else if (char === '(') {
      const end = commentEnd(text, at)
      tokens.push({ kind: 'comment', text: text.slice(at, end) })
      at = end
    } else if (char === '[' || char === '"') {
      const stop = char === '[' ? ']' : '"'
      const { value, end } = collect(text, at + 1, c => c !== stop)
      tokens.push({ kind: char === '[' ? 'literal' : 'quoted', text: value })
      at = end + 1
    } else if (char !== '\\' && OPERATORS.includes(char)) {
      tokens.push({ kind: 'operator', text: char })
      at++
    } else {
      const { value, end } = collect(text, at, c => !BLANKS.includes(c) && !OPERATORS.includes(c))
      tokens.push({ kind: 'atom', text: value })
      at = end
    }
  }
  return tokens
}

/** Reads on while `wanted`, taking a backslash off and its successor as it is; blanks become spaces. */
function collect(text: string, from: number, wanted: (char: string) => boolean): { value: string; end: number } {
  let value = ''
  let at = from
  while (at < text.length) {
    let char = text.charAt(at)
    if (char === '\\') {
      at++
      if (at >= text.length) break
      char = text.charAt(at)
    } else if (!wanted(char)) break
    value += BLANKS.includes(char) ? ' ' : char
    at++
  }
  return { value, end: at }
}

function commentEnd(text: string, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const char = text.charAt(at++)
    if (char === '\\') at++
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) break
  }
  return Math.min(at, text.length)
}

/** Groups tokens into addresses, from the right end, and adds the commas that are missing. */
class Grouper {
  private readonly tokens: readonly Token[]
  /** Done, in reverse order. */
  private readonly out: Token[] = []
  /** The address being collected, in reverse order. */
  private pending: Token[] = []
  private at: number
  private wordIsFine = true
  private inGroup = false
  /** The current token already ends what is to its right. */
  private atEdge = false

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
    this.at = tokens.length - 1
  }

  run(): readonly Token[] {
    for (let token = this.tokens[this.at]; token !== undefined; token = this.tokens[this.at]) this.take(token)
    this.close()
    return this.out.reverse()
  }

  private take(token: Token): void {
    if (token.kind === 'comment') {
      this.out.push(token)
    } else if (token.kind !== 'operator') {
      if (!this.wordIsFine) this.close({ comma: true })
      this.wordIsFine = false
      this.pending.push(token)
    } else if (token.text === '>') {
      this.takeRoute(token)
      return
    } else if (token.text === ':' && this.inGroup) {
      this.takeGroupStart()
      return
    } else if (token.text === ';' || token.text === ',') {
      this.close({ comma: token.text === ';' })
      this.out.push(token)
      this.wordIsFine = true
      if (token.text === ';') this.inGroup = true
    } else {
      this.wordIsFine = true
      if (this.atEdge) this.out.push(token)
      else this.pending.push(token)
    }
    this.atEdge = false
    this.at--
  }

  /** `phrase <address>`: the phrase stays outside. */
  private takeRoute(token: Token): void {
    this.close({ comma: true })
    this.out.push(token)
    this.at--
    for (
      let inner = this.tokens[this.at];
      inner !== undefined && !isOperator(inner, '<');
      inner = this.tokens[this.at]
    ) {
      if (inner.kind === 'comment') this.out.push(inner)
      else this.pending.push(inner)
      this.at--
    }
    this.close()
    this.skipTo('>;,:')
    this.wordIsFine = true
  }

  private takeGroupStart(): void {
    this.close()
    this.out.push({ kind: 'group_start', text: ':' })
    this.at--
    this.skipTo(',')
  }

  private skipTo(stops: string): void {
    for (
      let token = this.tokens[this.at];
      token !== undefined && !isOperator(token, stops);
      token = this.tokens[this.at]
    ) {
      this.out.push(token)
      this.at--
    }
    this.atEdge = true
  }

  private close(options: { comma?: boolean } = {}): void {
    if (this.pending.length === 0) return
    this.out.push({ kind: 'address', tokens: this.pending.reverse() })
    if (options.comma === true) this.out.push({ kind: 'operator', text: ',' })
    this.pending = []
  }
}

function isOperator(token: Token, oneOf: string): boolean {
  return token.kind === 'operator' && oneOf.includes(token.text)
}
