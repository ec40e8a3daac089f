/** Tag lists (RFC 6376 3.2): DKIM-Signature fields, ARC fields, key records. */

export interface Tag {
  /** Without white space around it. */
  readonly value: string
  /** All between "=" and ";" in the text that was parsed, white space included: what is left out for the hash when it is b=. */
  readonly start: number
  readonly end: number
}

export interface TagList {
  /** By name, as written: names are case-sensitive. The first of several. */
  readonly tags: ReadonlyMap<string, Tag>
  /** Why it is no tag list; null: it is one. */
  readonly problem: string | null
}

/** A list of the longest header has that many tags; none that means something has. */
const MAX_TAGS = 100

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/
/** VALCHAR and folding white space; octets over 127 are UTF-8 (RFC 8616 4). */
const NOT_VALUE = /[^\t\r\n\x20-\x7e\x80-\xff]/

/** Reads bytes as latin1, one character each, so that offsets are those of the bytes. */
export function parseTagList(text: string): TagList {
  const tags = new Map<string, Tag>()
  let problem: string | null = null
  let at = 0
  for (let count = 0; at < text.length; count++) {
    if (count === MAX_TAGS) return { tags, problem: 'more tags than any signature has' }
    const semicolon = text.indexOf(';', at)
    const end = semicolon < 0 ? text.length : semicolon
    const wrong = readTag({ text, at, end }, tags)
    // The list may end with a semicolon, and white space after it.
    if (wrong !== null && !(semicolon < 0 && isBlank(text, at, end))) problem ??= wrong
    at = end + 1
  }
  if (tags.size === 0) problem ??= 'no tags'
  return { tags, problem }
}

/** Null: it was one. */
function readTag(
  { text, at, end }: { readonly text: string; readonly at: number; readonly end: number },
  tags: Map<string, Tag>,
): string | null {
  const equals = text.indexOf('=', at)
  if (equals < 0 || equals >= end) return isBlank(text, at, end) ? 'empty tag' : 'tag without "="'
  const name = trim(text, at, equals)
  if (!NAME.test(name)) return 'tag name with odd characters'
  // RFC 6376 3.2: a name that comes twice makes the whole list invalid.
  if (tags.has(name)) return `two tags ${name}=`
  const value = trim(text, equals + 1, end)
  tags.set(name, { value, start: equals + 1, end })
  return NOT_VALUE.test(value) ? `odd characters in ${name}=` : null
}

/** A value in which white space means nothing (base64, lists). */
export function withoutBlanks(value: string): string {
  return /[\t\r\n ]/.test(value) ? value.replace(/[\t\r\n ]+/g, '') : value
}

/** The items of a colon-separated list, without white space around them. */
export function listItems(value: string): readonly string[] {
  return value.split(':').map(item => trim(item, 0, item.length))
}

function trim(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlankCode(text.charCodeAt(start))) start++
  while (end > start && isBlankCode(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isBlankCode(text.charCodeAt(at))) return false
  return true
}

function isBlankCode(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}
