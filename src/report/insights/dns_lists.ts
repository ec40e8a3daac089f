import { BoundedMap, byCount, own, TopCounter } from './bounded.ts'
import type { DnsListFacts, DnsListHits } from './insights.ts'

/** Clients of which it is known which lists named them. */
const MAX_CLIENTS = 100_000
/** Bits of a number that JavaScript's operators take. More lists are counted, but not compared. */
const MAX_COMPARED = 31
const MAX_PAIRS = 50

/** Which lists hit, and which hit the same clients. */
export class DnsListCounter {
  readonly #hits = new TopCounter(1000)
  readonly #names: string[] = []
  /** By address: a bit for each list. */
  readonly #clients = new BoundedMap<number>(MAX_CLIENTS)

  add(list: string, address: string): void {
    this.#hits.add(list)
    const index = this.#indexOf(list)
    if (index < 0) return
    const known = this.#clients.get(address) ?? 0
    const bits = known | (1 << index)
    if (bits !== known) this.#clients.set(address, bits)
  }

  finish(): DnsListFacts {
    const clients = this.#names.map(() => 0)
    const alone = this.#names.map(() => 0)
    const pairs = new Map<number, number>()
    for (const [, bits] of this.#clients.entries()) {
      const set = this.#names.flatMap((_, index) => ((bits >>> index) & 1 ? [index] : []))
      for (const [position, a] of set.entries()) {
        clients[a] = (clients[a] ?? 0) + 1
        if (set.length === 1) alone[a] = (alone[a] ?? 0) + 1
        for (const b of set.slice(position + 1)) {
          const pair = a * MAX_COMPARED + b
          pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
        }
      }
    }
    const lists = this.#hits.top(50).map(({ name, count }): DnsListHits => {
      const index = this.#names.indexOf(name)
      return { name, hits: count, clients: clients[index] ?? 0, alone: alone[index] ?? 0 }
    })
    return { lists, overlap: this.#overlap(pairs), unwatched: this.#clients.forgotten }
  }

  #overlap(pairs: ReadonlyMap<number, number>): DnsListFacts['overlap'] {
    const rows = [...pairs].map(([pair, clients]) => {
      const names = [this.#names[Math.floor(pair / MAX_COMPARED)] ?? '', this.#names[pair % MAX_COMPARED] ?? ''].sort()
      return { a: names[0] ?? '', b: names[1] ?? '', clients }
    })
    const ranked = (row: (typeof rows)[number]) => ({ name: `${row.a} ${row.b}`, count: row.clients })
    return rows.sort((x, y) => byCount(ranked(x), ranked(y))).slice(0, MAX_PAIRS)
  }

  #indexOf(list: string): number {
    const index = this.#names.indexOf(list)
    if (index >= 0 || this.#names.length >= MAX_COMPARED) return index
    return this.#names.push(own(list)) - 1
  }
}
