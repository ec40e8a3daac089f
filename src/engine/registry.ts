import type { Restriction } from './restriction.ts'

/** The restrictions there are, by name and alias, in the order of postconf(5). Refuses a name used twice. */
export class Registry {
  readonly #byName = new Map<string, Restriction>()
  readonly #all: readonly Restriction[]

  constructor(restrictions: readonly Restriction[]) {
    this.#all = restrictions
    for (const restriction of restrictions) {
      for (const name of [restriction.name, ...(restriction.aliases ?? [])]) {
        if (this.#byName.has(name)) throw new Error(`restriction "${name}" is registered twice`)
        this.#byName.set(name, restriction)
      }
    }
  }

  /** Names are compared without regard to case, as Postfix does. */
  find(name: string): Restriction | undefined {
    return this.#byName.get(name.toLowerCase())
  }

  names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  [Symbol.iterator](): Iterator<Restriction> {
    return this.#all[Symbol.iterator]()
  }
}
