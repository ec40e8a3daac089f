import { assertionHolds, contains } from './pattern_assert.ts'
import { OP, type Program } from './pattern_program.ts'

export type Found =
  /** Starts and ends of the match and its groups; -1 where a group took no part. */
  | { readonly kind: 'match'; readonly spans: Int32Array }
  | { readonly kind: 'none' }
  /** Given up: the pattern tries too many ways on this subject. */
  | { readonly kind: 'overrun' }

export interface Search {
  readonly from?: number
  /** The match must begin at `from`. */
  readonly here?: boolean
  /** The match must end here. */
  readonly end?: number
}

/**
 * Steps that one search may take: one to two milliseconds for a line of 4 KiB. Perl's way of trying one possibility after the
 * other can take longer than the universe lasts, so there must be a bound; PCRE2 has one too (10,000,000 calls). Patterns that
 * people write take some ten steps for each character of a real line at most.
 */
export function maxSteps(subject: string): number {
  return Math.max(50_000, 12 * subject.length)
}
/** Larger memories of what failed (bits) are not worth their making. */
const MAX_MEMO_BITS = 8_000_000

/** lastIndexOf looks back to the start of the subject; for so few characters it does not pay. */
const SHORT_RUN = 256

/** Kinds of entries of the backtrack stack, which are four numbers each; others are instructions to go on with. */
const UNDO = -1
const GREEDY_RUN = -2
const LAZY_RUN = -3

/**
 * Runs a program over a subject as Perl does: first possibility first. Always ends, after a number of steps at the
 * latest; a memory of what failed makes that number enough for all but monstrous regular expressions.
 */
export class Matcher {
  readonly #program: Program
  readonly #code: Int32Array
  #subject = ''
  #end = -1
  #steps = 0
  #registers: Int32Array
  #stack = new Int32Array(1024)
  #top = 0
  #memo: Uint32Array | null = null
  /** Where to go on after #backtrack or #step. */
  #pc = 0
  #at = 0

  constructor(program: Program) {
    this.#program = program
    this.#code = program.code
    this.#registers = new Int32Array(program.registers)
  }

  /** What the last search took of its bound. */
  get stepsTaken(): number {
    return maxSteps(this.#subject) - this.#steps
  }

  search(subject: string, { from = 0, here = false, end = -1 }: Search = {}): Found {
    this.#subject = subject
    this.#end = end
    const { code, memoizable, anchored, first } = this.#program
    const bits = code.length * (subject.length + 1)
    this.#memo = memoizable && bits <= MAX_MEMO_BITS ? new Uint32Array((bits >>> 5) + 1) : null
    this.#steps = maxSteps(subject)
    const last = here ? from : anchored ? 0 : subject.length
    for (let start = from; start <= last; start++) {
      if (first !== null) {
        while (start <= last && !(start < subject.length && contains(first, subject.charCodeAt(start)))) start++
        if (start > last) break
      }
      this.#registers.fill(-1)
      this.#top = 0
      const found = this.#run(0, start)
      if (found >= 0) return { kind: 'match', spans: this.#registers.slice(0, 2 * (this.#program.groupCount + 1)) }
      if (found === OVERRUN) return { kind: 'overrun' }
    }
    return { kind: 'none' }
  }

  /** Runs from an instruction to its `match` or `done`. Position of the end, FAILED or OVERRUN. */
  #run(startPc: number, startAt: number): number {
    const base = this.#top
    const code = this.#code
    const subject = this.#subject
    let pc = startPc
    let at = startAt
    for (;;) {
      if (--this.#steps < 0) return OVERRUN
      const operand = code[pc + 1] ?? 0
      let ok = true
      switch (code[pc]) {
        case OP.char:
          ok = subject.charCodeAt(at) === operand
          at++
          pc += 2
          break
        case OP.set:
          ok = at < subject.length && this.#inSet(operand, at)
          at++
          pc += 2
          break
        case OP.split:
          ok = !this.#seen(pc, at)
          if (ok) this.#push(code[pc + 2] ?? 0, at, 0)
          pc = operand
          break
        case OP.jump:
          pc = operand
          break
        case OP.save:
        case OP.mark:
          this.#setRegister(operand, at)
          pc += 2
          break
        case OP.done:
          return at
        case OP.match:
          if (this.#end < 0 || this.#end === at) return at
          ok = false
          break
        default:
          this.#pc = pc
          this.#at = at
          ok = this.#step()
          pc = this.#pc
          at = this.#at
          if (at === OVERRUN) return OVERRUN
      }
      if (ok) continue
      if (!this.#backtrack(base)) return this.#steps < 0 ? OVERRUN : FAILED
      pc = this.#pc
      at = this.#at
    }
  }

  /** The rarer instructions, from #pc and #at to the next; false when it fails. #at is OVERRUN when steps ran out inside. */
  #step(): boolean {
    const code = this.#code
    const pc = this.#pc
    const operand = code[pc + 1] ?? 0
    switch (code[pc]) {
      case OP.assert:
        this.#pc += 2
        return assertionHolds(operand, { subject: this.#subject, at: this.#at, isWord: this.#program.isWord })
      case OP.run:
        this.#at = this.#startRun(pc, this.#at)
        this.#pc += 5
        return this.#at >= 0
      case OP.again:
        if (this.#registers[operand] !== this.#at) this.#pc = code[pc + 2] ?? 0
        else if (code[pc + 3] === 1) this.#pc += 4
        else return false
        return true
      case OP.back:
        this.#at = this.#backReference(pc, this.#at)
        this.#pc += 3 + (code[pc + 2] ?? 0)
        return this.#at >= 0
      case OP.ifGroup:
        this.#pc = this.#branch(pc)
        return true
      case OP.look:
      case OP.atomic:
        this.#at = this.#nested(pc, this.#at)
        this.#pc = code[code[pc] === OP.atomic ? pc + 1 : pc + 3] ?? 0
        return this.#at >= 0
      default:
        return false
    }
  }

  /** Goes back to the latest possibility not yet tried; false when there is none above `base`. */
  #backtrack(base: number): boolean {
    while (this.#top > base) {
      this.#top -= 4
      const kind = this.#stack[this.#top] ?? 0
      const a = this.#stack[this.#top + 1] ?? 0
      const b = this.#stack[this.#top + 2] ?? 0
      const c = this.#stack[this.#top + 3] ?? 0
      if (kind === UNDO) {
        this.#registers[a] = b
        continue
      }
      if (kind === GREEDY_RUN) {
        if (!this.#giveBack(a, b, c)) continue
        return true
      }
      if (kind === LAZY_RUN) {
        if (!this.#takeMore(a, b, c)) continue
        return true
      }
      this.#pc = kind
      this.#at = a
      return true
    }
    return false
  }

  /** A run of one set: takes as much as its mode says; the end, or -1 when there is too little. */
  #startRun(pc: number, at: number): number {
    const code = this.#code
    const set = code[pc + 1] ?? 0
    const min = code[pc + 2] ?? 0
    const max = code[pc + 3] ?? -1
    const mode = code[pc + 4] ?? 0
    if (this.#seen(pc, at)) return -1
    const limit = max < 0 ? this.#subject.length : Math.min(this.#subject.length, at + max)
    let end = at
    const wanted = mode === 1 ? Math.min(at + min, limit) : limit
    end = this.#endOfRun(set, end, wanted)
    if (end < at + min) return -1
    if (mode === 0 && end > at + min) {
      this.#push(GREEDY_RUN, pc + 5, at + min)
      this.#setLast(end)
    }
    if (mode === 1 && end < limit) {
      this.#push(LAZY_RUN, pc, end)
      this.#setLast(limit)
    }
    return end
  }

  /** How far from `at` the characters are in the set, at most to `limit`. */
  #endOfRun(set: number, at: number, limit: number): number {
    const allBut = this.#program.sets[set]?.allBut ?? null
    let end = at
    if (allBut === null) {
      while (end < limit && this.#inSet(set, end)) end++
      this.#steps -= (end - at) >> 3
      return end
    }
    if (allBut >= 0) {
      const stop = this.#subject.indexOf(String.fromCharCode(allBut), at)
      end = stop < 0 ? limit : Math.min(stop, limit)
    } else end = limit
    this.#steps -= (end - at) >> 8
    return end
  }

  #giveBack(pc: number, min: number, end: number): boolean {
    const code = this.#code
    let next = end - 1
    if (code[pc] === OP.char && end - min <= SHORT_RUN) {
      const wanted = code[pc + 1] ?? 0
      while (next >= min && this.#subject.charCodeAt(next) !== wanted) next--
      this.#steps -= (end - next) >> 4
      if (next < min) return false
    } else if (code[pc] === OP.char) {
      // The character that must follow is looked for at once.
      next = this.#subject.lastIndexOf(String.fromCharCode(code[pc + 1] ?? 0), next)
      this.#steps -= (end - next) >> 8
      if (next < min) return false
    } else if (code[pc] === OP.set) {
      while (next >= min && !(next < this.#subject.length && this.#inSet(code[pc + 1] ?? 0, next))) next--
      this.#steps -= (end - next) >> 3
      if (next < min) return false
    }
    if (next > min) {
      this.#push(GREEDY_RUN, pc, min)
      this.#setLast(next)
    }
    this.#pc = pc
    this.#at = next
    return true
  }

  #takeMore(pc: number, at: number, limit: number): boolean {
    if (at >= limit || !this.#inSet(this.#code[pc + 1] ?? 0, at)) return false
    if (at + 1 < limit) {
      this.#push(LAZY_RUN, pc, at + 1)
      this.#setLast(limit)
    }
    this.#pc = pc + 5
    this.#at = at + 1
    return true
  }

  /** Look-around and atomic groups: the body runs for itself; possibilities inside are forgotten when it is done. */
  #nested(pc: number, at: number): number {
    const code = this.#code
    const isLook = code[pc] === OP.look
    const flags = isLook ? (code[pc + 1] ?? 0) : 0
    const start = isLook ? at - (code[pc + 2] ?? 0) : at
    const negative = (flags & 2) !== 0
    if (start < 0) return negative ? at : -1
    const base = this.#top
    const end = this.#run(isLook ? pc + 4 : pc + 2, start)
    if (end === OVERRUN) return OVERRUN
    if (negative) {
      this.#unwind(base)
      return end < 0 ? at : -1
    }
    if (end < 0) return -1
    this.#keepUndo(base)
    return isLook ? at : end
  }

  #unwind(base: number): void {
    while (this.#top > base) {
      this.#top -= 4
      if (this.#stack[this.#top] === UNDO)
        this.#registers[this.#stack[this.#top + 1] ?? 0] = this.#stack[this.#top + 2] ?? 0
    }
  }

  #keepUndo(base: number): void {
    let kept = base
    for (let i = base; i < this.#top; i += 4) {
      if (this.#stack[i] !== UNDO) continue
      this.#stack.copyWithin(kept, i, i + 4)
      kept += 4
    }
    this.#top = kept
  }

  #setRegister(register: number, value: number): void {
    this.#push(UNDO, register, this.#registers[register] ?? -1)
    this.#registers[register] = value
  }

  #backReference(pc: number, at: number): number {
    const count = this.#code[pc + 2] ?? 0
    for (let i = 0; i < count; i++) {
      const group = this.#code[pc + 3 + i] ?? 0
      const start = this.#registers[2 * group] ?? -1
      const end = this.#registers[2 * group + 1] ?? -1
      if (start < 0 || end < start) continue
      const length = end - start
      this.#steps -= length >> 3
      const wanted = this.#subject.slice(start, end)
      const have = this.#subject.slice(at, at + length)
      const same = this.#code[pc + 1] === 1 ? foldAscii(wanted) === foldAscii(have) : wanted === have
      return same ? at + length : -1
    }
    return -1
  }

  #branch(pc: number): number {
    const count = this.#code[pc + 1] ?? 0
    for (let i = 0; i < count; i++) {
      const group = this.#code[pc + 2 + i] ?? 0
      if ((this.#registers[2 * group + 1] ?? -1) >= 0) return pc + 3 + count
    }
    return this.#code[pc + 2 + count] ?? 0
  }

  #inSet(index: number, at: number): boolean {
    const test = this.#program.sets[index]
    return test !== undefined && contains(test, this.#subject.charCodeAt(at))
  }

  /** Notes that this place is being tried; true when it was before and so cannot succeed. */
  #seen(pc: number, at: number): boolean {
    if (this.#memo === null) return false
    const bit = pc * (this.#subject.length + 1) + at
    const word = this.#memo[bit >>> 5] ?? 0
    const mask = 1 << (bit & 31)
    if ((word & mask) !== 0) return true
    this.#memo[bit >>> 5] = word | mask
    return false
  }

  #push(kind: number, a: number, b: number): void {
    if (this.#top + 4 > this.#stack.length) {
      const larger = new Int32Array(this.#stack.length * 2)
      larger.set(this.#stack)
      this.#stack = larger
    }
    this.#stack[this.#top] = kind
    this.#stack[this.#top + 1] = a
    this.#stack[this.#top + 2] = b
    this.#top += 4
  }

  /** The fourth number of the entry pushed last. */
  #setLast(value: number): void {
    this.#stack[this.#top - 1] = value
  }
}

const FAILED = -1
const OVERRUN = -2

function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, letter => letter.toLowerCase())
}
