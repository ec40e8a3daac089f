/**
 * The process that outlives the others: it listens, has workers serve, and changes the configuration under them.
 *
 * It listens itself and hands each connection to a worker, instead of sharing its sockets with them: so they stay open
 * when all workers die at once, which an ordinary user could not mend on port 25, and a stuck worker gets no connections.
 */
import type { Config, Loaded } from '../config/config.ts'
import { formatProblem, type Problem } from '../config/place.ts'
import type { Event } from '../model/event.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import { type ConfigSource, readSource } from './config_source.ts'
import { Crew } from './crew.ts'
import { ReportSchedule } from './dmarc_schedule.ts'
import { allDoors, type Door, type DoorKind, doorKind, helperDoors, withDefaults } from './doors.ts'
import { CommandError, NEGATIVE, TEMPORARY } from './exit_status.ts'
import { runHelperProcess } from './helper_process.ts'
import { Listeners, type Opened } from './listeners.ts'
import { type Log, openLog } from './log.ts'
import type { ToSupervisor } from './messages.ts'
import { MorningReport } from './report_schedule.ts'
import { SharedRates } from './shared_rates.ts'
import { examine } from './soundness.ts'
import { whyUnwritable } from './state_directory.ts'
import { notifySystemd } from './systemd.ts'
import type { StartWorker, WorkerHandle } from './worker_handle.ts'

export interface SupervisorOptions {
  /** As --config says it; read again by reload. */
  readonly configPath: string
  readonly overrides: readonly string[]
  readonly source: ConfigSource
  readonly loaded: Loaded
  readonly clock: Clock
  readonly workers: number
  readonly startWorker: StartWorker
  /** Descriptors of sockets that systemd opened. */
  readonly inherited: readonly number[]
}

export interface ReloadResult {
  /** Why the old configuration is kept; none: the new one is in use. */
  readonly problems: readonly string[]
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #crew: Crew
  readonly #listeners: Listeners
  readonly #rates: SharedRates
  readonly #reports: ReportSchedule
  readonly #morning: MorningReport
  #config: Config
  #source: ConfigSource
  #log: Log
  #reloading: Promise<ReloadResult> | null = null
  #isEnding = false

  constructor(options: SupervisorOptions) {
    const { clock } = options
    const { config } = options.loaded
    this.#options = options
    this.#config = config
    this.#source = options.source
    this.#rates = new SharedRates(clock, config.anvil_rate_time_unit * 1000)
    this.#log = openLog({ config, clock, pid: process.pid })
    this.#crew = new Crew(options.source, {
      size: options.workers,
      start: options.startWorker,
      clock,
      message: (worker, message) => void this.#message(worker, message),
      workerGone: worker => this.#rates.forget(worker.pid),
      warn: text => this.#tell('warning', text),
    })
    this.#listeners = new Listeners({
      take: (socket, door) => this.#crew.take({ socket, door }),
      clock,
      ownDirectory: config.postern_state_directory,
    })
    this.#reports = new ReportSchedule({
      clock,
      random: systemRandom,
      config: () => this.#config,
      work: settleMs => this.#sendReports(settleMs),
      warn: text => this.#tell('warning', text),
    })
    this.#morning = new MorningReport({
      clock,
      config: () => this.#config,
      work: () => this.#sendMorningReport(),
      warn: text => this.#tell('warning', text),
    })
  }

  /** "127.0.0.1:2525" and so on. */
  listening(kind: DoorKind): readonly string[] {
    return this.#listeners.names(kind)
  }

  /** Opens the sockets. CommandError names the one that cannot be opened. */
  async listen(): Promise<void> {
    const { inherited, loaded } = this.#options
    const adopted = await this.#listeners.adopt(inherited)
    const opened = adopted.ok ? await this.#listeners.open(this.#doors(loaded)) : adopted
    if (opened.ok) {
      this.#tellLeft(opened.left)
      return
    }
    this.#listeners.closeAll()
    throw new CommandError(cannotListen(opened), opened.code === 'EADDRINUSE' ? TEMPORARY : NEGATIVE)
  }

  /** Starts the workers; resolves when they serve. CommandError when they cannot. */
  async begin(): Promise<void> {
    const problem = await this.#crew.begin()
    if (this.#isEnding) return
    if (problem === null) {
      this.#reports.start()
      this.#morning.start()
      return
    }
    this.#listeners.closeAll()
    await this.#crew.end(0)
    throw new CommandError(problem, NEGATIVE)
  }

  /** Reads the configuration again and uses it if it is sound. One at a time: a second call waits for its own turn. */
  reload(): Promise<ReloadResult> {
    const before = this.#reloading ?? Promise.resolve()
    const reloading = before.then(() => this.#reload())
    this.#reloading = reloading
    return reloading
  }

  reopenLogs(): void {
    this.#log.reopen()
    this.#crew.reopenLogs()
  }

  /** It was told to end, perhaps before it had begun. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** No new connections; those that are open get `graceMs`. Resolves when everything has ended. */
  async end(graceMs: number): Promise<void> {
    this.#isEnding = true
    notifySystemd('STOPPING=1', 'Finishing what runs')
    this.#listeners.closeAll()
    this.#reports.stop()
    this.#morning.stop()
    await this.#crew.end(graceMs)
    this.#tell('info', 'terminating')
    await this.#log.close()
  }

  /** A fault of ours that nothing caught. */
  fault(error: unknown): void {
    this.#tell('error', `unexpected fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }

  warn(text: string): void {
    this.#tell('warning', text)
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#crew.kill()
  }

  async #reload(): Promise<ReloadResult> {
    notifySystemd('RELOADING=1', 'Reading the configuration')
    // Nothing that goes wrong here may leave `postern reload` waiting, or keep the next reload from being tried.
    const problems = await this.#tryReload().catch((error: unknown) => {
      this.fault(error)
      return [`cannot use the configuration: ${error instanceof Error ? error.message : String(error)}`]
    })
    for (const text of problems) this.#tell('error', `reload: ${text}`)
    if (problems.length > 0) this.#tell('error', 'reload: keeping the old configuration')
    else this.#tell('info', `reload: ${this.#options.source.path} is in use`)
    notifySystemd(
      'READY=1',
      problems.length === 0 ? 'Serving' : 'Serving with the old configuration: the new one has problems',
    )
    return { problems }
  }

  async #tryReload(): Promise<readonly string[]> {
    const { configPath, overrides, clock } = this.#options
    const read = readSource(configPath, overrides)
    if (!read.ok) return [formatProblem(read.problem)]
    const { config, lists } = await examine(read.loaded, read.source.path, clock)
    const unsound: readonly Problem[] = [...config, ...lists]
    if (unsound.length > 0) return unsound.map(formatProblem)

    const next = read.loaded.config
    const unwritable = whyUnwritable(next.postern_state_directory)
    if (unwritable !== null) return [unwritable]
    const opened = await this.#listeners.open(this.#doors(read.loaded))
    if (!opened.ok) return [cannotListen(opened)]
    this.#tellLeft(opened.left)
    const problem = await this.#crew.change(read.source)
    this.#listeners.keep(this.#doors(problem === null ? read.loaded : { config: this.#config, sources: new Map() }))
    if (problem !== null) return [problem]
    this.#config = next
    this.#source = read.source
    await this.#changeLog(next)
    return []
  }

  /** Sockets that systemd opened stand for those of postern_smtp_listen. */
  #doors({ config, sources }: Pick<Loaded, 'config' | 'sources'>): readonly Door[] {
    const doors = this.#options.inherited.length > 0 ? helperDoors(config) : allDoors(config)
    return withDefaults(doors, parameter => sources.get(parameter)?.kind === 'default')
  }

  #tellLeft(doors: readonly Door[]): void {
    for (const { key } of doors) {
      const [kind, address] = key.split(' ')
      const remedy = `set postern_${doorKind(key)}_listen to another address, or to nothing`
      this.#tell('warning', `${address} belongs to another program, so that there is no ${kind} server here: ${remedy}`)
    }
  }

  async #sendReports(settleMs: number): Promise<void> {
    const how = await runHelperProcess('dmarc_process', { source: this.#source, settleMs })
    if (how !== null) this.#tell('warning', `the process that sends DMARC reports ended early (${how})`)
  }

  async #sendMorningReport(): Promise<void> {
    const how = await runHelperProcess('report_process', { source: this.#source })
    if (how !== null) this.#tell('warning', `the process that sends the report ended early (${how})`)
  }

  async #changeLog(config: Config): Promise<void> {
    const old = this.#log
    this.#log = openLog({ config, clock: this.#options.clock, pid: process.pid })
    await old.close()
  }

  async #message(worker: WorkerHandle, message: ToSupervisor): Promise<void> {
    if (!isRateMessage(message)) return
    const answer = await this.#rates.take(worker.pid, message)
    if (answer !== null) worker.send(answer)
  }

  #tell(kind: 'info' | 'warning' | 'error', text: string): void {
    const event: Event = { kind, text, daemon: 'master' }
    this.#log.emit(event)
  }
}

type RateMessage = Parameters<SharedRates['take']>[1]

function isRateMessage(message: ToSupervisor): message is RateMessage {
  return message.kind.startsWith('rate_')
}

function cannotListen(opened: Extract<Opened, { readonly ok: false }>): string {
  return `cannot listen on ${opened.endpoint}: ${opened.text}`
}
