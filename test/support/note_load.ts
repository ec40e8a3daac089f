import type { GreylistRules, Memory } from '../../src/model/memory.ts'

const DAY = 86_400
/** No client passes without its triplet, so that the triplets are looked at. */
const RULES: GreylistRules = { delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoAllow: 0 }

export interface LoadFigures {
  readonly found: number
  readonly failed: number
  readonly longestMs: number
  readonly passed: number
}

/** Hosts that note attempts all the time, and remember what they were answered. */
export class NoteLoad {
  readonly #hosts: readonly Memory[]
  readonly #triplets: readonly string[]
  /** Triplets for which some host was answered that they pass. */
  readonly #passed = new Set<string>()
  readonly #problems: string[] = []
  #running = true
  #turn = 0
  #found = 0
  #failed = 0
  #longestMs = 0
  readonly #done: Promise<unknown>

  /** `atOnce`: notes in flight on each host. Senders come back; each time later than the delay. */
  constructor(hosts: readonly Memory[], options: { readonly triplets: number; readonly atOnce: number }) {
    this.#hosts = hosts
    this.#triplets = Array.from({ length: options.triplets }, (_, i) => `192.0.2.0/s${i}@example.org/r@example.com`)
    const workers = hosts.flatMap(host => Array.from({ length: options.atOnce }, () => this.#work(host)))
    this.#done = Promise.all(workers)
  }

  /** Figures since the last call. */
  figures(): LoadFigures {
    const figures = { found: this.#found, failed: this.#failed, longestMs: this.#longestMs, passed: this.#passed.size }
    this.#found = this.#failed = this.#longestMs = 0
    return figures
  }

  get passed(): number {
    return this.#passed.size
  }

  /** What must not have happened, one line each. */
  get problems(): readonly string[] {
    return this.#problems
  }

  async end(): Promise<void> {
    this.#running = false
    await this.#done
  }

  async #work(host: Memory): Promise<void> {
    while (this.#running) {
      const turn = this.#turn++
      const triplet = this.#triplets[(turn * 7) % this.#triplets.length] ?? ''
      // The clock of the attempts runs faster than ours: a retry a few turns later has waited its 300 s.
      const now = Math.floor(Date.now() / 1000) - 100_000 + turn
      const hadPassed = this.#passed.has(triplet)
      const begun = performance.now()
      const answer = await host.note({ triplet, client: `192.0.2.${turn % 200}`, now, rules: RULES })
      this.#longestMs = Math.max(this.#longestMs, performance.now() - begun)
      if (answer.status === 'failed') this.#failed++
      else if (answer.status === 'absent') this.#problems.push(`${triplet}: absent`)
      else {
        this.#found++
        const noted = answer.value
        const passes = noted.kind === 'client' || noted.passedBefore || now - noted.first >= RULES.delay
        if (passes) this.#passed.add(triplet)
        else if (hadPassed)
          this.#problems.push(`${triplet}: greylisted on host ${this.#hosts.indexOf(host)} after it had passed`)
      }
      // A session would wait for its client now; turns that wait for nothing would starve the network.
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
}
