/** Lines that can be counted by themselves: refusals, warnings, and the words of master(8). */
import type { CountOptions } from '../../options.ts'
import type { PostfixLine } from './line.ts'
import { count1, count2, count3, type Map1, type Map2, type Map3 } from './nested.ts'
import type { Action } from './refusal_lanes.ts'
import { countRefusal } from './reject.ts'
import { trim, WARNING_LENGTH } from './rewrite.ts'
import { REJECTED, type TrafficCounts } from './traffic.ts'

/** Longest text of a header or body check. */
const CHECK_LENGTH = 64
const CHECK = /\/cleanup\[\d+\]: .*?\b((?:milter-)?reject|warning|hold|discard): (header|body|END-OF-MESSAGE) (.*)$/s
const CLIENT = /\[\d+\]: \w+: client=/
const REFUSED = /\[\d+\]: \w+: (reject(?:_warning)?|hold|discard): /

/** The words of cleanup(8). */
const CHECK_ACTIONS: Readonly<Record<string, Action>> = {
  reject: 'reject',
  'milter-reject': 'reject',
  warning: 'reject_warning',
  hold: 'hold',
  discard: 'discard',
}

export type StatelessResult = Pick<
  StatelessCounts,
  'refusals' | 'refused' | 'warnings' | 'fatals' | 'panics' | 'master'
>

export class StatelessCounts {
  readonly refusals: Readonly<Record<Action, Map3>> = {
    reject: new Map(),
    reject_warning: new Map(),
    hold: new Map(),
    discard: new Map(),
  }
  readonly refused: Record<Action, number> = { reject: 0, reject_warning: 0, hold: 0, discard: 0 }
  readonly warnings: Map2 = new Map()
  readonly fatals: Map2 = new Map()
  readonly panics: Map2 = new Map()
  readonly master: Map1 = new Map()
  readonly #options: CountOptions
  readonly #traffic: TrafficCounts

  constructor(options: CountOptions, traffic: TrafficCounts) {
    this.#options = options
    this.#traffic = traffic
  }

  /** Plain data, fit for another thread. */
  result(): StatelessResult {
    const { refusals, refused, warnings, fatals, panics, master } = this
    return { refusals, refused, warnings, fatals, panics, master }
  }

  /** False: the line needs what is known of its queue id or its connection. */
  count(line: PostfixLine): boolean {
    if (line.daemon === 'cleanup' && this.#countCheck(line.text)) return true
    if (this.#countWord(line)) return true
    if (line.daemon === 'master') {
      count1(this.master, /^.*master.*: (.*)$/s.exec(line.text)?.[1] ?? '')
      return true
    }
    if (line.daemon !== 'smtpd' && line.daemon !== 'postscreen') return false
    if (CLIENT.test(line.text) && /\[\d+\]: \w+: client=.+?(?:,|$)/s.test(line.text)) return false
    const action = REFUSED.exec(line.text)?.[1]
    if (action === undefined) return !this.#options.smtpdStats
    this.#refuse(toAction(action), line.text)
    return true
  }

  #countCheck(text: string): boolean {
    const parts = CHECK.exec(text)
    if (parts === null) return false
    const [, word = '', place = '', all = ''] = parts
    const action = CHECK_ACTIONS[word] ?? 'reject'
    const short = this.#options.verboseDetail
      ? all
      : trim(all.replace(/( from [^ \t\n\v\f\r]+?)?; from=<.*$/s, ''), CHECK_LENGTH)
    if (this.#options.limits.rejects !== 0) count3(this.refusals[action], ['cleanup', place, short])
    this.refused[action]++
    this.#traffic.count(REJECTED)
    return true
  }

  #countWord({ word, daemon, text }: PostfixLine): boolean {
    switch (word) {
      case 'warning':
        if (daemon !== 'smtpd' || !this.#options.noSmtpdWarnings) this.#countText(this.warnings, word, { daemon, text })
        return true
      case 'fatal':
        this.#countText(this.fatals, word, { daemon, text })
        return true
      case 'panic':
        this.#countText(this.panics, word, { daemon, text })
        return true
      case 'reject':
      case 'reject_warning':
      case 'hold':
      case 'discard':
        this.#refuse(word, text)
        return true
      default:
        return false
    }
  }

  /** Counts what stands behind the last "warning: ". */
  #countText(counts: Map2, word: string, { daemon, text }: { readonly daemon: string; readonly text: string }): void {
    const at = text.lastIndexOf(`${word}: `)
    const said = at < 0 ? text : text.slice(at + word.length + 2)
    count2(counts, daemon, this.#options.verboseDetail ? said : trim(said, WARNING_LENGTH))
  }

  /** A refusal whose reason is counted elsewhere. */
  noteRefusal(action: Action): void {
    this.refused[action]++
    this.#traffic.count(REJECTED)
  }

  #refuse(action: Action, text: string): void {
    this.noteRefusal(action)
    if (this.#options.limits.rejects !== 0) countRefusal(this.refusals[action], text, this.#options)
  }
}

function toAction(word: string): Action {
  return word === 'reject_warning' || word === 'hold' || word === 'discard' ? word : 'reject'
}
