import { isWithin } from '../../dns/name.ts'

/** Domains of a setting: "example.com" is that domain, ".example.com" all below it. */
export class DomainList {
  readonly words: readonly string[]
  readonly #exact: ReadonlySet<string>
  readonly #below: readonly string[]

  constructor(words: readonly string[]) {
    this.words = words.map(word => word.toLowerCase())
    this.#exact = new Set(this.words.filter(word => !word.startsWith('.')))
    this.#below = this.words.filter(word => word.startsWith('.')).map(word => word.slice(1))
  }

  /** In any case. */
  has(domain: string): boolean {
    const lower = domain.toLowerCase()
    return this.#exact.has(lower) || this.#below.some(zone => lower !== zone && isWithin(lower, zone))
  }
}
