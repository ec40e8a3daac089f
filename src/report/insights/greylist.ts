import { TopCounter } from './bounded.ts'
import type { DelayFacts, GreylistFacts } from './insights.ts'

/** Upper edges in seconds: what Postgrey's default of 300 s and the retry times of usual servers give. */
const STEPS = [60, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400] as const

/** Postgrey's lines, and Postern's, which are the same: "action=pass, reason=triplet found, delay=301, client_name=…". */
export interface GreylistLine {
  readonly action: string
  readonly reason: string
  /** Seconds; null: not told. */
  readonly delay: number | null
  readonly client: string | null
  readonly address: string
  readonly sender: string | null
  readonly recipient: string | null
}

/** `at`: where "action=" stands. Values end at ", name=", and the address comes before anything that a client could have written. */
export function parseGreylistLine(message: string, at: number): GreylistLine | null {
  const reasonAt = message.indexOf(', reason=', at)
  if (reasonAt < 0) return null
  const name = value(message, ', client_name=', reasonAt)
  return {
    action: message.slice(at + 7, reasonAt),
    reason: value(message, ', reason=', reasonAt) ?? '',
    delay: number(value(message, ', delay=', reasonAt)),
    client: name === 'unknown' ? null : name,
    // Postgrey shows a network by its prefix: "192.0.2.0/24".
    address: (value(message, ', client_address=', reasonAt) ?? '').split('/', 1)[0] ?? '',
    sender: value(message, ', sender=', reasonAt),
    recipient: value(message, ', recipient=', reasonAt),
  }
}

function value(message: string, name: string, from: number): string | null {
  const start = message.indexOf(name, from)
  if (start < 0) return null
  const end = message.indexOf(', ', start + name.length)
  return message.slice(start + name.length, end < 0 ? message.length : end)
}

function number(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null
}

export class GreylistCounter {
  #new = 0
  #early = 0
  #passed = 0
  #sum = 0
  #longest = 0
  readonly #steps = Array.from({ length: STEPS.length + 1 }, () => 0)
  readonly #skipped = new TopCounter(100)

  add({ action, reason, delay }: GreylistLine): void {
    if (action === 'greylist') {
      if (reason === 'new') this.#new++
      else this.#early++
    } else if (action === 'pass' && reason === 'triplet found' && delay !== null) this.#passedAfter(delay)
    else if (action === 'pass') this.#skipped.add(reason)
  }

  finish(): GreylistFacts {
    return {
      new: this.#new,
      early: this.#early,
      passed: this.#passed,
      lost: Math.max(0, this.#new - this.#passed),
      skipped: this.#skipped.top(20),
      delay: this.#passed === 0 ? null : this.#delay(),
    }
  }

  #passedAfter(delay: number): void {
    this.#passed++
    this.#sum += delay
    this.#longest = Math.max(this.#longest, delay)
    const step = STEPS.findIndex(edge => delay <= edge)
    const index = step < 0 ? STEPS.length : step
    this.#steps[index] = (this.#steps[index] ?? 0) + 1
  }

  #delay(): DelayFacts {
    let seen = 0
    const half = this.#steps.findIndex(count => {
      seen += count
      return seen * 2 >= this.#passed
    })
    return {
      mean: this.#sum / this.#passed,
      median: Math.min(STEPS[half] ?? this.#longest, this.#longest),
      longest: this.#longest,
      steps: this.#steps.map((count, index) => ({ upTo: STEPS[index] ?? null, count })),
    }
  }
}
