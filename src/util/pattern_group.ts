import { EMPTY, type PatternNode, sequence } from './pattern_ast.ts'
import type { PatternFlags, Scanner } from './pattern_scanner.ts'

/** PCRE2's default limit on nested parentheses. */
const MAX_DEPTH = 250

/** What follows "(", which has been taken, up to its ")". Null: a comment. */
export function readGroup(scanner: Scanner): PatternNode | null {
  if (++scanner.depth > MAX_DEPTH) scanner.fail('parentheses are too deeply nested')
  const flags = { ...scanner.flags }
  const node = readOpened(scanner)
  scanner.depth--
  if (node !== 'options') scanner.flags = flags
  return node === 'options' || node === 'comment' ? null : node
}

type Opened = PatternNode | 'options' | 'comment'

function readOpened(scanner: Scanner): Opened {
  if (scanner.peek() === '*' && scanner.syntax === 'pcre') return readVerb(scanner)
  if (!scanner.take('?')) return scanner.flags.noCapture ? readBody(scanner) : capture(scanner, null)
  const start = scanner.at
  if (scanner.take('#')) {
    if (scanner.takeMatch(/[^)]*\)/y) === null) scanner.fail('missing ) after (?# comment', scanner.text.length)
    return 'comment'
  }
  if (scanner.take(':')) return readBody(scanner)
  if (scanner.take('>')) return { kind: 'atomic', body: readBody(scanner) }
  if (scanner.take('|') && scanner.syntax === 'pcre') return readBody(scanner, true)
  const look = readLook(scanner)
  if (look !== null) return look
  if (scanner.take('(')) return readConditional(scanner)
  const named = readNamed(scanner)
  if (named !== null) return named
  rejectCalls(scanner)
  return readOptions(scanner, start)
}

function readBody(scanner: Scanner, branchReset = false): PatternNode {
  const body = scanner.readChoice(branchReset)
  if (!scanner.take(')')) scanner.fail('missing closing parenthesis', scanner.text.length)
  return body
}

function capture(scanner: Scanner, name: string | null): PatternNode {
  const index = ++scanner.groupCount
  if (name !== null) {
    const same = scanner.names.get(name)
    if (same === undefined) scanner.names.set(name, [index])
    else if (same.includes(index)) {
      // Branches of (?|…) share numbers and so may share names.
    } else if (scanner.flags.duplicateNames) same.push(index)
    else {
      scanner.fail(
        scanner.syntax === 'pcre'
          ? 'two named subpatterns have the same name (PCRE2_DUPNAMES not set)'
          : `redefinition of group name '${name}'`,
      )
    }
  }
  return { kind: 'group', index, body: readBody(scanner) }
}

function readLook(scanner: Scanner): PatternNode | null {
  for (const [mark, ahead, negative] of [
    ['=', true, false],
    ['!', true, true],
    ['<=', false, false],
    ['<!', false, true],
  ] as const) {
    if (scanner.take(mark)) return { kind: 'look', ahead, negative, body: readBody(scanner) }
  }
  return null
}

function readNamed(scanner: Scanner): PatternNode | null {
  const start = scanner.at
  if (scanner.take('P=')) {
    const name = scanner.takeMatch(/([A-Za-z_]\w*)\)/y)?.[1]
    if (name === undefined) return scanner.fail('subpattern name expected')
    return scanner.backReference({ name }, start + 2)
  }
  const opening = scanner.takeMatch(scanner.syntax === 'pcre' ? /P?<|'/y : /P</y)?.[0]
  if (opening === undefined) return null
  if (/[0-9]/.test(scanner.peek())) scanner.fail('subpattern name must start with a non-digit')
  const name = scanner.takeMatch(/[A-Za-z_]\w*/y)?.[0]
  if (name === undefined) return scanner.fail('subpattern name expected')
  if (!scanner.take(opening === "'" ? "'" : '>')) {
    scanner.fail('syntax error in subpattern name (missing terminator?)')
  }
  return capture(scanner, name)
}

function rejectCalls(scanner: Scanner): void {
  if (/^(?:R|&|P>|[+-]?\d)/.test(scanner.text.slice(scanner.at))) {
    scanner.refuse('recursion', 'write the group out as often as it may nest')
  }
  if (scanner.peek() === 'C' && scanner.syntax === 'pcre') scanner.refuse('a callout', 'leave it out')
}

const VERBS = /\*(F|FAIL)\)/y
const LONG_LOOKS: Readonly<Record<string, { ahead: boolean; negative: boolean }>> = {
  pla: { ahead: true, negative: false },
  positive_lookahead: { ahead: true, negative: false },
  nla: { ahead: true, negative: true },
  negative_lookahead: { ahead: true, negative: true },
  plb: { ahead: false, negative: false },
  positive_lookbehind: { ahead: false, negative: false },
  nlb: { ahead: false, negative: true },
  negative_lookbehind: { ahead: false, negative: true },
}

function readVerb(scanner: Scanner): PatternNode {
  if (scanner.takeMatch(VERBS) !== null) return { kind: 'fail' }
  const word = scanner.takeMatch(/\*([a-z_]+):/y)?.[1]
  if (word === 'atomic') return { kind: 'atomic', body: readBody(scanner) }
  const look = word === undefined ? undefined : LONG_LOOKS[word]
  if (look !== undefined) return { kind: 'look', ...look, body: readBody(scanner) }
  return scanner.refuse('a backtracking verb, (*…),', 'write the pattern without it')
}

/** `(?(1)yes|no)`, `(?(name)…)`, `(?(?=x)yes|no)`; "(?(" has been taken. */
function readConditional(scanner: Scanner): PatternNode {
  const start = scanner.at
  if (scanner.take('?')) {
    const look = readLook(scanner)
    if (look === null || look.kind !== 'look') return scanner.fail('assertion expected after (?( or (?(?C)')
    const { yes, no } = readBranches(scanner)
    return {
      kind: 'choice',
      items: [sequence([look, yes]), sequence([{ ...look, negative: !look.negative }, no])],
    }
  }
  const match = scanner.takeMatch(/(?:([+-]?\d+)|<(\w+)>|'(\w+)'|(\w+))\)/y)
  if (match === null) return scanner.fail('malformed number or name after (?(')
  const [, number, angle, quoted, bare] = match
  const name = angle ?? quoted ?? bare
  if (bare === 'R' || bare === 'DEFINE' || /^R\d*$|^R&/.test(bare ?? '')) {
    return scanner.refuse('a condition on recursion', 'write the pattern without it', start)
  }
  const target = number === undefined ? { name: name ?? '' } : { number: absolute(number, scanner) }
  const { groups } = scanner.refer(
    target,
    conditionOffset(number, { start, end: scanner.at - 1, angled: bare === undefined }),
  )
  return { kind: 'if_group', groups, ...readBranches(scanner) }
}

/** Where PCRE2 says that a condition names no group. */
function conditionOffset(number: string | undefined, at: { start: number; end: number; angled: boolean }): number {
  if (number === undefined) return at.angled ? at.start + 1 : at.start
  if (number.startsWith('-')) return at.end
  return number.startsWith('+') ? at.start : at.start - 1
}

function absolute(number: string, scanner: Scanner): number {
  if (number.startsWith('-')) return scanner.groupCount + 1 + Number(number)
  return number.startsWith('+') ? scanner.groupCount + Number(number) : Number(number)
}

function readBranches(scanner: Scanner): { yes: PatternNode; no: PatternNode } {
  const body = readBodyBranches(scanner)
  if (body.length > 2) scanner.fail('conditional subpattern contains more than two branches', 0)
  return { yes: body[0] ?? EMPTY, no: body[1] ?? EMPTY }
}

function readBodyBranches(scanner: Scanner): readonly PatternNode[] {
  const body = readBody(scanner)
  return body.kind === 'choice' ? body.items : [body]
}

const LETTERS: Readonly<Record<string, keyof PatternFlags>> = {
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'extended',
  U: 'ungreedy',
  J: 'duplicateNames',
  n: 'noCapture',
}

/** `(?i-s)` for the rest of the group, `(?i-s:…)` for its own. */
function readOptions(scanner: Scanner, start: number): Opened {
  const flags = { ...scanner.flags }
  if (scanner.syntax === 'pcre' && scanner.take('^')) {
    Object.assign(flags, {
      ignoreCase: false,
      multiline: false,
      dotAll: false,
      extended: false,
      extendedMore: false,
      noCapture: false,
    })
  }
  let on = true
  for (;;) {
    if (scanner.atEnd) return scanner.fail('missing closing parenthesis', scanner.text.length)
    const char = scanner.next()
    if (char === ')' || char === ':') {
      if (scanner.at - 1 === start) return scanner.fail('unrecognized character after (? or (?-', start)
      scanner.flags = flags
      return char === ')' ? 'options' : readBody(scanner)
    }
    if (char === '-' && on) {
      on = false
      continue
    }
    // Python: a (ASCII) and u (Unicode, the default) choose the alphabet for the whole pattern, which the caller has done.
    if (scanner.syntax === 'python' && (char === 'u' || char === 'a')) continue
    const flag = LETTERS[char]
    if (flag === undefined || (scanner.syntax === 'python' && /[UJn]/.test(char))) {
      return scanner.fail('unrecognized character after (? or (?-', scanner.at - 1)
    }
    flags[flag] = on
    if (char === 'x') flags.extendedMore = on && scanner.take('x')
  }
}
