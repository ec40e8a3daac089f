import { sleep, systemClock } from '../util/clock.ts'
import type { Call } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE, TEMPORARY } from './exit_status.ts'
import { isGateway, readPid, readStatus, type Status, whyHidden } from './state_directory.ts'

const LOOK_EVERY_MS = 50
/** A large configuration is built well within this time. */
const PATIENCE_MS = 30_000

/** `postern reload`. */
export async function run({ options, terminal }: Call): Promise<number> {
  const read = readSource(configPath(options), options.texts('override'))
  if (!read.ok) throw new CommandError(`${read.problem.place.file}: ${read.problem.text}`, NEGATIVE)
  const directory = read.loaded.config.postern_state_directory
  const hidden = whyHidden(directory)
  if (hidden !== null) {
    throw new CommandError(`${hidden}; run it as root, or as the user that the gateway runs as`, TEMPORARY)
  }
  const pid = readPid(directory)
  if (pid === null || !isGateway(pid)) {
    throw new CommandError(`no gateway runs with postern_state_directory "${directory}"`, TEMPORARY)
  }
  const status = await signalAndWait(pid, directory)
  if (options.has('json')) terminal.out(JSON.stringify(status, null, 2) + '\n')
  else if (status.problems.length === 0) terminal.out(`${read.source.path} is in use\n`)
  else {
    for (const problem of status.problems) terminal.err(`${problem}\n`)
    terminal.err('postern reload: the old configuration is kept\n')
  }
  return status.problems.length === 0 ? GOOD : NEGATIVE
}

async function signalAndWait(pid: number, directory: string): Promise<Status> {
  const loadsBefore = readStatus(directory)?.loads ?? 0
  try {
    process.kill(pid, 'SIGHUP')
  } catch {
    throw new CommandError(`cannot signal process ${pid}: it belongs to another user`, TEMPORARY)
  }
  const until = systemClock.monotonic() + PATIENCE_MS
  while (systemClock.monotonic() < until) {
    const status = readStatus(directory)
    if (status !== null && status.pid === pid && status.loads > loadsBefore) return status
    await sleep(systemClock, LOOK_EVERY_MS)
  }
  throw new CommandError(`process ${pid} did not answer within ${PATIENCE_MS / 1000} s`, TEMPORARY)
}
