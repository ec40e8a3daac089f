import type { Dialogue, DialogueFile } from './dialogue_file.ts'

/** Whether the last dialogue of a file still shows what is looked for. */
type StillFails = (file: DialogueFile) => Promise<boolean>

/** Each question starts two servers: more than this is not worth the wait. */
const MAX_QUESTIONS = 150
const MAX_MS = 45_000

/**
 * The smallest file that still fails in its last dialogue: without the sessions that do not matter, then without steps, then
 * without lines and words of the configuration.
 */
export async function shrink(file: DialogueFile, failing: number, stillFails: StillFails): Promise<DialogueFile> {
  let questions = 0
  const until = performance.now() + MAX_MS
  const ask: StillFails = async candidate => {
    questions++
    return questions <= MAX_QUESTIONS && performance.now() < until && (await stillFails(candidate))
  }
  const upTo = { ...file, dialogues: file.dialogues.slice(0, failing + 1) }
  const alone = { ...file, dialogues: file.dialogues.slice(failing, failing + 1) }
  let best: DialogueFile = (await ask(alone)) ? alone : upTo
  for (;;) {
    const smaller = await firstThatFails(candidates(best), ask)
    if (smaller === null) return best
    best = smaller
  }
}

async function firstThatFails(all: Iterable<DialogueFile>, ask: StillFails): Promise<DialogueFile | null> {
  for (const candidate of all) if (await ask(candidate)) return candidate
  return null
}

/** Every file that is one piece smaller, the biggest pieces first. */
function* candidates(file: DialogueFile): Iterable<DialogueFile> {
  const last = file.dialogues.at(-1)
  if (!last) return
  for (let i = 0; i < file.dialogues.length - 1; i++) yield { ...file, dialogues: without(file.dialogues, i) }
  const lines = file.config.split('\n')
  for (const [i, line] of lines.entries()) {
    if (/^[a-z]/.test(line) && !line.startsWith('smtpd_relay_restrictions'))
      yield { ...file, config: without(lines, i).join('\n') }
  }
  for (let i = 1; i < last.steps.length; i++) yield withLast(file, { ...last, steps: without(last.steps, i) })
  for (const [i, line] of lines.entries()) {
    for (const shorter of withoutOneWord(line)) yield { ...file, config: lines.with(i, shorter).join('\n') }
  }
}

/** A restriction list without each of its comma-separated words. */
function* withoutOneWord(line: string): Iterable<string> {
  const list = /^((?:smtpd_\w+_restrictions|class_\w) = )(.*)$/.exec(line)
  if (!list) return
  const [, name = '', value = ''] = list
  const words = value.split(/, (?![^{]*\})/)
  if (words.length < 2) return
  for (let i = 0; i < words.length; i++) yield name + without(words, i).join(', ')
}

function withLast(file: DialogueFile, dialogue: Dialogue): DialogueFile {
  return { ...file, dialogues: [...file.dialogues.slice(0, -1), dialogue] }
}

function without<T>(all: readonly T[], index: number): readonly T[] {
  return all.toSpliced(index, 1)
}
