/** Finds the keys of one message's signatures. */
import type { Resolver } from '../../dns/resolver.ts'
import { toAscii } from '../../mail/idna.ts'
import type { Clock, Timer } from '../../util/clock.ts'
import { isLookupName } from '../spf/names.ts'
import type { KeyRecord, KeyRecords } from './key_record.ts'

export type KeyAnswer =
  | { readonly status: 'found'; readonly records: readonly KeyRecord[] }
  | { readonly status: 'absent' }
  | { readonly status: 'failed'; readonly reason: string }

export interface KeyLookupOptions {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly records: KeyRecords
  /** Seconds from the first question. */
  readonly timeLimit: number
}

/** RFC 6376 3.6.2.2: with several records at one name the outcome is undefined. As many are tried. */
const MAX_RECORDS = 4

const ABSENT: KeyAnswer = { status: 'absent' }
const OVER: KeyAnswer = { status: 'failed', reason: 'key lookup took too long' }

export class KeyLookup {
  readonly #options: KeyLookupOptions
  readonly #asked = new Map<string, Promise<KeyAnswer>>()
  readonly #over = Promise.withResolvers<KeyAnswer>()
  #timer: Timer | null = null

  constructor(options: KeyLookupOptions) {
    this.#options = options
  }

  /** Never rejects; asks about each name once. Domain and selector as in the signature, in UTF-8 or A-labels (RFC 8616 4). */
  find(selector: string, domain: string): Promise<KeyAnswer> {
    const name = `${selector}._domainkey.${domain}`
    const kept = this.#asked.get(name)
    if (kept !== undefined) return kept
    const asked = Promise.race([this.#find(name), this.#over.promise])
    this.#asked.set(name, asked)
    this.#timer ??= this.#options.clock.after(this.#options.timeLimit * 1000, () => this.#over.resolve(OVER))
    return asked
  }

  /** Nothing will be asked any more. */
  end(): void {
    this.#timer?.cancel()
  }

  async #find(name: string): Promise<KeyAnswer> {
    const ascii = /^[\x00-\x7f]*$/.test(name) ? name : toAscii(name)
    if (!isLookupName(ascii)) return ABSENT
    const answer = await this.#options.resolver.query(ascii, 'TXT')
    if (answer.status !== 'found') return answer.status === 'failed' ? answer : ABSENT
    const records: KeyRecord[] = []
    for (const record of answer.records) {
      if (record.type !== 'TXT' || records.length === MAX_RECORDS) continue
      records.push(this.#options.records.read(record.strings.join('')))
    }
    return records.length === 0 ? ABSENT : { status: 'found', records }
  }
}
