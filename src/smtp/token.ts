/** One word of a command. `broken`: a quote or bracket that is never closed. */
export interface Token {
  readonly text: string
  readonly broken: boolean
}

/** C isspace(3) */
const BLANK = /[ \t\n\v\f\r]/

/** Cuts a command line into words (Postfix smtpd_token): `<…>` and `"…"` hold together, "MAIL FROM:" and "RCPT TO:" end at the colon. */
export function splitCommand(line: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < line.length) {
    const { token, end } = nextToken(line, at)
    if (token.text === '') break
    tokens.push(token)
    at = end
  }
  return tokens
}

function nextToken(line: string, from: number): { token: Token; end: number } {
  let text = ''
  let broken = false
  let at = from
  while (at < line.length) {
    const char = line.charAt(at++)
    if (BLANK.test(char)) {
      while (at < line.length && BLANK.test(line.charAt(at))) at++
      if (text !== '') break
    } else if (char === '<' || char === '"') {
      const end = quotedEnd(line, at, char === '<' ? '>' : '"')
      text += line.slice(at - 1, end.at)
      broken = end.closed ? broken : true
      at = end.at
    } else if (char === ':') {
      text += char
      if (isPrefix(text, 'to:') || isPrefix(text, 'from:')) break
    } else if (char === '\\') {
      text += line.slice(at - 1, at + 1)
      at = Math.min(at + 1, line.length)
    } else {
      text += char
    }
  }
  return { token: { text, broken }, end: at }
}

/** Postfix: compares only as far as the shorter text goes, but a shorter one cannot end in the colon. */
function isPrefix(text: string, word: string): boolean {
  return text.toLowerCase() === word
}

/** Brackets nest inside brackets, quotes hide both, a backslash hides one character. */
function quotedEnd(line: string, from: number, close: '>' | '"'): { at: number; closed: boolean } {
  const wanted: string[] = [close]
  let at = from
  while (at < line.length) {
    const char = line.charAt(at++)
    const top = wanted.at(-1)
    if (char === '\\') {
      if (at < line.length) at++
    } else if (char === top) {
      wanted.pop()
      if (wanted.length === 0) return { at, closed: true }
    } else if (char === '"' || (char === '<' && top === '>')) {
      wanted.push(char === '"' ? '"' : '>')
    }
  }
  return { at, closed: false }
}
