/** A trace as text: each list, each restriction, each question with its answer and time. */
import type { Judgement } from '../model/judge.ts'
import type { TraceQuestion, TraceStep } from '../model/trace.ts'
import type { Terminal } from './terminal.ts'

type Style = Terminal['style']

/** How wide the column of restrictions is at most. */
const NAME_WIDTH = 56
const MARK = '=> '

/** The lines of one judgement's trace. `decided`: mark the step that settled it. */
export function traceLines(judgement: Judgement, style: Style): readonly string[] {
  const { steps } = judgement.trace
  const deciding = decidingStep(judgement)
  const width = Math.min(NAME_WIDTH, Math.max(0, ...steps.map(step => label(step).length)))
  const lines: string[] = []
  let list = ''
  for (const step of steps) {
    if (step.depth === 0 && step.list !== list) {
      list = step.list
      lines.push(style('bold', list))
    }
    lines.push(...stepLines(step, { isDeciding: step === deciding, width, style }))
  }
  return lines
}

/** The step that settled a judgement: the one that refused, or else the last that permitted; null when nothing objected. */
export function decidingStep(judgement: Judgement): TraceStep | null {
  const { steps } = judgement.trace
  const refusing = judgement.reply !== null
  const settled = steps.filter(step => (refusing ? isRefusal(step.outcome) : step.outcome === 'permit'))
  // A table's or class's answer says the same as the line that brought it in; the line itself is the one in main.cf.
  return settled.findLast(step => step.depth === 0) ?? settled.at(-1) ?? (refusing ? (steps.at(-1) ?? null) : null)
}

function isRefusal(outcome: string): boolean {
  return /^(?:reject )?[45]\d\d\b/.test(outcome) || /^(?:DISCARD|HANGUP|DEFER|REJECT)\b/i.test(outcome)
}

function label(step: TraceStep): string {
  const indent = '  '.repeat(step.depth)
  return `${indent}${step.restriction}${step.argument === '' ? '' : ` ${step.argument}`}`
}

function stepLines(
  step: TraceStep,
  how: { readonly isDeciding: boolean; readonly width: number; readonly style: Style },
): readonly string[] {
  const { isDeciding, width, style } = how
  const head = `${label(step).padEnd(width)}  ${step.outcome}`
  const indent = MARK.length + 4 + 2 * step.depth
  return [
    isDeciding ? style('red', `${MARK}${head}`) : `${' '.repeat(MARK.length)}${head}`,
    ...questionLines(step.questions, { indent, style }),
    ...step.warnings.map(warning => style('yellow', `${' '.repeat(indent)}warning: ${warning}`)),
  ]
}

/** Each question with its answer and times, so far to the right. */
export function questionLines(
  questions: readonly TraceQuestion[],
  { indent, style }: { readonly indent: number; readonly style: Style },
): readonly string[] {
  return questions.map(({ door, question, answer, atMs, tookMs }) => {
    const times = `(${milliseconds(tookMs)}, asked at ${milliseconds(atMs)})`
    return style('dim', `${' '.repeat(indent)}${door} ${question}: ${answer}  ${times}`)
  })
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
