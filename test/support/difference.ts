import type { Dialogue } from './dialogue_file.ts'
import { formatAct } from './dialogue_file.ts'

interface Said {
  readonly transcript: readonly (readonly string[])[]
  readonly log: readonly string[]
  readonly mail: readonly string[]
}

/** Whether a server did what the dialogue's recording says: replies, log lines and mail. */
export function same(dialogue: Dialogue, said: Said): boolean {
  return equal(wanted(dialogue), said)
}

export function equal(a: Said, b: Said): boolean {
  return JSON.stringify(trimmed(a)) === JSON.stringify(trimmed(b))
}

/** An empty list of extra replies is as good as none. */
function trimmed(said: Said): unknown {
  const transcript = said.transcript.at(-1)?.length === 0 ? said.transcript.slice(0, -1) : said.transcript
  return [transcript, said.log, said.mail]
}

/** The recording as an outcome. */
export function wanted(dialogue: Dialogue): Said {
  return { transcript: dialogue.steps.map(step => step.want), log: dialogue.log, mail: dialogue.mail }
}

/** Longest line shown of a difference. */
const LONGEST = 300

/** The dialogue as text, lines that differ marked "-" (wanted) and "+" (got). */
export function formatDifference(title: string, dialogue: Dialogue, got: Said, want: Said = wanted(dialogue)): string {
  const out = [`--- ${title}`]
  const length = Math.max(want.transcript.length, got.transcript.length)
  for (let i = 0; i < length; i++) {
    const step = dialogue.steps[i]
    if (step) out.push(...formatAct(step).map(line => `    ${line}`))
    out.push(...formatLines('S', want.transcript[i] ?? [], got.transcript[i] ?? []))
  }
  if (JSON.stringify(want.log) !== JSON.stringify(got.log)) out.push(...formatLines('L', want.log, got.log))
  if (JSON.stringify(want.mail) !== JSON.stringify(got.mail)) out.push(...formatLines('M', want.mail, got.mail))
  return out.map(line => (line.length > LONGEST ? `${line.slice(0, LONGEST)}… (${line.length})` : line) + '\n').join('')
}

function formatLines(tag: string, want: readonly string[], got: readonly string[]): string[] {
  const common = new Set(want.filter(line => got.includes(line)))
  if (JSON.stringify(want) === JSON.stringify(got)) return want.map(line => `    ${tag}: ${line}`)
  const lines: string[] = []
  for (let i = 0; i < Math.max(want.length, got.length); i++) {
    const [w, g] = [want[i], got[i]]
    if (w === g && w !== undefined) lines.push(`    ${tag}: ${w}`)
    else {
      if (w !== undefined) lines.push(`  ${common.has(w) ? '~' : '-'} ${tag}: ${w}`)
      if (g !== undefined) lines.push(`  ${common.has(g) ? '~' : '+'} ${tag}: ${g}`)
    }
  }
  return lines
}
