import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const SETTLE_MS = 200
const PROGRAM = '/usr/bin/policyd-spf'

/** Attributes of one policy request; what is left out is as Postfix sends it at RCPT TO. */
export type Attributes = Readonly<Record<string, string>>

/** Why the real policyd-spf cannot be asked here; false: it can. */
export function policydSpfSkip(): string | false {
  if (!fs.existsSync(PROGRAM)) return 'postfix-policyd-spf-python is not installed'
  return process.getuid?.() === 0
    ? false
    : 'not root: policyd-spf needs a mount namespace to ask a name server of the test'
}

/**
 * Debian's policyd-spf as Postfix's spawn(8) runs it, on pipes. It reads /etc/resolv.conf and knows port 53 only, so it gets
 * a mount namespace with a resolv.conf of its own, and a /dev/log that is written down.
 */
export class RealPolicydSpf {
  readonly #child: ChildProcess
  readonly #directory: string
  readonly #waiting: ((action: string) => void)[] = []
  #said = ''

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child
    this.#directory = directory
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk))
    child.once('exit', () => {
      for (const resolve of this.#waiting.splice(0)) resolve('(policyd-spf ended)')
    })
  }

  /** `conf`: the text of its policyd-spf.conf. `nameServer`: an address that answers on port 53. */
  static async start(conf: string, nameServer: string): Promise<RealPolicydSpf> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-policyd-'))
    fs.writeFileSync(path.join(directory, 'policyd-spf.conf'), conf)
    fs.writeFileSync(path.join(directory, 'resolv.conf'), `nameserver ${nameServer}\n`)
    fs.writeFileSync(path.join(directory, 'log.py'), LOG_READER)
    fs.writeFileSync(path.join(directory, 'start.sh'), START)
    const child = spawn('unshare', ['-m', 'sh', path.join(directory, 'start.sh'), directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    const policyd = new RealPolicydSpf(child, directory)
    // It answers when it is ready.
    await policyd.ask({ client_address: '127.0.0.1', helo_name: 'ready', sender: '', recipient: 'ready@ready.example' })
    return policyd
  }

  /** The action that it answers. */
  ask(attributes: Attributes): Promise<string> {
    const lines = Object.entries({ request: 'smtpd_access_policy', ...attributes }).map(
      ([name, value]) => `${name}=${value}`,
    )
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.#child.stdin?.write(`${lines.join('\n')}\n\n`)
    })
  }

  /** What it has logged, without time and "policyd-spf[PID]: ". */
  async log(): Promise<readonly string[]> {
    const file = path.join(this.#directory, 'log')
    let text = ''
    // Its lines arrive by way of another process, a little after its answers.
    do {
      text = fs.readFileSync(file, 'utf8')
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
    } while (fs.statSync(file).size !== text.length)
    const lines = text.split('\n').filter(line => line !== '' && !line.includes('helo=ready'))
    return lines.map(line => line.replace(/^<\d+>.{15} policyd-spf\[\d+\]: /, ''))
  }

  stop(): void {
    // The whole group: the log reader is a child of the same shell.
    if (this.#child.pid !== undefined && this.#child.exitCode === null) process.kill(-this.#child.pid, 'SIGKILL')
    fs.rmSync(this.#directory, { recursive: true, force: true })
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

/** A /dev of its own, because the machine need not have a /dev/log, and must not get one. */
const START = `
set -e
mount --bind "$1/resolv.conf" /etc/resolv.conf
mkdir "$1/dev"
mount -t tmpfs tmpfs "$1/dev"
for device in null zero random urandom; do
  : > "$1/dev/$device"
  mount --bind "/dev/$device" "$1/dev/$device"
done
mount --rbind "$1/dev" /dev
: > "$1/log"
/usr/bin/python3 "$1/log.py" "$1/log" < /dev/null > /dev/null &
while [ ! -S /dev/log ]; do sleep 0.05; done
exec ${PROGRAM} "$1/policyd-spf.conf"
`

const LOG_READER = `
import os, socket, sys
reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
reader.bind('/dev/log')
log = open(sys.argv[1], 'ab', buffering=0)
while True:
    log.write(reader.recv(65536).rstrip(b'\\0\\n') + b'\\n')
`
