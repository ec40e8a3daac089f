/**
 * The author domains of a message: what DMARC (RFC 9989 5.3.1) asks of its From header. RFC 5322 3.4 with the obsolete forms of
 * 4.4, groups (RFC 6854) and UTF-8 (RFC 6532). What is not of that grammar is shown by one mail program this way and by another
 * that way, so every domain that one of them may show is taken for an author domain.
 */
import { toAscii } from './idna.ts'

export interface AuthorDomains {
  /** A-labels, lower case, no trailing dot, each once, in order. */
  readonly domains: readonly string[]
  /** Why a mail program may see something else than these; null: they are what the header says. */
  readonly problem: string | null
}

/** RFC 1035 2.3.4, as text without the root. */
const MAX_NAME = 253
/** "@" signs looked at in a header that is not of the grammar: bounds the work that a stranger can make. */
const MAX_CANDIDATES = 50
/** RFC 5321 4.5.3.1.2 allows 255 octets; underscores are no host name, but are in the DNS. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
/** RFC 2047 2 */
const ENCODED_WORD = /=\?[^\s?]+\?[bq]\?[^?]*\?=/i
/** Something, and one address in angle brackets at the end. */
const LAST_ADDRESS = /^[^<>,]*(<[^<>,]*>)\s*$/

/** `fields`: the bodies of all From fields, folded or not, as bytes read in latin1. */
export function authorDomains(fields: readonly string[]): AuthorDomains {
  const domains = new Set<string>()
  let problem = fields.length > 1 ? 'more than one From field' : null
  if (fields.length === 0) problem = 'no From field'
  for (const field of fields) {
    const parsed = fieldDomains(decodeUtf8(field))
    for (const domain of parsed.domains) domains.add(domain)
    problem ??= parsed.problem
  }
  return { domains: [...domains], problem: problem ?? (domains.size === 0 ? 'no domain in From' : null) }
}

function fieldDomains(text: string): AuthorDomains {
  const domains = mailboxDomains(text)
  if (domains !== null) return { domains, problem: null }
  const problem = 'From cannot be parsed'
  // "who@where.example <address>" and other names without their quotes: no program takes more for the address than that.
  const last = LAST_ADDRESS.exec(text)?.[1]
  const address = last === undefined ? null : mailboxDomains(last)
  return { domains: address ?? candidates(text), problem }
}

/** Null: not of the grammar. */
function mailboxDomains(text: string): readonly string[] | null {
  const parsed = new Mailboxes(text).read()
  // RFC 2047 5 (3): no encoded word in an address; programs that decode one there show another address.
  if (parsed === null || parsed.some(address => ENCODED_WORD.test(address.local))) return null
  const domains: string[] = []
  for (const address of parsed) {
    const domain = asciiDomain(address.domain)
    if (domain === null) return null
    if (domain !== '') domains.push(domain)
  }
  return domains
}

function decodeUtf8(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Null: it is no name. '': an address literal, which has no domain. */
function asciiDomain(text: string): string | null {
  if (text.startsWith('[')) return ''
  const bare = text.endsWith('.') ? text.slice(0, -1) : text
  if (bare.length > MAX_NAME) return null
  // RFC 9989 5.3.1: U-labels are converted (RFC 5890 2.3).
  const ascii = /^[\x00-\x7f]*$/.test(bare) ? bare.toLowerCase() : toAscii(bare)
  const isName = ascii.length <= MAX_NAME && ascii.split('.').every(label => LABEL.test(label))
  return isName ? ascii : null
}

/** Whatever stands behind an "@" and could be a domain, in the text as it is and with its encoded words decoded. */
function candidates(text: string): readonly string[] {
  const found = new Set<string>()
  const decoded = ENCODED_WORD.test(text) ? decodeWords(text) : ''
  for (const shown of [text, decoded]) {
    const spaced = shown.replace(/\r?\n/g, '')
    for (const part of spaced.split('@', MAX_CANDIDATES).slice(1)) {
      const name = /^[\s"'(<\\]*([^\s"'(),:;<>@[\\\]]{1,300})/.exec(part)?.[1] ?? ''
      const domain = asciiDomain(name.replace(/[^\p{L}\p{N}\p{M}]+$/u, ''))
      if (domain !== null && domain !== '') found.add(domain)
    }
  }
  return [...found]
}

/** RFC 2047 4, leniently: any charset is read as UTF-8, of which ASCII is what matters here; NULs are left out. */
function decodeWords(text: string): string {
  const words = text.replace(/(\?=)\s+(?==\?)/g, '$1')
  return words.replace(/=\?[^\s?]+\?([bq])\?([^?]*)\?=/gi, (_word, encoding: string, body: string) => {
    if (encoding.toLowerCase() === 'b') return withoutNul(Buffer.from(body, 'base64').toString('utf8'))
    const bytes = body.replace(/_/g, ' ').replace(/=([0-9a-f]{2})/gi, (_all, hex: string) => latin1(hex))
    return withoutNul(Buffer.from(bytes, 'latin1').toString('utf8'))
  })
}

function latin1(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '')
}

interface Address {
  readonly local: string
  readonly domain: string
}

/** RFC 5322 3.2.3 atext, and RFC 6532 3.2 UTF-8 (U+FFFD stands for bytes that are none). */
const ATEXT = /^(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]|[^\x00-\xa0\ufffd])+/u

/** Recursive descent over one From body; null from any step: not of the grammar. */
class Mailboxes {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    // RFC 5322 2.2.3: unfolding takes the line ends out and leaves the blanks.
    this.#text = text.replace(/\r?\n(?=[ \t])/g, '')
  }

  read(): readonly Address[] | null {
    const found: Address[] = []
    let inGroup = false
    for (;;) {
      if (!this.#skipBlanks()) return null
      const next = this.#peek()
      if (next === '') return inGroup ? null : found
      // RFC 5322 4.4 obs-mbox-list, obs-group-list: empty places in lists.
      if (next === ',') {
        this.#at++
        continue
      }
      if (next === ';' && inGroup) {
        inGroup = false
        this.#at++
      } else {
        const item = this.#item()
        if (item === null || (item === 'group' && inGroup)) return null
        if (item === 'group') {
          inGroup = true
          continue
        }
        found.push(item)
      }
      if (!this.#atSeparator(inGroup)) return null
    }
  }

  /** After an item stands a comma, the end of the group, or the end. */
  #atSeparator(inGroup: boolean): boolean {
    if (!this.#skipBlanks()) return false
    const next = this.#peek()
    return next === '' || next === ',' || (next === ';' && inGroup)
  }

  /** A mailbox, or the name and colon that open a group. */
  #item(): Address | 'group' | null {
    const words = this.#words()
    if (words === null) return null
    const next = this.#peek()
    if (next === '<') return this.#angle()
    if (next === ':' && words.length > 0) {
      this.#at++
      return 'group'
    }
    if (next !== '@' || !isLocalPart(words)) return null
    return this.#afterLocal(words.join(''))
  }

  #angle(): Address | null {
    this.#at++
    if (!this.#skipRoute()) return null
    const words = this.#words()
    if (words === null || this.#peek() !== '@' || !isLocalPart(words)) return null
    const address = this.#afterLocal(words.join(''))
    if (address === null || !this.#skipBlanks() || this.#peek() !== '>') return null
    this.#at++
    return address
  }

  /** RFC 5322 4.4 obs-route: "@one,@two:" before the address. */
  #skipRoute(): boolean {
    if (!this.#skipBlanks()) return false
    if (this.#peek() !== '@' && this.#peek() !== ',') return true
    for (;;) {
      const next = this.#peek()
      if (next === ',') this.#at++
      else if (next === '@') {
        this.#at++
        if (this.#domain() === null) return false
      } else if (next === ':') {
        this.#at++
        return true
      } else return false
      if (!this.#skipBlanks()) return false
    }
  }

  #afterLocal(local: string): Address | null {
    this.#at++
    const domain = this.#domain()
    return domain === null ? null : { local, domain }
  }

  /** Atoms, dots and quoted strings, comments between them left out: a phrase or a local part. */
  #words(): readonly string[] | null {
    const words: string[] = []
    for (;;) {
      if (!this.#skipBlanks()) return null
      const word = this.#peek() === '"' ? this.#quoted() : this.#atom()
      if (word === null) return null
      if (word === '') return words
      words.push(word)
    }
  }

  /** '': none here. */
  #atom(): string {
    if (this.#peek() === '.') {
      this.#at++
      return '.'
    }
    const atom = ATEXT.exec(this.#text.slice(this.#at, this.#at + 1000))?.[0] ?? ''
    this.#at += atom.length
    return atom
  }

  #quoted(): string | null {
    const start = this.#at
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]
      if (char === '\\') this.#at++
      else if (char === '\0' || char === '\r' || char === '\n') return null
      else if (char === '"') {
        this.#at++
        return this.#text.slice(start, this.#at)
      }
    }
    return null
  }

  #domain(): string | null {
    if (!this.#skipBlanks()) return null
    if (this.#peek() === '[') {
      const literal = /^\[[^[\]\\\r\n\0]*\]/.exec(this.#text.slice(this.#at, this.#at + 1000))?.[0]
      this.#at += literal?.length ?? 0
      return literal ?? null
    }
    const words = this.#words()
    if (words === null) return null
    return isDotted(words) && !words.some(word => word.startsWith('"')) ? words.join('') : null
  }

  /** RFC 5322 3.2.2 CFWS; false: a comment without its end. */
  #skipBlanks(): boolean {
    for (;;) {
      const char = this.#peek()
      if (char === ' ' || char === '\t') this.#at++
      else if (char !== '(') return true
      else if (!this.#skipComment()) return false
    }
  }

  #skipComment(): boolean {
    let depth = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]
      if (char === '\\') this.#at++
      else if (char === '\0' || char === '\r' || char === '\n') return false
      else if (char === '(') depth++
      else if (char === ')' && --depth === 0) {
        this.#at++
        return true
      }
    }
    return false
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }
}

/** RFC 5322 3.4.1, 4.4 obs-local-part: words with dots between; a stray dot at the end is common and harmless. */
function isLocalPart(words: readonly string[]): boolean {
  return words.length > 0 && isDotted(words.at(-1) === '.' ? words.slice(0, -1) : words)
}

/** Words and dots in turn. A trailing dot is the root's. */
function isDotted(words: readonly string[]): boolean {
  if (words.length === 0) return false
  return words.every((word, index) => (word === '.') === (index % 2 === 1))
}
