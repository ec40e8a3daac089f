import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { freePort } from './ports.ts'

export interface ProgramOptions {
  /** Holds main.cf; gets log and state. */
  readonly dir: string
  readonly overrides?: readonly string[]
  readonly dns: string
  /** Default 1. */
  readonly workers?: number
}

/** `bin/postern serve` as a process of its own. */
export interface PosternProgram {
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly logPath: string
  /** Log lines so far. */
  log(): readonly string[]
  /** Resolves with the first log line that matches, also one that came before. */
  logged(pattern: RegExp): Promise<string>
  signal(name: NodeJS.Signals): void
  stop(): Promise<void>
}

const BIN = path.join(import.meta.dirname, '../../bin/postern')
const START_TIMEOUT_MS = 30_000
const LOG_TIMEOUT_MS = 10_000

/** Programs of this process, ended at its exit whatever happens. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) killGroup(child)
})

/** Starts the program and waits until it says "postern: ready". Rejects with what it printed when it does not. */
export async function startPostern(options: ProgramOptions): Promise<PosternProgram> {
  const port = await freePort()
  const logPath = path.join(options.dir, 'postern.log')
  const settings = [
    `postern_smtp_listen=inet:127.0.0.1:${port}`,
    `postern_dns_servers=${options.dns}`,
    `postern_state_directory=${options.dir}/state`,
    `postern_workers=${options.workers ?? 1}`,
    `postern_log=file:${logPath}`,
    'postern_hosts_file=',
    'postern_policy_listen=',
    'postern_milter_listen=',
    'postern_http_listen=',
    ...(options.overrides ?? []),
  ]
  const args = ['serve', '--config', options.dir, ...settings.flatMap(setting => ['-o', setting])]
  // A group of its own: what a killed supervisor leaves behind can be ended by id.
  const child = spawn(BIN, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await ready(child)
  const log = (): readonly string[] => (fs.existsSync(logPath) ? fs.readFileSync(logPath, 'utf8').split('\n') : [])
  return {
    host: '127.0.0.1',
    port,
    pid: child.pid ?? 0,
    logPath,
    log,
    logged: pattern => waitFor(() => log().find(line => pattern.test(line)), `log line ${pattern}`),
    signal: name => void child.kill(name),
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => killGroup(child), 10_000)
      await exited
      clearTimeout(late)
      killGroup(child)
      running.delete(child)
    },
  }
}

function ready(child: ChildProcess): Promise<void> {
  let printed = ''
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      killGroup(child)
      reject(new Error(`Cannot start postern: ${why}\n${printed}`))
    }
    const late = setTimeout(() => fail('not ready in time'), START_TIMEOUT_MS)
    child.once('error', error => fail(error.message))
    const early = (code: number | null): void => fail(`exit status ${code}`)
    child.once('exit', early)
    child.stderr?.on('data', chunk => {
      printed += String(chunk)
    })
    child.stdout?.on('data', chunk => {
      printed += String(chunk)
      if (!printed.includes('postern: ready')) return
      clearTimeout(late)
      child.removeListener('exit', early)
      resolve()
    })
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of the group is left.
  }
}

/** Polls until `get` gives something. */
export async function waitFor<T>(get: () => T | undefined, what: string, timeoutMs = LOG_TIMEOUT_MS): Promise<T> {
  const until = performance.now() + timeoutMs
  for (;;) {
    const value = get()
    if (value !== undefined) return value
    if (performance.now() > until) throw new Error(`Cannot wait longer for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
