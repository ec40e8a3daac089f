/** Blanks out what is not code, so that a lint can look for words and braces with simple means. */

interface Scan {
  readonly text: string
  /** Copy of `text` in which comments and the insides of strings are blanks; same length, same lines. */
  readonly out: string[]
  at: number
}

/**
 * The code of a TypeScript file with comments, string contents, template texts and regular expressions blanked.
 * Positions and line breaks stay. `strings: 'keep'` leaves quoted strings as they are (for import paths).
 */
export function blankNonCode(text: string, options: { readonly strings: 'blank' | 'keep' }): string {
  const scan: Scan = { text, out: [...text].length === text.length ? [...text] : text.split(''), at: 0 }
  scanCode(scan, null, options.strings === 'blank')
  return scan.out.join('')
}

function blank(scan: Scan, from: number, to: number): void {
  for (let i = from; i < to && i < scan.out.length; i++) if (scan.out[i] !== '\n') scan.out[i] = ' '
}

/** Scans code up to the `}` that closes a template's `${`, or to the end. */
function scanCode(scan: Scan, end: '}' | null, blankStrings: boolean): void {
  let depth = 0
  while (scan.at < scan.text.length) {
    const char = scan.text[scan.at]
    const two = scan.text.slice(scan.at, scan.at + 2)
    if (two === '//') skipTo(scan, '\n', 0)
    else if (two === '/*') skipTo(scan, '*/', 2)
    else if (char === "'" || char === '"') scanQuoted(scan, char, blankStrings)
    else if (char === '`') scanTemplate(scan, blankStrings)
    else if (char === '/' && isRegexStart(scan)) scanRegex(scan)
    else {
      if (char === '{') depth++
      if (char === '}' && end !== null && depth-- === 0) return
      scan.at++
    }
  }
}

function skipTo(scan: Scan, mark: string, markLength: number): void {
  const found = scan.text.indexOf(mark, scan.at + markLength)
  const to = found < 0 ? scan.text.length : found + markLength
  blank(scan, scan.at, to)
  scan.at = to
}

function scanQuoted(scan: Scan, quote: string, blankStrings: boolean): void {
  let i = scan.at + 1
  while (i < scan.text.length && scan.text[i] !== quote && scan.text[i] !== '\n') i += scan.text[i] === '\\' ? 2 : 1
  if (blankStrings) blank(scan, scan.at + 1, i)
  scan.at = i + 1
}

function scanTemplate(scan: Scan, blankStrings: boolean): void {
  scan.at++
  while (scan.at < scan.text.length && scan.text[scan.at] !== '`') {
    if (scan.text.startsWith('${', scan.at)) {
      blank(scan, scan.at, scan.at + 2)
      scan.at += 2
      scanCode(scan, '}', blankStrings)
      blank(scan, scan.at, scan.at + 1)
      scan.at++
      continue
    }
    const length = scan.text[scan.at] === '\\' ? 2 : 1
    blank(scan, scan.at, scan.at + length)
    scan.at += length
  }
  scan.at++
}

/** A slash begins a regular expression where a value may begin: after an operator, an opening bracket or a keyword. */
function isRegexStart(scan: Scan): boolean {
  const before = scan.out
    .slice(Math.max(0, scan.at - 200), scan.at)
    .join('')
    .trimEnd()
  if (before === '') return true
  return /[=(,:;!&|?{}[+\-*%<>~^]$/.test(before) || /\b(return|case|typeof|of|in|yield|await)$/.test(before)
}

function scanRegex(scan: Scan): void {
  let i = scan.at + 1
  let inClass = false
  while (i < scan.text.length && scan.text[i] !== '\n' && (inClass || scan.text[i] !== '/')) {
    if (scan.text[i] === '\\') i++
    else if (scan.text[i] === '[') inClass = true
    else if (scan.text[i] === ']') inClass = false
    i++
  }
  blank(scan, scan.at + 1, i)
  scan.at = i + 1
}
