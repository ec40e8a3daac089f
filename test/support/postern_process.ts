import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

const ROOT = path.join(import.meta.dirname, '../..')
const PROGRAM = path.join(ROOT, 'src/bin/postern.ts')
/** Generous: the machine may be busy with other tests. */
const READY_MS = 20_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Answers nothing outside itself: no name server, no files of the machine. */
const BASE = `
compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
postern_dns_servers = 127.0.0.1:9
postern_hosts_file =
postern_dns_list_check_interval = 0
`

/** A line of main.cf with which the policy server and the milter are where they are by default. */
export const DEFAULT_DOORS = '# the doors of a new installation\n'

/** Tests run side by side: no policy server or milter on its well-known port unless a test wants one. */
function wholeMainCf(directory: string, mainCf: string): string {
  if (mainCf.includes(DEFAULT_DOORS)) return `${BASE}postern_state_directory = ${directory}/state\n${mainCf}`
  const policy = /^(?:postern_policy_listen|POSTGREY_OPTS)\b/m.test(mainCf) ? '' : 'postern_policy_listen =\n'
  const milter = /^postern_milter_listen\b/m.test(mainCf) ? '' : 'postern_milter_listen =\n'
  return `${BASE}postern_state_directory = ${directory}/state\n${policy}${milter}${mainCf}`
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Put before the command, as `systemd-socket-activate` wants it. */
  readonly wrapper?: readonly string[]
  /** A directory whose tables stand beside main.cf. */
  readonly files?: string
}

/** A real `postern serve` in a directory of its own. */
export class PosternProcess {
  readonly directory: string
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  #watchers: (() => void)[] = []

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory
    this.child = child
    child.stdout?.on('data', chunk => this.#add('stdout', chunk))
    child.stderr?.on('data', chunk => this.#add('stderr', chunk))
    this.ended = new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal })))
    void this.ended.then(() => this.#wake())
  }

  /** Starts it with these lines of main.cf; it goes away with the test.  */
  static start(t: TestContext, mainCf: string, options: StartOptions = {}): PosternProcess {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-process-'))
    if (options.files !== undefined) fs.cpSync(options.files, directory, { recursive: true })
    fs.writeFileSync(path.join(directory, 'main.cf'), wholeMainCf(directory, mainCf))
    const [program = '', ...args] = [...(options.wrapper ?? []), process.execPath, PROGRAM, 'serve', '-c', directory]
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    })
    const postern = new PosternProcess(directory, child)
    t.after(async () => {
      child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await postern.ended
      clearTimeout(force)
      fs.rmSync(directory, { recursive: true, force: true })
    })
    return postern
  }

  /** Waits for "postern: ready". */
  ready(): Promise<void> {
    return this.saw('stdout', /^postern: ready$/m)
  }

  /** Waits until the output matches. Throws when the process ends before, or after a long time. */
  async saw(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    const until = performance.now() + READY_MS
    while (!pattern.test(this[stream])) {
      if (this.child.exitCode !== null)
        throw new Error(`it ended with ${this.child.exitCode}: ${this.stdout}${this.stderr}`)
      if (performance.now() > until)
        throw new Error(`no ${pattern} within ${READY_MS} ms: ${this.stdout}${this.stderr}`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, 500)
        this.#watchers.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  writeMainCf(mainCf: string): void {
    fs.writeFileSync(path.join(this.directory, 'main.cf'), wholeMainCf(this.directory, mainCf))
  }

  /** The processes that it started. */
  workers(): readonly number[] {
    const children = fs.readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8')
    return children.split(' ').filter(Boolean).map(Number)
  }

  /** Files in its Maildir. */
  delivered(): number {
    const directory = path.join(this.directory, 'state/mail/new')
    return fs.existsSync(directory) ? fs.readdirSync(directory).length : 0
  }

  #add(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString()
    this.#wake()
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher()
  }
}

/** Runs one command of Postern, or another program of the repository, to its end. */
export async function runPostern(
  args: readonly string[],
  options: { readonly program?: string } = {},
): Promise<Ended & { readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [options.program ?? PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: ROOT,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  return new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}
