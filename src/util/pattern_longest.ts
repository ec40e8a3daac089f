import { assertionHolds, contains } from './pattern_assert.ts'
import { OP, type Program } from './pattern_program.ts'

/**
 * Where the longest match that begins at `start` ends, -1 without one: what POSIX wants. Follows all possibilities at
 * once, so it takes time proportional to program × subject. For memoizable programs only.
 */
export function longestEnd(program: Program, subject: string, start: number): number {
  const { code, sets, isWord } = program
  let here: number[] = []
  let longest = -1
  const seenAt = new Int32Array(code.length).fill(-1)

  const follow = (from: number, at: number): void => {
    const open = [from]
    for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
      if (seenAt[pc] === at) continue
      seenAt[pc] = at
      const operand = code[pc + 1] ?? 0
      switch (code[pc]) {
        case OP.split:
          open.push(code[pc + 2] ?? 0, operand)
          break
        case OP.jump:
          open.push(operand)
          break
        case OP.save:
        case OP.mark:
          open.push(pc + 2)
          break
        case OP.again:
          open.push(code[pc + 2] ?? 0)
          break
        case OP.assert:
          if (assertionHolds(operand, { subject, at, isWord })) open.push(pc + 2)
          break
        case OP.match:
          longest = at
          break
        case OP.char:
        case OP.set:
          here.push(pc)
          break
      }
    }
  }

  follow(0, start)
  for (let at = start; at < subject.length && here.length > 0; at++) {
    const char = subject.charCodeAt(at)
    const waiting = here
    here = []
    for (const pc of waiting) {
      const operand = code[pc + 1] ?? 0
      const test = sets[operand]
      const takes = code[pc] === OP.char ? operand === char : test !== undefined && contains(test, char)
      if (takes) follow(pc + 2, at + 1)
    }
  }
  return longest
}
