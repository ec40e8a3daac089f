/**
 * Dialogues as text: what a client says, and what a real Postfix answered and logged. One file holds one main.cf (what it adds to
 * base.cf) and the dialogues held with it, in order, on one running server.
 *
 *     smtpd_helo_required = yes
 *     ---
 *     dialogue no helo
 *     why: MAIL without HELO
 *     from 127.1.0.1
 *     S: 220 mx.example.org ESMTP Postfix
 *     C: MAIL FROM:<sender@good.example>
 *     S: 503 5.5.1 Error: send HELO/EHLO first
 *     L: smtpd: connect from good.client.example[127.1.0.1]
 *
 * C: line(s) sent in one write, S: the lines of all replies to it, L: log. Several C: without an S: between are one pipelined group.
 * C= "…" sends JSON-escaped bytes as they are. D: are the lines of a message (DATA, and on 354 the lines and the final dot);
 * D* N sends a message of N bytes. C* {…} one long line, R* N LINE a line N times ("#" is the number), W: N waits N ms,
 * X: N waits at most N ms for the server to close, T: {…} makes a TLS handshake ("cert": NAME shows a client certificate),
 * H: ADDR N opens N connections that stay idle, G: ends the connection without QUIT.
 * "? replies=N settle=MS" before a step: how many replies to read, and how long to wait for unexpected ones.
 * M: what reached the next hop.
 */

export type Step = { readonly options: StepOptions; readonly want: readonly string[] } & Act

export type Act =
  | { readonly kind: 'connect' | 'extra' }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'message'; readonly lines: readonly string[] }
  | { readonly kind: 'filler'; readonly bytes: number }
  | {
      readonly kind: 'long'
      readonly before: string
      readonly repeat: string
      readonly count: number
      readonly after: string
    }
  | { readonly kind: 'repeat'; readonly count: number; readonly line: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'close'; readonly ms: number }
  | { readonly kind: 'tls'; readonly cert: string | null }
  | { readonly kind: 'hold'; readonly from: string; readonly count: number }
  | { readonly kind: 'gone' }

export interface StepOptions {
  readonly replies?: number
  readonly settle?: number
}

export interface Dialogue {
  readonly name: string
  readonly why: string
  readonly from: string
  /** 'ehlo': compare all EHLO keywords; 'latin1': send latin1 instead of UTF-8; 'mail': compare what reached the next hop. */
  readonly flags: readonly string[]
  readonly steps: readonly Step[]
  readonly log: readonly string[]
  readonly mail: readonly string[]
}

export interface DialogueFile {
  /** main.cf lines, with @dir@, @helper@ … still in them. */
  readonly config: string
  readonly dialogues: readonly Dialogue[]
}

export class DialogueSyntaxError extends SyntaxError {}

interface Draft {
  name: string
  why: string
  from: string
  flags: string[]
  steps: { options: StepOptions; want: string[]; act: Act }[]
  log: string[]
  mail: string[]
}

export function parseDialogueFile(text: string): DialogueFile {
  const [config, ...rest] = text.split(/^---\n/m)
  const dialogues: Dialogue[] = []
  let draft: Draft | null = null
  let options: StepOptions = {}
  for (const line of rest.join('---\n').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const start = /^dialogue (.*)$/.exec(line)
    if (start) {
      if (draft) dialogues.push(finish(draft))
      draft = { name: start[1] ?? '', why: '', from: '127.0.0.1', flags: [], log: [], mail: [], steps: [] }
      draft.steps.push({ options: {}, want: [], act: { kind: 'connect' } })
      continue
    }
    if (!draft) throw new DialogueSyntaxError(`Cannot read dialogue file: "${line}" before the first dialogue`)
    if (line.startsWith('? ')) options = parseOptions(line)
    else if (!parseNote(draft, line)) {
      parseAct(draft, line, options)
      options = {}
    }
  }
  if (draft) dialogues.push(finish(draft))
  return { config: config ?? '', dialogues }
}

function finish(draft: Draft): Dialogue {
  return { ...draft, steps: draft.steps.map(step => ({ ...step.act, options: step.options, want: step.want })) }
}

function parseOptions(line: string): StepOptions {
  const replies = /replies=(\d+)/.exec(line)?.[1]
  const settle = /settle=(\d+)/.exec(line)?.[1]
  return { ...(replies && { replies: Number(replies) }), ...(settle && { settle: Number(settle) }) }
}

/** Lines that are no step: header lines, replies, log. Answers whether the line was one. */
function parseNote(draft: Draft, line: string): boolean {
  const last = draft.steps.at(-1)
  if (line.startsWith('why: ')) draft.why = line.slice(5)
  else if (line.startsWith('from ')) draft.from = line.slice(5)
  else if (line.startsWith('flags ')) draft.flags = line.slice(6).split(' ')
  else if (line.startsWith('S: ')) last?.want.push(line.slice(3))
  else if (line.startsWith('S= ')) last?.want.push(String(JSON.parse(line.slice(3))))
  else if (line.startsWith('L: ')) draft.log.push(line.slice(3))
  else if (line.startsWith('M: ')) draft.mail.push(line.slice(3))
  else if (line === 'M:') draft.mail.push('')
  else if (line === 'E:') draft.steps.push({ options: {}, want: [], act: { kind: 'extra' } })
  else return false
  return true
}

function parseAct(draft: Draft, line: string, options: StepOptions): void {
  const last = draft.steps.at(-1)
  const tag = line.slice(0, 2)
  const rest = line.slice(3)
  if (
    (tag === 'C:' || tag === 'D:') &&
    last &&
    last.want.length === 0 &&
    options.replies === undefined &&
    last.options.replies !== 0
  ) {
    const kind = tag === 'C:' ? 'lines' : 'message'
    if (last.act.kind === kind) {
      last.act = { kind, lines: [...last.act.lines, rest] }
      return
    }
  }
  draft.steps.push({ options, want: [], act: parseSimpleAct(tag, rest, line) })
}

function parseSimpleAct(tag: string, rest: string, line: string): Act {
  switch (tag) {
    case 'C:':
      return { kind: 'lines', lines: [rest] }
    case 'D:':
      return { kind: 'message', lines: [rest] }
    case 'C=':
      return { kind: 'raw', text: String(JSON.parse(rest)) }
    case 'D*':
      return { kind: 'filler', bytes: Number(rest) }
    case 'C*': {
      const long: Record<string, unknown> = JSON.parse(rest)
      return {
        kind: 'long',
        before: String(long['pre'] ?? ''),
        repeat: String(long['big']),
        count: Number(long['count']),
        after: String(long['post'] ?? ''),
      }
    }
    case 'R*': {
      const [count, ...words] = rest.split(' ')
      return { kind: 'repeat', count: Number(count), line: words.join(' ') }
    }
    case 'W:':
      return { kind: 'wait', ms: Number(rest) }
    case 'X:':
      return { kind: 'close', ms: Number(rest) }
    case 'T:': {
      const cert: unknown = JSON.parse(rest || '{}').cert
      return { kind: 'tls', cert: typeof cert === 'string' ? cert : null }
    }
    case 'H:': {
      const [from, count] = rest.split(' ')
      return { kind: 'hold', from: from ?? '127.0.0.1', count: Number(count) }
    }
    case 'G:':
      return { kind: 'gone' }
    default:
      throw new DialogueSyntaxError(`Cannot read dialogue file: unknown line "${line}"`)
  }
}

/** The file again, as `record` writes it: parse(format(x)) is x. */
export function formatDialogueFile(file: DialogueFile): string {
  const out = [file.config.replace(/\n*$/, '\n') + '---\n']
  for (const dialogue of file.dialogues) {
    out.push(`\ndialogue ${dialogue.name}\n`)
    if (dialogue.why) out.push(`why: ${dialogue.why}\n`)
    out.push(`from ${dialogue.from}\n`)
    if (dialogue.flags.length > 0) out.push(`flags ${dialogue.flags.join(' ')}\n`)
    for (const step of dialogue.steps) out.push(formatStep(step))
    for (const line of dialogue.log) out.push(`L: ${line}\n`)
    for (const line of dialogue.mail) out.push(`M: ${line}`.trimEnd() + '\n')
  }
  return out.join('')
}

function formatStep(step: Step): string {
  const { replies, settle } = step.options
  const words = [replies === undefined ? '' : `replies=${replies}`, settle === undefined ? '' : `settle=${settle}`]
  const options = words.some(word => word !== '') ? `? ${words.filter(word => word !== '').join(' ')}\n` : ''
  const act = formatAct(step)
    .map(line => line + '\n')
    .join('')
  return (
    options + act + step.want.map(line => (isPlain(line) ? `S: ${line}\n` : `S= ${JSON.stringify(line)}\n`)).join('')
  )
}

/** Without control characters and without blanks at the end, which an editor might strip. */
export function isPlain(line: string): boolean {
  return !/[\x00-\x1f\x7f]| $/.test(line)
}

export function formatAct(act: Act): readonly string[] {
  switch (act.kind) {
    case 'connect':
      return []
    case 'extra':
      return ['E:']
    case 'lines':
      return act.lines.map(line => `C: ${line}`)
    case 'raw':
      return [`C= ${JSON.stringify(act.text)}`]
    case 'message':
      return act.lines.map(line => `D: ${line}`.trimEnd())
    case 'filler':
      return [`D* ${act.bytes}`]
    case 'long':
      return [`C* ${JSON.stringify({ pre: act.before, big: act.repeat, count: act.count, post: act.after })}`]
    case 'repeat':
      return [`R* ${act.count} ${act.line}`]
    case 'wait':
      return [`W: ${act.ms}`]
    case 'close':
      return [`X: ${act.ms}`]
    case 'tls':
      return [act.cert === null ? 'T: {}' : `T: ${JSON.stringify({ cert: act.cert })}`]
    case 'hold':
      return [`H: ${act.from} ${act.count}`]
    case 'gone':
      return ['G:']
  }
}
