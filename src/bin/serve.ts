/** `postern serve`: from the command line to a running gateway, and its end. */
import { availableParallelism } from 'node:os'
import type { Config, Loaded } from '../config/config.ts'
import { formatProblem } from '../config/place.ts'
import { systemClock } from '../util/clock.ts'
import type { Call } from './command.ts'
import { type ConfigSource, configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE } from './exit_status.ts'
import { becomeUser, findUser } from './identity.ts'
import { startLocalWorker } from './local_worker.ts'
import { prepareLogFile } from './log.ts'
import { examine } from './soundness.ts'
import { makeStateDirectory, removePidFile, writePidFile, writeStatus } from './state_directory.ts'
import { Supervisor } from './supervisor.ts'
import { inheritedSockets, notifySystemd } from './systemd.ts'
import type { Terminal } from './terminal.ts'
import { welcome } from './welcome.ts'
import { startWorkerProcess } from './worker_handle.ts'

export async function run({ options, terminal }: Call): Promise<number> {
  const path = configPath(options)
  const overrides = options.texts('override')
  const hangups = new EarlyHangups()
  const { source, loaded } = await readSound({ path, overrides, terminal })
  const { config } = loaded
  const supervisor = new Supervisor({
    configPath: path,
    overrides,
    source,
    loaded,
    clock: systemClock,
    ...crewOf(config),
    inherited: inheritedSockets(process.env, process.pid),
  })
  await supervisor.listen()
  let running: Running
  try {
    running = await begin(supervisor, { config, terminal, hangups })
  } catch (error) {
    // What listens already would keep the process, and its clients, waiting for ever.
    await supervisor.end(0)
    throw error
  }
  // Unless it was told to end while it began.
  if (!supervisor.isEnding) {
    if (options.has('welcome'))
      terminal.out(
        welcome({
          listening: supervisor.listening('smtp'),
          policies: supervisor.listening('policy'),
          milters: supervisor.listening('milter'),
          config,
          configPath: path,
        }),
      )
    terminal.out('postern: ready\n')
    notifySystemd('READY=1', 'Serving')
  }
  await running.ended
  removePidFile(config.postern_state_directory)
  return GOOD
}

interface Running {
  /** Settles when a signal has ended the gateway. */
  readonly ended: Promise<void>
}

/** From listening to serving. */
async function begin(
  supervisor: Supervisor,
  to: { config: Config; terminal: Terminal; hangups: EarlyHangups },
): Promise<Running> {
  const { config, terminal, hangups } = to
  const warning = settleDown(config)
  if (warning !== null) terminal.err(`postern serve: ${warning}\n`)
  const ended = untilSignalled(supervisor, config)
  await supervisor.begin()
  const unwritten = writeStatus(config.postern_state_directory, { pid: process.pid, loads: 1, problems: [] })
  if (unwritten !== null) supervisor.warn(unwritten)
  hangups.deliver()
  return { ended }
}

/** SIGHUP ends a process that does not mind it: one that comes while we begin must wait until the configuration can be read again. */
class EarlyHangups {
  #isMissed = false
  readonly #note = (): void => {
    this.#isMissed = true
  }

  constructor() {
    process.on('SIGHUP', this.#note)
  }

  /** From now on somebody else minds them. */
  deliver(): void {
    process.off('SIGHUP', this.#note)
    if (this.#isMissed) process.emit('SIGHUP')
  }
}

/** main.cf, or a CommandError that tells everything that is wrong with it. */
async function readSound(from: {
  readonly path: string
  readonly overrides: readonly string[]
  readonly terminal: Terminal
}): Promise<{ readonly source: ConfigSource; readonly loaded: Loaded }> {
  const read = readSource(from.path, from.overrides)
  if (!read.ok) throw new CommandError(formatProblem(read.problem), NEGATIVE)
  const { config, lists } = await examine(read.loaded, read.source.path, systemClock)
  if (config.length > 0) {
    const lines = config.map(problem => `  ${formatProblem(problem)}`)
    throw new CommandError(`the configuration has problems:\n${lines.join('\n')}`, NEGATIVE)
  }
  // Postfix: a bad word in a list, or a table that cannot be opened, costs only the mail that gets there a 451.
  for (const problem of lists)
    from.terminal.err(`postern serve: ${formatProblem(problem)} (what needs it is answered 451)\n`)
  return read
}

/** How many workers, and of what kind. */
function crewOf(config: Config): Pick<ConstructorParameters<typeof Supervisor>[0], 'workers' | 'startWorker'> {
  if (config.postern_workers === 0) return { workers: 1, startWorker: startLocalWorker(systemClock) }
  const workers = config.postern_workers ?? availableParallelism()
  return { workers, startWorker: (callbacks, slot) => startWorkerProcess({ processes: workers, slot }, callbacks) }
}

/** What must be done while we may still do everything, and then we may no more. Returns a warning or null. */
function settleDown(config: Config): string | null {
  const user = findUser(config.postern_user)
  makeStateDirectory(config.postern_state_directory, user)
  prepareLogFile(config, user)
  if (user !== null) becomeUser(user)
  return writePidFile(config.postern_state_directory)
}

/** Obeys signals until one of them ends the gateway. */
function untilSignalled(supervisor: Supervisor, config: Config): Promise<void> {
  const directory = config.postern_state_directory
  let loads = 1
  let ending: Promise<void> | null = null
  process.on('SIGHUP', () => {
    supervisor.reopenLogs()
    void supervisor.reload().then(({ problems }) => {
      loads++
      const unwritten = writeStatus(directory, { pid: process.pid, loads, problems })
      if (unwritten !== null) supervisor.warn(unwritten)
    })
  })
  process.on('SIGUSR1', () => supervisor.reopenLogs())
  // A fault here must not end what the workers do.
  process.on('uncaughtException', error => supervisor.fault(error))
  process.on('unhandledRejection', error => supervisor.fault(error))
  return new Promise(resolve => {
    const end = (): void => {
      if (ending === null) {
        ending = supervisor.end(config.postern_stop_timeout * 1000)
        void ending.then(resolve)
      } else supervisor.kill()
    }
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
  })
}
