import { showConfig } from '../config/show.ts'
import type { Call } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE } from './exit_status.ts'

/** `postern conf`. */
export async function run({ options, operands, terminal }: Call): Promise<number> {
  const read = readSource(configPath(options), options.texts('override'))
  if (!read.ok) throw new CommandError(`${read.problem.place.file}: ${read.problem.text}`, NEGATIVE)
  const { text, warnings } = showConfig(read.loaded, {
    defaults: options.has('default'),
    onlySet: options.has('set'),
    expanded: options.has('expand'),
    hideNames: options.has('value'),
    json: options.has('json'),
    names: operands,
  })
  terminal.out(text)
  for (const warning of warnings) terminal.err(`postern conf: ${warning}\n`)
  return warnings.length > 0 ? NEGATIVE : GOOD
}
