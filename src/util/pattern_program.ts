import {
  type Assertion,
  fixedLength,
  isNullable,
  type ParsedPattern,
  PatternError,
  type PatternNode,
  type RepeatNode,
  someNode,
} from './pattern_ast.ts'
import { type CharSet, complement, isEmpty, onlyChar } from './pattern_charset.ts'
import { startsAtStart } from './pattern_emit.ts'

/** Instructions of the matcher: operation, then its operands. */
export const OP = {
  /** code */
  char: 0,
  /** set */
  set: 1,
  /** preferred, other */
  split: 2,
  /** target */
  jump: 3,
  /** register */
  save: 4,
  /** assertion */
  assert: 5,
  /** 0 or 1: ignore case; number of groups, groups … */
  back: 6,
  /** flags (1: behind, 2: negative), length of what is behind, after; the body follows and ends with `done` */
  look: 7,
  /** after; the body follows and ends with `done` */
  atomic: 8,
  /** set, min, max (-1: no limit), mode (0 greedy, 1 lazy, 2 possessive) */
  run: 9,
  /** register: remembers where a round of a loop begins */
  mark: 10,
  /** register, target: another round, unless this one took nothing */
  again: 11,
  /** number of groups, groups …, target when none is set */
  ifGroup: 12,
  done: 13,
  match: 14,
  fail: 15,
} as const

export const ASSERTIONS: readonly Assertion[] = [
  'start',
  'end',
  'end_or_newline',
  'line_start',
  'posix_line_start',
  'line_end',
  'word_boundary',
  'not_word_boundary',
  'word_start',
  'word_end',
]

export interface Program {
  readonly code: Int32Array
  readonly sets: readonly CharTest[]
  /** Registers: two per group and the whole match, then those of loops. */
  readonly registers: number
  readonly groupCount: number
  readonly anchored: boolean
  /** A place with the same instruction and position always ends the same: what failed once need not be tried again. */
  readonly memoizable: boolean
  /** Characters that a match can begin with; null: any, or none at all. */
  readonly first: CharTest | null
  readonly isWord: CharTest
}

/** Membership: a table for bytes, ranges beyond. */
export interface CharTest {
  readonly bytes: Uint8Array
  readonly set: CharSet
  /** The set has all characters but this one; -1: it has really all; null: it has not. */
  readonly allBut: number | null
}

export function charTest(set: CharSet, maxChar: number): CharTest {
  const bytes = new Uint8Array(256)
  for (const [first, last] of set.ranges) bytes.fill(1, Math.min(first, 256), Math.min(last + 1, 256))
  const others = complement(set, maxChar)
  return { bytes, set, allBut: isEmpty(others) ? -1 : onlyChar(others) < 0 ? null : onlyChar(others) }
}

/** A pattern with huge counts would take all memory. */
const MAX_CODE = 200_000

/**
 * Compiles a pattern for the matcher. `emptyRounds`: what a loop does with a round that takes nothing: 'accept' it and
 * go on behind the loop (Perl), or 'reject' it (glibc).
 */
export function compileProgram(pattern: ParsedPattern, emptyRounds: 'accept' | 'reject'): Program {
  const compiler = new Compiler(pattern, emptyRounds)
  compiler.node({ kind: 'group', index: 0, body: pattern.root })
  compiler.emit(OP.match)
  const first = firstChars(pattern.root)
  return {
    code: Int32Array.from(compiler.code),
    sets: compiler.sets,
    registers: compiler.registers,
    groupCount: pattern.groupCount,
    anchored: pattern.anchored || startsAtStart(pattern.root, pattern.maxChar),
    memoizable: compiler.memoizable,
    first: first === null ? null : charTest(first, pattern.maxChar),
    isWord: charTest(pattern.wordChars, pattern.maxChar),
  }
}

class Compiler {
  readonly code: number[] = []
  readonly sets: CharTest[] = []
  registers: number
  readonly memoizable: boolean
  readonly #emptyRounds: 'accept' | 'reject'
  readonly #maxChar: number
  readonly #setIndex = new Map<string, number>()

  constructor(pattern: ParsedPattern, emptyRounds: 'accept' | 'reject') {
    this.#emptyRounds = emptyRounds
    this.#maxChar = pattern.maxChar
    this.registers = 2 * (pattern.groupCount + 1)
    this.memoizable = !someNode(pattern.root, node => dependsOnPath(node, emptyRounds))
  }

  emit(...values: number[]): number {
    if (this.code.length > MAX_CODE) {
      throw new PatternError('regular expression is too large', 0, 'use smaller counts in {}')
    }
    return this.code.push(...values) - values.length
  }

  node(node: PatternNode): void {
    switch (node.kind) {
      case 'set':
        this.#set(node.set)
        break
      case 'sequence':
        for (const item of node.items) this.node(item)
        break
      case 'choice':
        this.#choice(node.items)
        break
      case 'repeat':
        this.#repeat(node)
        break
      case 'group':
        this.emit(OP.save, 2 * node.index)
        this.node(node.body)
        this.emit(OP.save, 2 * node.index + 1)
        break
      case 'assert':
        this.emit(OP.assert, ASSERTIONS.indexOf(node.what))
        break
      case 'look':
        this.#look(node)
        break
      case 'atomic':
        this.#atomic(node.body)
        break
      case 'back':
        this.emit(OP.back, node.ignoreCase ? 1 : 0, node.groups.length, ...node.groups)
        break
      case 'if_group':
        this.#ifGroup(node)
        break
      case 'fail':
        this.emit(OP.fail)
        break
    }
  }

  #set(set: CharSet): void {
    const code = onlyChar(set)
    if (code >= 0) this.emit(OP.char, code)
    else this.emit(OP.set, this.#indexOf(set))
  }

  #indexOf(set: CharSet): number {
    const key = set.ranges.join(';')
    let index = this.#setIndex.get(key)
    if (index === undefined) {
      index = this.sets.push(charTest(set, this.#maxChar)) - 1
      this.#setIndex.set(key, index)
    }
    return index
  }

  #choice(items: readonly PatternNode[]): void {
    const jumps: number[] = []
    for (const [i, item] of items.entries()) {
      if (i === items.length - 1) {
        this.node(item)
        break
      }
      const split = this.emit(OP.split, this.code.length + 3, 0)
      this.node(item)
      jumps.push(this.emit(OP.jump, 0))
      this.code[split + 2] = this.code.length
    }
    for (const jump of jumps) this.code[jump + 1] = this.code.length
  }

  #repeat(node: RepeatNode): void {
    if (node.mode === 'possessive' && node.body.kind !== 'set') {
      this.#atomic({ ...node, mode: 'greedy' })
      return
    }
    // A run tries places that the memory of failures does not see.
    if (node.body.kind === 'set' && !this.memoizable) {
      this.#run(node, node.body.set)
      return
    }
    const rejectsEmpty = this.#emptyRounds === 'reject' && isNullable(node.body)
    const min = rejectsEmpty ? Math.min(node.min, 1) : node.min
    for (let i = 0; i < min; i++) this.node(node.body)
    if (node.max === Number.POSITIVE_INFINITY) this.#loop(node)
    else this.#optional(node, node.max - min)
  }

  #run(node: RepeatNode, set: CharSet): void {
    const max = node.max === Number.POSITIVE_INFINITY ? -1 : node.max
    const mode = node.mode === 'greedy' ? 0 : node.mode === 'lazy' ? 1 : 2
    this.emit(OP.run, this.#indexOf(set), node.min, max, mode)
  }

  #loop({ body, mode }: RepeatNode): void {
    const nullable = isNullable(body)
    const start = this.emit(OP.split, 0, 0)
    let mark = -1
    if (nullable) {
      mark = this.registers++
      this.emit(OP.mark, mark)
    }
    this.node(body)
    if (nullable) this.emit(OP.again, mark, start, this.#emptyRounds === 'accept' ? 1 : 0)
    else this.emit(OP.jump, start)
    this.#fillSplit(start, { body: start + 3, exit: this.code.length }, mode)
  }

  #optional({ body, mode }: RepeatNode, times: number): void {
    const splits: number[] = []
    for (let i = 0; i < times; i++) {
      splits.push(this.emit(OP.split, 0, 0))
      this.#round(body)
    }
    for (const split of splits) this.#fillSplit(split, { body: split + 3, exit: this.code.length }, mode)
  }

  /** One optional round, which glibc does not count when it takes nothing. */
  #round(body: PatternNode): void {
    if (this.#emptyRounds === 'accept' || !isNullable(body)) {
      this.node(body)
      return
    }
    const mark = this.registers++
    this.emit(OP.mark, mark)
    this.node(body)
    const at = this.emit(OP.again, mark, 0, 0)
    this.code[at + 2] = this.code.length
  }

  #fillSplit(split: number, to: { body: number; exit: number }, mode: RepeatNode['mode']): void {
    this.code[split + 1] = mode === 'lazy' ? to.exit : to.body
    this.code[split + 2] = mode === 'lazy' ? to.body : to.exit
  }

  #atomic(body: PatternNode): void {
    const at = this.emit(OP.atomic, 0)
    this.node(body)
    this.emit(OP.done)
    this.code[at + 1] = this.code.length
  }

  #look({ ahead, negative, body }: Extract<PatternNode, { kind: 'look' }>): void {
    // PCRE: each branch of a look-behind has its own fixed length; branches of one length may share.
    if (!ahead && body.kind === 'choice' && fixedLength(body) === null) {
      const looks = body.items.map((item): PatternNode => ({ kind: 'look', ahead, negative, body: item }))
      this.node(negative ? { kind: 'sequence', items: looks } : { kind: 'choice', items: looks })
      return
    }
    const flags = (ahead ? 0 : 1) + (negative ? 2 : 0)
    const at = this.emit(OP.look, flags, ahead ? 0 : (fixedLength(body) ?? 0), 0)
    this.node(body)
    this.emit(OP.done)
    this.code[at + 3] = this.code.length
  }

  #ifGroup({ groups, yes, no }: Extract<PatternNode, { kind: 'if_group' }>): void {
    const at = this.emit(OP.ifGroup, groups.length, ...groups, 0)
    this.node(yes)
    const jump = this.emit(OP.jump, 0)
    this.code[at + 2 + groups.length] = this.code.length
    this.node(no)
    this.code[jump + 1] = this.code.length
  }
}

/** Whether what happens from here on depends on more than instruction and position. */
function dependsOnPath(node: PatternNode, emptyRounds: 'accept' | 'reject'): boolean {
  if (node.kind !== 'repeat') return ['look', 'atomic', 'back', 'if_group'].includes(node.kind)
  // Where a round of the loop began is such a thing, if a round may be empty and be accepted.
  const loops = node.max === Number.POSITIVE_INFINITY && isNullable(node.body)
  return node.mode === 'possessive' || (loops && emptyRounds === 'accept')
}

/** Characters that a match can begin with; null: unknown, or the match may be empty. */
function firstChars(node: PatternNode): CharSet | null {
  switch (node.kind) {
    case 'set':
      return node.set
    case 'sequence': {
      const item = node.items.find(item => item.kind !== 'assert' && item.kind !== 'look')
      return item === undefined ? null : firstChars(item)
    }
    case 'choice': {
      const sets = node.items.map(firstChars)
      return sets.includes(null) ? null : { ranges: sets.flatMap(set => set?.ranges ?? []) }
    }
    case 'group':
    case 'atomic':
      return firstChars(node.body)
    case 'repeat':
      return node.min > 0 ? firstChars(node.body) : null
    case 'assert':
    case 'look':
    case 'back':
    case 'if_group':
    case 'fail':
      return null
  }
}
