import { type AuthorDomains, authorDomains } from '../../mail/from_header.ts'
import type { AuthResults } from '../auth_results/auth_results.ts'
import { claimsOurName } from '../auth_results/forged.ts'
import { parseAuthResults } from '../auth_results/parse.ts'

/** What DMARC and the headers that we write need of a message's header. */
export interface HeaderFacts {
  readonly from: AuthorDomains
  /** There were more or longer From fields than are read: `from` does not know them all. */
  readonly hasUnreadFrom: boolean
  /** Those of hosts that are trusted. */
  readonly trusted: readonly AuthResults[]
  /** Which rule of RFC 5322 3.6 is broken, in OpenDMARC's words; null: none. */
  readonly requirementError: string | null
}

export interface HeaderNames {
  readonly authservId: string
  /** Lower case. */
  readonly trustedAuthservIds: ReadonlySet<string>
}

const AUTH_RESULTS = 'authentication-results'
/** RFC 5322 3.6: fields that may be there once, by the names that OpenDMARC says. */
const ONCE = ['Reply-To', 'To', 'Cc', 'Bcc', 'Message-Id', 'In-Reply-To', 'References', 'Subject'] as const
/** Beyond that nobody means well, and the message is refused where any is. */
const MAX_FROM_FIELDS = 20
/** Of all From fields together: room for some five hundred authors, and a few milliseconds of work. */
const MAX_FROM_BYTES = 16 << 10
const MAX_TRUSTED = 20

/** Gathers them field by field; keeps little, whatever comes. */
export class HeaderScan {
  readonly #names: HeaderNames
  readonly #count = new Map<string, number>()
  readonly #from: string[] = []
  #fromBytes = 0
  readonly #forged: number[] = []
  readonly #trusted: AuthResults[] = []

  constructor(names: HeaderNames) {
    this.#names = names
  }

  /** "Name: value", CRLF between folded lines. */
  add(field: Uint8Array): void {
    const colon = field.indexOf(0x3a)
    if (colon <= 0) return
    // RFC 5322 4.5: blanks before the colon.
    const name = latin1(field.subarray(0, colon)).trimEnd().toLowerCase()
    const isFrom = name === 'from'
    if (!isFrom && name !== AUTH_RESULTS && !COUNTED.has(name)) return
    const nth = (this.#count.get(name) ?? 0) + 1
    this.#count.set(name, nth)
    if (isFrom) this.#addFrom(field.subarray(colon + 1))
    else if (name === AUTH_RESULTS) this.#addResults(latin1(field.subarray(colon + 1)), nth)
  }

  /** Authentication-Results so far that claim to be ours: the nth of that name, from 1. */
  get forged(): readonly number[] {
    return this.#forged
  }

  facts(): HeaderFacts {
    return {
      from: authorDomains(this.#from),
      hasUnreadFrom: (this.#count.get('from') ?? 0) > MAX_FROM_FIELDS || this.#fromBytes > MAX_FROM_BYTES,
      trusted: this.#trusted,
      requirementError: this.#requirementError(),
    }
  }

  #addFrom(value: Uint8Array): void {
    const room = MAX_FROM_BYTES - this.#fromBytes
    this.#fromBytes += value.length
    if (this.#from.length < MAX_FROM_FIELDS && room > 0) this.#from.push(latin1(value.subarray(0, room)))
  }

  #addResults(value: string, nth: number): void {
    if (claimsOurName(value, this.#names.authservId)) {
      this.#forged.push(nth)
      return
    }
    if (this.#names.trustedAuthservIds.size === 0 || this.#trusted.length >= MAX_TRUSTED) return
    const parsed = parseAuthResults(value)
    if (parsed !== null && this.#names.trustedAuthservIds.has(parsed.authservId.toLowerCase()))
      this.#trusted.push(parsed)
  }

  #requirementError(): string | null {
    const many = ONCE.find(name => (this.#count.get(name.toLowerCase()) ?? 0) > 1)
    if (many !== undefined) return `multiple ${many} fields`
    if (this.#count.get('date') !== 1) return 'not exactly one Date field'
    return this.#count.get('from') === 1 ? null : 'not exactly one From field'
  }
}

const COUNTED: ReadonlySet<string> = new Set(['date', ...ONCE.map(name => name.toLowerCase())])

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
