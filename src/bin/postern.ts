/** The program `postern`: argv in, exit status out. */
import { keepRunning } from '../util/clock.ts'
import { commands } from './commands.ts'
import { dispatch } from './dispatch.ts'
import { processTerminal } from './terminal.ts'

const running = keepRunning()
process.exitCode = await dispatch(process.argv.slice(2), commands, processTerminal())
running.end()
