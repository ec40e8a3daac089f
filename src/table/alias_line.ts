import { trimBlanks } from '../util/words.ts'

/**
 * `name: value, …` of aliases(5), or what is wrong with it. The name comes without its quotes, as postalias(1) stores it;
 * the value is kept as written.
 */
export function parseAlias(text: string): { key: string; value: string } | string {
  let key = ''
  let quoted = false
  let at = 0
  for (; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\' && at + 1 < text.length) key += text.charAt(++at)
    else if (char === '"') quoted = !quoted
    else if (char === ':' && !quoted) break
    else if ((char === '@' || char === '%') && !quoted) return 'name must be local'
    else if (char === ',' && !quoted) return 'need name:value pair'
    else key += char
  }
  const value = trimBlanks(text.slice(at + 1))
  const name = trimBlanks(key)
  if (at >= text.length || name === '' || value === '') return 'need name:value pair'
  return { key: name, value }
}
