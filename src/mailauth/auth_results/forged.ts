import { readAuthservId } from './parse.ts'

/** What may stand around a name: blanks, comments, quotes, brackets, a job id. */
const SEPARATORS = ' \t\r\n\f\v\xa0()"\'\\<>,/='

/**
 * Whether an Authentication-Results header of a message that comes from outside claims to be ours (RFC 8601 5). Too much is taken for
 * ours rather than too little: whoever reads the header after us may be sloppy. In time that grows with the length of the header.
 */
export function claimsOurName(value: string, authservId: string): boolean {
  const ours = authservId.toLowerCase()
  const id = readAuthservId(value)?.toLowerCase() ?? ''
  // "mx.example.org/QUEUEID" is OpenDMARC's AuthservIDWithJobID.
  if (id === ours || id.startsWith(`${ours}/`)) return true
  // Our name before the first ";", in whatever wrapping: quotes, comments, other words.
  const end = value.indexOf(';')
  return hasWord((end < 0 ? value : value.slice(0, end)).toLowerCase(), ours)
}

/** With or without a dot at its end. */
function hasWord(text: string, word: string): boolean {
  if (word === '') return false
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const dotless = at + word.length
    const end = text[dotless] === '.' ? dotless + 1 : dotless
    if (isSeparator(text, at - 1) && (isSeparator(text, end) || isSeparator(text, dotless))) return true
  }
  return false
}

function isSeparator(text: string, at: number): boolean {
  return at < 0 || at >= text.length || SEPARATORS.includes(text.charAt(at))
}
