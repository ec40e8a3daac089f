/** Memory that does not grow with the log. */

/** A string of its own: what is cut out of a line keeps all of the chunk that it was read in. */
export function own(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** A map that forgets its oldest entries beyond `limit`. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number
  #forgotten = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Entries that had to go. */
  get forgotten(): number {
    return this.#forgotten
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  set(key: string, value: V): void {
    const isNew = !this.#entries.has(key)
    if (isNew && this.#entries.size >= this.#limit) {
      const oldest = this.#entries.keys().next()
      if (oldest.done !== true) this.#entries.delete(oldest.value)
      this.#forgotten++
    }
    this.#entries.set(isNew ? own(key) : key, value)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  entries(): IterableIterator<[string, V]> {
    return this.#entries.entries()
  }
}

/** How often each name was seen, of a flood of names only the frequent ones. */
export class TopCounter {
  readonly #counts = new Map<string, number>()
  readonly #limit: number

  constructor(limit = 20_000) {
    this.#limit = limit
  }

  add(name: string, times = 1): void {
    const known = this.#counts.get(name)
    if (known !== undefined) {
      this.#counts.set(name, known + times)
      return
    }
    if (this.#counts.size >= this.#limit) this.#prune()
    this.#counts.set(own(name), times)
  }

  get size(): number {
    return this.#counts.size
  }

  /** The `length` most frequent. */
  top(length: number): readonly { readonly name: string; readonly count: number }[] {
    return [...this.#counts]
      .map(([name, count]) => ({ name, count }))
      .sort(byCount)
      .slice(0, length)
  }

  /** The rarer half goes; what is at the head of a list of ten is not among it. */
  #prune(): void {
    const kept = [...this.#counts].sort((a, b) => b[1] - a[1]).slice(0, Math.floor(this.#limit / 2))
    this.#counts.clear()
    for (const [name, count] of kept) this.#counts.set(name, count)
  }
}

type Named = { readonly name: string; readonly count: number }

/** The most first; names as bytes sort. */
export function byCount(a: Named, b: Named): number {
  return b.count - a.count || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}
