/** The program `postern`: argv in, exit status out. */
import { commands } from './commands.ts'
import { dispatch } from './dispatch.ts'
import { processTerminal } from './terminal.ts'

process.exitCode = await dispatch(process.argv.slice(2), commands, processTerminal())
