/** No file over 400 lines, no function over 60, no function with more than three parameters. A breach means: split it. */
import { blankNonCode } from './source_text.ts'
import { isTest, REPOSITORY, readTree, report, type SourceFile } from './tree.ts'

const FILE_LINES = 400
const FUNCTION_LINES = 60
const PARAMETERS = 3

/** Every breach in the tree under `root`, one sentence each, with file and line. */
export function checkBudgets(root: string): readonly string[] {
  return readTree(root, ['src/**/*.ts', 'tools/**/*.ts', 'bench/**/*.ts']).flatMap(checkFile)
}

function checkFile(file: SourceFile): readonly string[] {
  // A table of test cases is as long as the cases are many.
  if (isTest(file.path)) return []
  const problems: string[] = []
  const lines = file.text.split('\n').length - 1
  if (lines > FILE_LINES) problems.push(`${file.path}: ${lines} lines; a file has at most ${FILE_LINES}`)
  for (const fn of findFunctions(file.text)) {
    const at = `${file.path}:${fn.line}: ${fn.name}`
    if (fn.lines > FUNCTION_LINES) problems.push(`${at}: ${fn.lines} lines; a function has at most ${FUNCTION_LINES}`)
    if (fn.parameters > PARAMETERS)
      problems.push(`${at}: ${fn.parameters} parameters; a function has at most ${PARAMETERS}, then an object`)
  }
  return problems
}

export interface FoundFunction {
  readonly name: string
  /** Where its name stands, from 1. */
  readonly line: number
  /** From that line to the closing brace, both counted. */
  readonly lines: number
  readonly parameters: number
}

/** Words that stand before "(" as a function's name does, and are none. */
const NOT_NAMES = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'return',
  'await',
  'typeof',
  'function',
  'new',
  'super',
  'import',
  'with',
])

/** Functions and methods with a name and a body in braces. An arrow function counts when it is given a name. */
export function findFunctions(text: string): readonly FoundFunction[] {
  const code = blankNonCode(text, { strings: 'blank' })
  const found: FoundFunction[] = []
  const head =
    /(?:\bfunction\s*\*?\s*|\b(?:const|let)\s+(?=[\w$]+(?:\s*:[^=;]+)?\s*=\s*(?:async\s*)?[(<])|^[ \t]*(?:(?:private|static|async|override|get|set|\*)\s+)*(?!export\b|default\b|async\b|const\b|let\b|function\b))([A-Za-z_$#][\w$]*)/gm
  for (const match of code.matchAll(head)) {
    const name = match[1] ?? ''
    if (NOT_NAMES.has(name)) continue
    const fn = measure(code, match.index + match[0].length, name)
    if (fn !== null) found.push(fn)
  }
  return found
}

/** Reads `<T>(parameters): Type {body}` or `= (parameters): Type => {body}` from the end of the name; null: no function with a body. */
function measure(code: string, afterName: number, name: string): FoundFunction | null {
  const assigned = /^(?:\s*:[^=;{]+)?\s*=\s*(?:async\s*)?/.exec(code.slice(afterName))
  const isArrow = assigned !== null
  let at = afterName + (assigned?.[0].length ?? 0)
  at = skipBlanks(code, skipTypeParameters(code, at))
  if (code[at] !== '(') return null
  const close = findClose(code, at)
  if (close < 0) return null
  const body = isArrow ? findArrowBody(code, close + 1) : findMethodBody(code, close + 1)
  if (body < 0) return null
  const end = findClose(code, body)
  const line = lineOf(code, afterName)
  return {
    name,
    line,
    lines: lineOf(code, end < 0 ? code.length : end) - line + 1,
    parameters: countParameters(code.slice(at + 1, close)),
  }
}

function findArrowBody(code: string, from: number): number {
  const match = /^(?:\s*:[^=;]+?)?\s*=>\s*\{/.exec(code.slice(from))
  return match === null ? -1 : from + match[0].length - 1
}

/** After the parameters a body begins at once, or behind ": Type"; a type with braces is skipped like any other. */
function findMethodBody(code: string, from: number): number {
  let at = skipBlanks(code, from)
  if (code[at] === '{') return at
  if (code[at] !== ':') return -1
  at = skipBlanks(code, at + 1)
  let beforeIsType = false
  while (at < code.length) {
    const char = code[at] ?? ''
    if (char === '{' && beforeIsType) return at
    if (char === '{' || char === '(' || char === '[') at = findClose(code, at)
    else if (char === '<') at = skipTypeParameters(code, at) - 1
    else if (char === '\n' && beforeIsType) return -1
    if (at < 0) return -1
    if (/[|&]/.test(char) || code.startsWith('=>', at)) beforeIsType = false
    else if (/\S/.test(char) && !/\b(?:is|keyof|readonly|asserts|typeof|extends)$/.test(code.slice(0, at + 1)))
      beforeIsType = true
    else if (/\S/.test(char)) beforeIsType = false
    at++
  }
  return -1
}

function skipBlanks(code: string, from: number): number {
  let at = from
  while (/\s/.test(code[at] ?? '')) at++
  return at
}

function skipTypeParameters(code: string, from: number): number {
  let at = skipBlanks(code, from)
  if (code[at] !== '<') return at
  let depth = 0
  for (; at < code.length; at++) {
    if (code[at] === '<') depth++
    // The ">" of "=>" closes nothing.
    if (code[at] === '>' && code[at - 1] !== '=' && --depth === 0) return at + 1
  }
  return at
}

/** Where the bracket at `open` is closed; -1: nowhere. */
function findClose(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    if ('({['.includes(code[at] ?? ' ')) depth++
    if (')}]'.includes(code[at] ?? ' ') && --depth === 0) return at
  }
  return -1
}

function countParameters(list: string): number {
  let depth = 0
  let count = 0
  let hasText = false
  for (const [i, char] of [...list].entries()) {
    if ('({[<'.includes(char)) depth++
    if (')}]'.includes(char) || (char === '>' && list[i - 1] !== '=')) depth--
    if (char === ',' && depth === 0) {
      if (hasText) count++
      hasText = false
    } else if (/\S/.test(char)) hasText = true
  }
  return hasText ? count + 1 : count
}

function lineOf(code: string, offset: number): number {
  let line = 1
  for (let i = code.indexOf('\n'); i >= 0 && i < offset; i = code.indexOf('\n', i + 1)) line++
  return line
}

if (import.meta.main) report('budgets', checkBudgets(REPOSITORY))
