/** Help texts, made from the table of commands. Lines end before column 80. */
import type { CommandSpec, OptionSpec } from './command.ts'

const WIDTH = 79

/** What `postern help` prints. */
export function overview(commands: readonly CommandSpec[]): string {
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`)
  return [
    'usage: postern COMMAND [OPTION …]',
    '',
    "The spam gate of a mail server: Postfix's own restrictions, explained.",
    '',
    ...rows,
    `  ${'help'.padEnd(9)} tell more about a command: postern help COMMAND`,
    '',
    'Exit status: 0 good, 1 a negative answer, 2 wrong usage, 75 try again later.',
    '',
  ].join('\n')
}

/** What `postern help COMMAND` prints. */
export function commandHelp(command: CommandSpec): string {
  const { name, summary, operands, description, options, exits, examples } = command
  return [
    `postern ${name}: ${summary}`,
    '',
    `usage: postern ${[name, ...(options.length > 0 ? ['[OPTION …]'] : []), operands].filter(part => part !== '').join(' ')}`,
    '',
    ...paragraphs(description).flatMap(text => [...wrap(text, 0), '']),
    ...(options.length > 0 ? ['options:', ...options.flatMap(describeOption), ''] : []),
    'exit status:',
    ...exits.map(([status, meaning]) => `  ${String(status).padStart(2)}  ${meaning}`),
    '   2  the command line is wrong',
    '',
    examples.length > 1 ? 'examples:' : 'example:',
    ...examples.map(example => `  ${example}`),
    '',
  ].join('\n')
}

function describeOption({ name, short, value, required, doc }: OptionSpec): readonly string[] {
  const head = `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  return [head, ...wrap(doc + (required === true ? ' Required.' : ''), 6)]
}

function paragraphs(text: string): readonly string[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map(part => part.replace(/\s+/g, ' '))
}

function wrap(text: string, indent: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(indent) + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, ' '.repeat(indent) + line]
}
