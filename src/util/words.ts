/** Splitting of main.cf values as Postfix does it. */

/** Separators of lists: comma, blank, tab, line end. */
export const COMMA_SPACE = ', \t\r\n'
/** Separators of words: blank, tab, line end. */
export const SPACE = ' \t\r\n'

/** A word and the index of its first character in the text it was cut from. */
export interface SplitWord {
  readonly text: string
  readonly offset: number
}

export interface SplitOptions {
  /** Default: COMMA_SPACE. */
  readonly separators?: string
  /** Separators between braces do not split; the braces stay part of the word (Postfix: mystrtokq with CHARS_BRACE). Default: true. */
  readonly braces?: boolean
}

/** The words of a list. Braces that do not close make everything to the end one word. */
export function splitWords(text: string, options: SplitOptions = {}): readonly string[] {
  return splitPlacedWords(text, options).map(word => word.text)
}

/** The same with the index of each word. */
export function splitPlacedWords(text: string, options: SplitOptions = {}): readonly SplitWord[] {
  const separators = options.separators ?? COMMA_SPACE
  const braces = options.braces ?? true
  const words: SplitWord[] = []
  let at = 0
  while (true) {
    while (at < text.length && separators.includes(text.charAt(at))) at++
    if (at >= text.length) return words
    const end = wordEnd(text, at, { separators, braces })
    words.push({ text: text.slice(at, end), offset: at })
    at = end
  }
}

function wordEnd(text: string, start: number, options: { separators: string; braces: boolean }): number {
  let level = 0
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at)
    if (options.braces && char === '{') level++
    else if (level > 0 && char === '}') level--
    else if (level === 0 && options.separators.includes(char)) return at
  }
  return text.length
}

/** What stands between the braces of `{ … }`, blanks at its ends removed, or what is wrong with it (Postfix extpar(3) in its words). */
export function readBraces(text: string): { readonly inside: string } | { readonly problem: string } {
  if (!text.startsWith('{')) return { problem: `no '{' at start of text in "${text}"` }
  let level = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') level++
    else if (text[at] === '}' && --level === 0) {
      if (at + 1 < text.length) return { problem: `syntax error after '}' in "${text}"` }
      return { inside: trimBlanks(text.slice(1, at)) }
    }
  }
  return { problem: `missing '}' in "${text}"` }
}

/** Without the blanks (space, tab, vertical tab, form feed, line ends) at both ends: C isspace(), not Unicode's idea of it. */
export function trimBlanks(text: string): string {
  return text.replace(/^[ \t\n\v\f\r]+/, '').replace(/(?<![ \t\n\v\f\r])[ \t\n\v\f\r]+$/, '')
}
