/** "warning: …" of the common kind, read as bytes. Every line that could be meant otherwise is left to stateless.ts. */
import type { CountOptions } from '../../options.ts'
import { isAt, NEWLINE } from './bytes.ts'
import { Names } from './names.ts'
import { count1, inner, type Map2 } from './nested.ts'
import { PairCounts } from './pair_counts.ts'
import { trim, WARNING_LENGTH } from './rewrite.ts'

const WARNING = Buffer.from('warning: ', 'latin1')
/** One more than is shown, so that it is seen whether there is more. */
const KEPT = WARNING_LENGTH + 1
const CARRIAGE_RETURN = 13
const LOWER_W = 119

export class WarningLanes {
  readonly #isOn: boolean
  readonly #daemons = new Names()
  readonly #texts = new Names()
  readonly #counts = new PairCounts()

  constructor(options: CountOptions) {
    this.#isOn = !options.verboseDetail && !options.noSmtpdWarnings
  }

  /** The end of the line whose "warning: " stands at `start`, if it was counted; -1: it must be read as a string. */
  count(bytes: Uint8Array, start: number, daemon: { readonly from: number; readonly to: number }): number {
    if (!this.#isOn || !isAt(bytes, start, WARNING)) return -1
    const text = start + WARNING.length
    let end = text
    for (let byte = bytes[end]; byte !== NEWLINE; byte = bytes[++end])
      // pflogsumm takes what is behind the last one.
      if (byte === CARRIAGE_RETURN || (byte === LOWER_W && isAt(bytes, end, WARNING))) return -1
    const name = this.#texts.intern(bytes, text, Math.min(end, text + KEPT))
    this.#counts.add(this.#daemons.intern(bytes, daemon.from, daemon.to), name)
    return end
  }

  /** Adds what was counted. */
  addTo(warnings: Map2): void {
    for (const [daemon, text, count] of this.#counts)
      count1(inner(warnings, this.#daemons.text(daemon)), trim(this.#texts.text(text), WARNING_LENGTH), count)
  }
}
