/**
 * The main.cf reader: text to settings, as Postfix reads it (postconf(5)). A line that begins with a blank continues the
 * one before, also behind comments and empty lines; the line end itself vanishes and the blanks stay. Comments are whole
 * lines. `name = value`; the last of several wins.
 */
import { trimBlanks } from '../util/words.ts'
import type { Place, PlacedText, Problem } from './place.ts'

export interface Setting {
  readonly name: string
  /** Where the name stands. */
  readonly at: Place
  /** The value as written, `$` and all; blanks at its ends removed. */
  readonly value: PlacedText
}

export interface MainCf {
  /** In the order of the file, each with all its repetitions. */
  readonly settings: readonly Setting[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** A physical line's part in a logical one: from `offset` on, the text stands in `line` beginning at `column`. */
interface Stretch {
  readonly offset: number
  readonly line: number
}

interface LogicalLine {
  readonly text: string
  readonly stretches: readonly Stretch[]
}

const BLANK = /[ \t\n\v\f\r]/
const BOM = '\uFEFF'

/** Reads the text of a main.cf; `file` is its name in messages. Never throws. */
export function parseMainCf(text: string, file: string): MainCf {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const settings: Setting[] = []
  const lines = splitLines(cleanText(text, { file, problems, warnings }))
  for (const line of logicalLines(lines)) {
    const placeAt = placer(line, file)
    if (BLANK.test(line.text.charAt(0))) {
      const start = line.text.slice(0, 30) + (line.text.length > 30 ? '...' : '')
      const remedy = 'it is ignored; remove the blanks in front of it'
      warnings.push({ place: placeAt(0), text: `logical line must not start with whitespace: "${start}": ${remedy}` })
      continue
    }
    const setting = splitNameValue(line.text, placeAt)
    if ('fault' in setting) problems.push({ place: placeAt(0), text: `${setting.fault}: "${line.text.slice(0, 60)}"` })
    else settings.push(setting)
  }
  warnings.push(...overrides(settings))
  return { settings, problems, warnings }
}

/** Reads `name=value` or `{ name = value }` of an option -o. */
export function parseOverride(option: string): Setting | Problem {
  const file = `-o ${option}`
  const place: Place = { file, line: 0, column: 0 }
  const trimmed = trimBlanks(option)
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1) : trimmed
  const setting = splitNameValue(inner, () => place)
  return 'fault' in setting ? { place, text: setting.fault } : setting
}

interface Tell {
  readonly file: string
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

/** Tells of what editors and copying do to files, and takes it out so that reading can go on. */
function cleanText(text: string, { file, problems, warnings }: Tell): string {
  let clean = text
  if (clean.startsWith(BOM)) {
    const place = { file, line: 1, column: 1 }
    problems.push({ place, text: 'the file begins with a UTF-8 byte order mark: save it as "UTF-8 without BOM"' })
    clean = clean.slice(1)
  }
  const nul = clean.indexOf('\0')
  if (nul >= 0) {
    const text = 'a NUL byte: the file is no plain text, or UTF-16; save it as UTF-8'
    problems.push({ place: placeIn(clean, nul, file), text })
    clean = clean.replaceAll('\0', '')
  }
  const carriage = clean.indexOf('\r\n')
  if (carriage >= 0) {
    const text = `lines end in CR LF as under Windows; the CR is ignored: convert the file with "sed -i 's/\\r$//' ${file}"`
    warnings.push({ place: placeIn(clean, carriage, file), text })
    clean = clean.replaceAll('\r\n', '\n')
  }
  return clean
}

function placeIn(text: string, offset: number, file: string): Place {
  const before = text.slice(0, offset).split('\n')
  return { file, line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

function splitLines(text: string): readonly string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function* logicalLines(lines: readonly string[]): Generator<LogicalLine> {
  let parts: string[] = []
  let stretches: Stretch[] = []
  let offset = 0
  for (const [index, line] of lines.entries()) {
    const first = trimBlanks(line).charAt(0)
    if (first !== '' && first !== '#') {
      parts.push(line)
      stretches.push({ offset, line: index + 1 })
      offset += line.length
    }
    // Postfix: a logical line goes on while the next one begins with "#" or a blank, empty ones included.
    const next = lines[index + 1]
    const goesOn = next !== undefined && (next === '' || next.startsWith('#') || BLANK.test(next.charAt(0)))
    if (parts.length > 0 && !goesOn) {
      yield { text: parts.join(''), stretches }
      parts = []
      stretches = []
      offset = 0
    }
  }
}

function placer(line: LogicalLine, file: string): (offset: number) => Place {
  return offset => {
    const stretch = line.stretches.findLast(part => part.offset <= offset) ?? { offset: 0, line: 0 }
    return { file, line: stretch.line, column: offset - stretch.offset + 1 }
  }
}

function splitNameValue(text: string, placeAt: (offset: number) => Place): Setting | { readonly fault: string } {
  const match = /^([ \t\n\v\f\r]*)([^ \t\n\v\f\r=]+)[ \t\n\v\f\r]*(=?)[ \t\n\v\f\r]*/.exec(text)
  if (match === null) return { fault: 'missing attribute name' }
  const [whole, blanks = '', name = '', equals] = match
  if (equals !== '=') return { fault: "missing '=' after attribute name" }
  const value = {
    text: trimBlanks(text.slice(whole.length)),
    place: (offset: number) => placeAt(whole.length + offset),
  }
  return { name, at: placeAt(blanks.length), value }
}

/** Postfix warns of a second setting of the same name when it has another value. */
function overrides(settings: readonly Setting[]): readonly Problem[] {
  const seen = new Map<string, Setting>()
  const warnings: Problem[] = []
  for (const setting of settings) {
    const old = seen.get(setting.name)
    if (old !== undefined && old.value.text !== setting.value.text) {
      warnings.push({ place: setting.at, text: `overriding earlier entry: ${setting.name}=${old.value.text}` })
    }
    seen.set(setting.name, setting)
  }
  return warnings
}
