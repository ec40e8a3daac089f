import { allParams } from './catalogue.ts'
import type { ParamGroup } from './param.ts'

const HEADINGS: Readonly<Record<ParamGroup, string>> = {
  postern: "Postern's own",
  general: 'General',
  access: 'Access lists',
  codes: 'Reply codes and what to do when a lookup fails',
  classes: 'Address classes and the tables of addresses',
  rewriting: 'Reading addresses',
  session: 'The SMTP session',
  limits: 'Limits',
  sasl: 'Authentication',
  tls: 'TLS',
  policy: 'Policy servers',
  verify: 'Address verification',
  content: 'Content checks',
  milter: 'Milters',
  delivery: 'The next hop',
  log: 'Logging',
}

interface Entry {
  readonly name: string
  readonly type: { readonly kind: string }
  readonly default: string
  readonly group: ParamGroup
  readonly doc: string
  readonly since?: string
  readonly computed?: true
}

/** docs/parameters.md: every parameter with type, default and meaning, by group and name. */
export function renderParameters(): string {
  const entries: readonly Entry[] = allParams
  const parts = [
    '# Parameters',
    '',
    'Generated from `src/config/params`; do not edit. All of these go into `main.cf`. Names without `postern_` are those of',
    "Postfix's postconf(5) and mean the same; what Postern has no use for is marked so. Lists are separated by blanks, commas",
    'or continued lines. A time without a unit takes the unit of the default.',
    '',
  ]
  for (const [group, heading] of Object.entries(HEADINGS)) {
    const members = entries.filter(entry => entry.group === group).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    if (members.length === 0) continue
    parts.push(`## ${heading}`, '')
    for (const entry of members) parts.push(...renderEntry(entry))
  }
  return `${parts.join('\n').trimEnd()}\n`
}

function renderEntry(entry: Entry): readonly string[] {
  const shown = entry.default === '' ? 'empty' : codeSpan(entry.default)
  const facts = [
    entry.type.kind,
    entry.computed === true ? `default from the machine, such as ${shown}` : `default ${shown}`,
  ]
  if (entry.since !== undefined) facts.push(`Postfix ${entry.since} and later`)
  return [`### ${entry.name}`, '', `*${facts.join('; ').replaceAll('*', '\\*')}*`, '', wrap(entry.doc), '']
}

/** Markdown code; a backquote inside needs two outside. */
function codeSpan(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

/** One paragraph in lines of at most 120 characters, `<` written so that Markdown shows it. */
function wrap(text: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.replaceAll('<', '\\<').trim().split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > 120) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].join('\n')
}
