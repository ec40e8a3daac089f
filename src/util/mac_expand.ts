/**
 * `$name` expansion as Postfix does it in main.cf values, reply templates and table results (mac_expand(3)):
 * `$name`, `${name}`, `$(name)`, `${name?text}`, `${name:text}`, `${name?{text}:{text}}`, `${{a} == {b} ? {x} : {y}}`, `$$`.
 */

/** Looks a name up; undefined: there is no such name. */
export type MacLookup = (name: string) => string | undefined

export interface MacOptions {
  /** Values are expanded again (main.cf); without it they are taken as they are (replies). */
  readonly recurse?: boolean
  /** Only these characters of a value survive, every byte of another becomes "_" (Postfix smtpd_expansion_filter). */
  readonly allow?: string
  /** Told of each name that is used, not only tested, and has no value; it expands to nothing. */
  readonly onUndefined?: (name: string, piece: MacOrigin) => void
}

/** Where a piece of text was written: in the text itself (`from` null) or in the value of a name, and at which index there. */
export interface MacOrigin {
  readonly from: string | null
  readonly offset: number
}

/** A run of the result whose characters stand in a row in one origin. */
export interface MacPiece extends MacOrigin {
  readonly text: string
}

/** What is wrong with the text, and where: `offset` counts in the value of `from`, or in the text itself when that is null. */
export class MacError extends SyntaxError {
  readonly offset: number
  readonly from: string | null

  constructor(message: string, origin: MacOrigin) {
    super(message)
    this.name = 'MacError'
    this.offset = origin.offset
    this.from = origin.from
  }
}

/** Postfix: more than 100 levels is "unreasonable macro call nesting"; a name that refers to itself ends here. */
const MAX_LEVEL = 100
/** `a = $b$b`, `b = $c$c` … doubles with each level. Real files need some hundred steps. */
const MAX_STEPS = 100_000
const MAX_LENGTH = 1_048_576

const OPERATORS = new Set(['==', '!=', '<', '<=', '>=', '>'])
const LONG_MAX = 2n ** 63n - 1n

/** A stretch of text with its origin: `text` begins at `from`, `offset`. */
interface Span {
  readonly text: string
  readonly from: string | null
  readonly offset: number
}

interface Run {
  readonly lookup: MacLookup
  readonly options: MacOptions
  readonly work: { steps: number; length: number }
  readonly out: MacPiece[]
}

/** The expanded text. Throws MacError on unbalanced braces, an empty or ill-formed name, a bad operator or endless recursion. */
export function macExpand(text: string, lookup: MacLookup, options: MacOptions = {}): string {
  return macPieces(text, lookup, options)
    .map(piece => piece.text)
    .join('')
}

/** The same in pieces that tell where each part was written. */
export function macPieces(text: string, lookup: MacLookup, options: MacOptions = {}): readonly MacPiece[] {
  const run: Run = { lookup, options, work: { steps: 0, length: 0 }, out: [] }
  expandSpan(run, { text, from: null, offset: 0 }, 0)
  return run.out
}

/** The names that a text uses or tests, in order, without looking anything up. Ill-formed parts are passed over. */
export function macNames(text: string): readonly string[] {
  const names: string[] = []
  for (const match of text.matchAll(/\$\$|\$([A-Za-z0-9_]+)|\$[({][ \t\r\n]*([A-Za-z0-9_]+)/g)) {
    const name = match[1] ?? match[2]
    if (name !== undefined) names.push(name)
  }
  return names
}

function expandSpan(run: Run, span: Span, level: number): void {
  const { text } = span
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) {
      emit(run, part(span, at, text.length))
      return
    }
    if (text[dollar + 1] === '$') {
      emit(run, part(span, at, dollar + 1))
      at = dollar + 2
      continue
    }
    emit(run, part(span, at, dollar))
    const end = referenceEnd(span, dollar)
    const bracketed = text[dollar + 1] === '{' || text[dollar + 1] === '('
    const inner = bracketed ? part(span, dollar + 2, end - 1) : part(span, dollar + 1, end)
    if (inner.text === '') throw new MacError(`empty macro name: "${text}"`, part(span, dollar, end))
    expandReference(run, inner, level + 1)
    at = end
  }
}

/** Index just behind the reference that begins with the "$" at `dollar`. */
function referenceEnd(span: Span, dollar: number): number {
  const { text } = span
  const open = text[dollar + 1]
  if (open !== '{' && open !== '(') {
    let end = dollar + 1
    while (end < text.length && isNameChar(text, end)) end++
    return end
  }
  const end = balancedEnd(text, dollar + 1, open === '{' ? '{}' : '()')
  if (end < 0) throw new MacError(`truncated macro reference: "${text}"`, part(span, dollar, text.length))
  return end
}

function expandReference(run: Run, inner: Span, level: number): void {
  run.work.steps++
  if (level > MAX_LEVEL) throw new MacError(`unreasonable macro call nesting: "${inner.text}"`, inner)
  if (run.work.steps > MAX_STEPS) throw new MacError(`too many macro calls at: "${inner.text}"`, inner)
  const brace = skipBlanks(inner.text, 0)
  if (inner.text[brace] === '{') {
    const { value, end } = relation(run, inner, brace)
    if (end < inner.text.length && inner.text[end] !== '?' && inner.text[end] !== ':') {
      throw new MacError(
        `"?" or ":" expected at: "...}>>>${inner.text.slice(end, end + 20)}"`,
        part(inner, end, inner.text.length),
      )
    }
    expandResult(run, { inner, name: null, value, end }, level)
    return
  }
  const { name, end } = readName(inner)
  expandResult(run, { inner, name, value: run.lookup(name), end }, level)
}

/** The name at the start of a reference, and the index of "?", ":" or the end. */
function readName(inner: Span): { name: string; end: number } {
  const { text } = inner
  const start = skipBlanks(text, 0)
  let at = start
  while (at < text.length && isNameChar(text, at)) at++
  const end = skipBlanks(text, at)
  if (end < text.length && text[end] !== '?' && text[end] !== ':') {
    const here = text.slice(at, at + 20)
    throw new MacError(
      `attribute name syntax error at: "...${text.slice(0, at)}>>>${here}"`,
      part(inner, at, text.length),
    )
  }
  return { name: text.slice(start, at), end }
}

interface Result {
  readonly inner: Span
  /** Null for a comparison. */
  readonly name: string | null
  readonly value: string | undefined
  /** Index of the "?" or ":" in `inner`, or its length. */
  readonly end: number
}

function expandResult(run: Run, result: Result, level: number): void {
  const { inner, name, value, end } = result
  const { text } = inner
  const isSet = value !== undefined && value !== ''
  if (end >= text.length) {
    expandValue(run, result, level)
    return
  }
  let at = end
  let before = name ?? ''
  if (text[at] === '?') {
    const operand = readOperand(inner, at + 1)
    if (isSet) expandSpan(run, operand.span, level)
    at = operand.end
    before = operand.span.text
    if (at >= text.length) return
    if (text[at] !== ':') {
      throw new MacError(`":" expected at: "...${before}}>>>${text.slice(at, at + 20)}"`, part(inner, at, text.length))
    }
  }
  const operand = readOperand(inner, at + 1)
  if (!isSet) expandSpan(run, operand.span, level)
  if (operand.end < text.length) {
    const here = text.slice(operand.end, operand.end + 20)
    throw new MacError(
      `unexpected input at: "...${operand.span.text}}>>>${here}"`,
      part(inner, operand.end, text.length),
    )
  }
}

function expandValue(run: Run, result: Result, level: number): void {
  const { inner, name, value } = result
  if (value === undefined) {
    if (name !== null) run.options.onUndefined?.(name, inner)
    return
  }
  if (name === null) {
    emit(run, { text: value, from: inner.from, offset: inner.offset })
  } else if (run.options.recurse === true) {
    expandSpan(run, { text: value, from: name, offset: 0 }, level)
  } else {
    const { allow } = run.options
    emit(run, { text: allow === undefined ? value : filterText(value, allow), from: name, offset: 0 })
  }
}

/** `{text}` with blanks around it, or everything up to the end. */
function readOperand(inner: Span, start: number): { span: Span; end: number } {
  const brace = skipBlanks(inner.text, start)
  if (inner.text[brace] !== '{') return { span: part(inner, start, inner.text.length), end: inner.text.length }
  return braced(inner, brace)
}

function braced(inner: Span, brace: number): { span: Span; end: number } {
  const end = balancedEnd(inner.text, brace, '{}')
  if (end < 0) {
    const rest = part(inner, brace, inner.text.length)
    throw new MacError(`unbalanced {} in attribute expression: "${rest.text}"`, rest)
  }
  return { span: part(inner, brace + 1, end - 1), end: skipBlanks(inner.text, end) }
}

/** `{left} operator {right}`: "true" or "", and the index behind it. */
function relation(run: Run, inner: Span, brace: number): { value: string; end: number } {
  const left = braced(inner, brace)
  const rest = inner.text.slice(left.end)
  const operator = /^[<>!=?+\-*/~&|%]*/.exec(rest)?.[0] ?? ''
  if (!OPERATORS.has(operator)) {
    const wanted = '"==" or "!=" or "<" or "<=" or ">=" or ">"'
    const message = `${wanted} expected at: "...${left.span.text}}>>>${rest.slice(0, 20)}"`
    throw new MacError(message, part(inner, left.end, inner.text.length))
  }
  const suffix = /^[A-Za-z0-9]*/.exec(rest.slice(operator.length))?.[0] ?? ''
  if (suffix !== '' && suffix !== 'level') {
    throw new MacError(`bad operator suffix at: "...${operator}>>>${suffix}"`, part(inner, left.end, inner.text.length))
  }
  const rightBrace = skipBlanks(inner.text, left.end + operator.length + suffix.length)
  if (inner.text[rightBrace] !== '{') {
    const here = inner.text.slice(rightBrace, rightBrace + 20)
    const message = `"{expression}" expected at: "...{${left.span.text}} ${operator}${suffix}>>>${here}"`
    throw new MacError(message, part(inner, rightBrace, inner.text.length))
  }
  const right = braced(inner, rightBrace)
  const operands = { left: expandOperand(run, left.span), right: expandOperand(run, right.span) }
  const order = suffix === 'level' ? compareLevels(operands, inner) : compareTexts(operands, inner)
  return { value: holds(operator, order) ? 'true' : '', end: right.end }
}

function expandOperand(run: Run, span: Span): string {
  const out: MacPiece[] = []
  // Postfix counts levels of an operand from zero; the steps still add up, so that this ends.
  expandSpan({ ...run, out }, span, 0)
  return out.map(piece => piece.text).join('')
}

function holds(operator: string, order: number): boolean {
  if (operator === '==') return order === 0
  if (operator === '!=') return order !== 0
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  if (operator === '>=') return order >= 0
  return order > 0
}

interface Operands {
  readonly left: string
  readonly right: string
}

/** Postfix: as numbers when both are all digits, otherwise byte by byte. */
function compareTexts({ left, right }: Operands, origin: MacOrigin): number {
  if (!/^[0-9]+$/.test(left) || !/^[0-9]+$/.test(right)) return Buffer.compare(Buffer.from(left), Buffer.from(right))
  const [a, b] = [toLong(left, origin), toLong(right, origin)]
  return a < b ? -1 : Number(a > b)
}

function toLong(digits: string, origin: MacOrigin): bigint {
  // Nineteen digits are as long as a long gets; leading zeros aside.
  const value = BigInt(digits.slice(0, 400))
  if (digits.length > 400 || value > LONG_MAX) throw new MacError(`bad conversion: ${digits.slice(0, 40)}`, origin)
  return value
}

function compareLevels({ left, right }: Operands, origin: MacOrigin): number {
  const a = parseCompatLevel(left)
  const b = parseCompatLevel(right)
  if (a === null) throw new MacError(`malformed compatibility level syntax: "${left}"`, origin)
  if (b === null) throw new MacError(`malformed compatibility level syntax: "${right}"`, origin)
  return a - b
}

/** "3.6" or "3.6.1" or "2" as one number that compares like the level; null when it is none. */
export function parseCompatLevel(text: string): number | null {
  const match = /^[ \t\r\n]*([0-9]{1,7})(?:\.([0-9]{1,4})(?:\.([0-9]{1,4}))?)?$/.exec(text)
  if (match === null) return null
  const minor = Number(match[2] ?? 0)
  const patch = Number(match[3] ?? 0)
  if (minor > 1023 || patch > 1023) return null
  return (Number(match[1]) * 1024 + minor) * 1024 + patch
}

/** Every byte outside `allow` becomes "_" (Postfix counts bytes of UTF-8). */
export function filterText(text: string, allow: string): string {
  let out = ''
  for (const char of text) out += allow.includes(char) ? char : '_'.repeat(Buffer.byteLength(char))
  return out
}

function emit(run: Run, piece: MacPiece): void {
  if (piece.text === '') return
  run.work.length += piece.text.length
  if (run.work.length > MAX_LENGTH) throw new MacError('the expanded value is longer than 1048576 characters', piece)
  run.out.push(piece)
}

function part(span: Span, start: number, end: number): Span {
  return { text: span.text.slice(start, end), from: span.from, offset: span.offset + start }
}

/** Index behind the bracket that closes the one at `open`, or -1. */
function balancedEnd(text: string, open: number, pair: '{}' | '()'): number {
  let level = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === pair[0]) level++
    else if (text[at] === pair[1] && --level === 0) return at + 1
  }
  return -1
}

function skipBlanks(text: string, at: number): number {
  let end = at
  while (end < text.length && ' \t\r\n'.includes(text.charAt(end))) end++
  return end
}

function isNameChar(text: string, at: number): boolean {
  return /[A-Za-z0-9_]/.test(text.charAt(at))
}
