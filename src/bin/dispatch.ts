import { nearest } from '../util/edit_distance.ts'
import { type CommandSpec, parseCall } from './command.ts'
import { CommandError, GOOD, USAGE } from './exit_status.ts'
import { commandHelp, overview } from './help.ts'
import type { Terminal } from './terminal.ts'

/** Runs the command that `args` (without node and program) ask for, and returns the exit status. Never throws for bad usage. */
export async function dispatch(
  args: readonly string[],
  commands: readonly CommandSpec[],
  terminal: Terminal,
): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '') {
    terminal.err(overview(commands))
    return USAGE
  }
  if (name === 'help' || name === '--help' || name === '-h') return help(rest[0], commands, terminal)
  const wanted = name === '--version' ? 'version' : name
  const command = commands.find(each => each.name === wanted)
  if (command === undefined) return unknown(name, commands, terminal)
  if (rest.includes('--help')) return help(command.name, commands, terminal)

  const parsed = parseCall(command, rest)
  if (!parsed.ok) {
    terminal.err(`postern ${command.name}: ${parsed.message}\nTry "postern help ${command.name}".\n`)
    return USAGE
  }
  try {
    const program = await command.load()
    return await program.run({ command, options: parsed.options, operands: parsed.operands, terminal })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    terminal.err(`postern ${command.name}: ${error.message}\n`)
    return error.status
  }
}

function help(name: string | undefined, commands: readonly CommandSpec[], terminal: Terminal): number {
  if (name === undefined) {
    terminal.out(overview(commands))
    return GOOD
  }
  const command = commands.find(each => each.name === name)
  if (command === undefined) return unknown(name, commands, terminal)
  terminal.out(commandHelp(command))
  return GOOD
}

function unknown(name: string, commands: readonly CommandSpec[], terminal: Terminal): number {
  const meant = nearest(name, [...commands.map(command => command.name), 'help'], 2)
  terminal.err(
    `postern: unknown command "${name}"${meant === null ? '' : `: did you mean "${meant}"?`}\nTry "postern help".\n`,
  )
  return USAGE
}
