import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { freePort } from './ports.ts'

const PROGRAM = '/usr/sbin/postgrey'
const START_MS = 10_000

/** Attributes of one policy request, without "request". */
export type PolicyAttributes = Readonly<Record<string, string>>

/** Why the real Postgrey cannot be asked here; false: it can. */
export function postgreySkip(): string | false {
  return fs.existsSync(PROGRAM) ? false : 'postgrey is not installed'
}

/** Its version, "1.37". */
export function postgreyVersion(): string {
  return /postgrey ([\d.]+)/.exec(spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? ''
}

/** One connection to a policy server: requests in, actions out, in order. */
export class PolicyConnection {
  readonly #socket: net.Socket
  readonly #waiting: ((action: string) => void)[] = []
  #said = ''

  constructor(port: number, address = '127.0.0.1') {
    this.#socket = net.connect(port, address)
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk))
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      for (const resolve of this.#waiting.splice(0)) resolve('(connection closed)')
    })
  }

  /** "DUNNO", "PREPEND X-Greylist: …", "DEFER_IF_PERMIT …". */
  ask(attributes: PolicyAttributes): Promise<string> {
    const lines = Object.entries({ request: 'smtpd_access_policy', ...attributes }).map(
      ([name, value]) => `${name}=${value}\n`,
    )
    if (this.#socket.destroyed) return Promise.resolve('(connection closed)')
    this.#socket.write(`${lines.join('')}\n`)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#said += chunk
    for (;;) {
      const end = this.#said.indexOf('\n\n')
      if (end < 0) return
      const answer = this.#said.slice(0, end)
      this.#said = this.#said.slice(end + 2)
      this.#waiting.shift()?.(answer.replace(/^action=/, ''))
    }
  }
}

/** Debian's Postgrey with its own database and a clock that the test moves. */
export class RealPostgrey {
  readonly directory: string
  readonly port: number
  readonly #child: ChildProcess
  #log = ''

  private constructor(directory: string, port: number, child: ChildProcess) {
    this.directory = directory
    this.port = port
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#log += chunk
    })
  }

  /** `now`: seconds since 1970, what its clock shows until setTime(). */
  static async start(args: readonly string[], now: number): Promise<RealPostgrey> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-postgrey-'))
    const port = await freePort()
    fs.mkdirSync(path.join(directory, 'db'))
    fs.writeFileSync(path.join(directory, 'clock'), String(now))
    fs.writeFileSync(path.join(directory, 'start.pl'), START)
    const user = process.getuid?.() === 0 ? ['nobody', 'nogroup'] : [os.userInfo().username, String(process.getgid?.())]
    if (process.getuid?.() === 0) spawnSync('chown', ['-R', 'nobody', directory])
    const child = spawn(
      'perl',
      [
        '-T',
        path.join(directory, 'start.pl'),
        `--inet=127.0.0.1:${port}`,
        `--dbdir=${directory}/db`,
        `--user=${user[0]}`,
        `--group=${user[1]}`,
        ...args,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, POSTGREY_CLOCK: `${directory}/clock` } },
    )
    const postgrey = new RealPostgrey(directory, port, child)
    await postgrey.#ready()
    return postgrey
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Lines that it logged, without those of its start. */
  log(): readonly string[] {
    return this.#log
      .split('\n')
      .filter(line => /action=|whitelisted:|clean/.test(line))
      .map(plainLine)
  }

  /** Everything that it said on stderr. */
  get said(): string {
    return this.#log
  }

  setTime(now: number): void {
    // Renamed into place: Postgrey must not read half a number.
    fs.writeFileSync(path.join(this.directory, 'clock.new'), String(now))
    fs.renameSync(path.join(this.directory, 'clock.new'), path.join(this.directory, 'clock'))
  }

  /** Ends it; its database stays until remove(). */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(late)
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true })
  }

  async #ready(): Promise<void> {
    const end = Date.now() + START_MS
    while (Date.now() < end) {
      const isOpen = await new Promise<boolean>(resolve => {
        const socket = net.connect(this.port, '127.0.0.1')
        socket.on('connect', () => {
          socket.destroy()
          resolve(true)
        })
        socket.on('error', () => resolve(false))
      })
      if (isOpen) return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`Postgrey does not listen: ${this.#log}`)
  }
}

/** Postgrey doubles "%" for an old Net::Server, and Net::Server 2 writes bytes outside ASCII as %C3; this takes both back. */
function plainLine(line: string): string {
  const bytes = line.replace(/%%|%([0-9A-F]{2})/g, (_, hex: string | undefined) =>
    hex === undefined ? '%' : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString()
}

/** Postgrey as it is, but for its clock, which is a file. */
const START = `
BEGIN {
  my ($file) = $ENV{POSTGREY_CLOCK} =~ /^(.*)$/;
  delete $ENV{POSTGREY_CLOCK};
  *CORE::GLOBAL::time = sub () {
    open(my $fh, '<', $file) or return CORE::time();
    my ($now) = <$fh> =~ /^(\\d+)/;
    return $now;
  };
}
do '${PROGRAM}' or die $@ || $!;
`
