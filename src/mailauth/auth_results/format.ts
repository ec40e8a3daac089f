import type { AuthResult, AuthResults } from './auth_results.ts'

const FOLD = '\r\n\t'
/** RFC 5322 2.1.1: lines should not be longer. */
const MAX_LINE = 78
/** RFC 2045 5.1 token. */
const TOKEN = /^[!#-'*+\-.0-9A-Z^-~]+$/
/** RFC 8601 2.2 pvalue, without quotes: [ [ local-part ] "@" ] domain-name. */
const ADDRESS = /^(?:[!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*)?@[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*$/

/** The value of the header after "Authentication-Results: ", folded with CRLF and a tab. */
export function formatAuthResults({ authservId, results }: AuthResults): string {
  const parts = results.length === 0 ? [['none']] : results.map(resultWords)
  return [quoted(authservId, TOKEN), ...parts.map(fold)].join(`;${FOLD}`)
}

function resultWords(result: AuthResult): string[] {
  const words = [`${result.method}=${result.result}`]
  if (result.comment !== null) words.push(`(${comment(result.comment)})`)
  if (result.reason !== null) words.push(`reason=${quoted(result.reason, TOKEN)}`)
  for (const { ptype, name, value } of result.properties) words.push(`${ptype}.${name}=${propertyValue(value)}`)
  return words
}

/** Greedily, into as few lines as there are. */
function fold(words: readonly string[]): string {
  let line = 0
  let text = ''
  for (const word of words) {
    if (text !== '' && line + word.length >= MAX_LINE) {
      text += FOLD
      line = 0
    } else if (text !== '') {
      text += ' '
      line++
    }
    text += word
    line += word.length
  }
  return text
}

function propertyValue(value: string): string {
  return ADDRESS.test(value) ? value : quoted(value, TOKEN)
}

/** As it is where it may be, else as a quoted string (RFC 5322 3.2.4), in printable ASCII. */
function quoted(text: string, bare: RegExp): string {
  return bare.test(text) ? text : `"${printable(text).replace(/["\\]/g, '\\$&')}"`
}

/** RFC 5322 3.2.2 ctext; brackets and backslashes are quoted. */
function comment(text: string): string {
  return printable(text).replace(/[()\\]/g, '\\$&')
}

/** Strangers choose domains, selectors and policies: nothing of theirs may end a line. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?')
}
