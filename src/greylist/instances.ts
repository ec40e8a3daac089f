/**
 * Postgrey remembers the last ten; ten messages at once are easily more than that here. One that comes again after so many
 * others is taken for new, and its message gets a second header line.
 */
const KEPT = 2000

/** The messages that have their X-Greylist header already, by Postfix's instance. */
export class Instances {
  #recent = new Set<string>()
  #older = new Set<string>()

  /** False from the second time on. Null (Exim does not tell) is always new. */
  isNew(instance: string | null): boolean {
    if (instance === null) return true
    if (this.#recent.has(instance) || this.#older.has(instance)) return false
    if (this.#recent.size >= KEPT) {
      this.#older = this.#recent
      this.#recent = new Set()
    }
    this.#recent.add(instance)
    return true
  }
}
