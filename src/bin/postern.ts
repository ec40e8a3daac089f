/** The program `postern`: argv in, exit status out. */
import { keepCompiled } from './compile_cache.ts'

keepCompiled()
// After it, so that they come from the cache.
const [{ keepRunning }, { commands }, { dispatch }, { processTerminal }] = await Promise.all([
  import('../util/clock.ts'),
  import('./commands.ts'),
  import('./dispatch.ts'),
  import('./terminal.ts'),
])
const running = keepRunning()
process.exitCode = await dispatch(process.argv.slice(2), commands, processTerminal())
running.end()
