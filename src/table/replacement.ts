/** The right-hand side of a regexp: or pcre: rule: text, and groups of the match to put in. */
export interface Replacement {
  readonly pieces: readonly (string | number)[]
  /** Highest group named; 0 when none is. */
  readonly highest: number
}

/** Reads `$1`, `${1}`, `$(1)` and `$$`; a text says what is wrong, in Postfix's words (mac_parse(3)). */
export function parseReplacement(text: string): Replacement | { readonly problem: string } {
  const pieces: (string | number)[] = []
  let highest = 0
  let literal = ''
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) {
      literal += text.slice(at)
      break
    }
    literal += text.slice(at, dollar)
    if (text.charAt(dollar + 1) === '$') {
      literal += '$'
      at = dollar + 2
      continue
    }
    const name = readName(text, dollar + 1)
    if ('problem' in name) return name
    if (!/^[0-9]+$/.test(name.name)) return { problem: `non-numeric replacement index "${name.name}"` }
    const index = Number(name.name)
    if (index < 1) return { problem: `out of range replacement index "${name.name}"` }
    if (literal !== '') pieces.push(literal)
    literal = ''
    pieces.push(index)
    highest = Math.max(highest, index)
    at = name.end
  }
  if (literal !== '') pieces.push(literal)
  return { pieces, highest }
}

function readName(text: string, start: number): { name: string; end: number } | { problem: string } {
  const open = text.charAt(start)
  if (open !== '(' && open !== '{') {
    const name = /^[A-Za-z0-9_]*/.exec(text.slice(start))?.[0] ?? ''
    return name === '' ? { problem: `empty macro name: "${text}"` } : { name, end: start + name.length }
  }
  const close = open === '(' ? ')' : '}'
  let level = 0
  for (let at = start; at < text.length; at++) {
    if (text.charAt(at) === open) level++
    else if (text.charAt(at) === close && --level === 0) {
      const name = text.slice(start + 1, at)
      return name === '' ? { problem: `empty macro name: "${text}"` } : { name, end: at + 1 }
    }
  }
  return { problem: `truncated macro reference: "${text}"` }
}

export function fillIn(replacement: Replacement, groups: readonly (string | null)[]): string {
  return replacement.pieces.map(piece => (typeof piece === 'string' ? piece : (groups[piece] ?? ''))).join('')
}
