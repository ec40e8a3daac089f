import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { freePort } from './ports.ts'
import { postfixUnavailable } from './real_postfix.ts'

const SETTLE_MS = 300
const PROGRAMS = ['/usr/sbin/opendkim', '/usr/sbin/opendmarc']

/** Why Debian's OpenDKIM and OpenDMARC cannot be asked here; false: they can. */
export function opendmarcSkip(): string | false {
  const missing = PROGRAMS.find(program => !fs.existsSync(program))
  return missing === undefined ? (postfixUnavailable() ?? false) : `${missing} is not installed`
}

export interface OpendmarcOptions {
  /** Further lines of opendmarc.conf. */
  readonly conf: string
  readonly authservId: string
  /** An address that answers on port 53: their resolvers read /etc/resolv.conf. */
  readonly nameServer: string
}

/** Debian's OpenDKIM (verifying) and OpenDMARC, as milters, with a resolv.conf and a /dev/log of their own. */
export class RealOpendmarc {
  readonly dkimPort: number
  readonly dmarcPort: number
  readonly #child: ChildProcess
  readonly #dir: string

  private constructor(child: ChildProcess, dir: string, ports: readonly [number, number]) {
    this.#child = child
    this.#dir = dir
    ;[this.dkimPort, this.dmarcPort] = ports
  }

  static async start({ conf, authservId, nameServer }: OpendmarcOptions): Promise<RealOpendmarc> {
    // Not in /dev/shm: they get another /dev.
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'opendmarc-'))
    const ports: [number, number] = [await freePort(), await freePort()]
    const write = (name: string, text: string): void => fs.writeFileSync(path.join(dir, name), text)
    write('resolv.conf', `nameserver ${nameServer}\noptions timeout:2 attempts:1\n`)
    write('nobody', '192.0.2.255\n')
    write('opendkim.conf', opendkimConf(authservId, ports[0], nameServer))
    write('opendmarc.conf', opendmarcConf({ authservId, port: ports[1], dir }) + conf)
    write('log.py', LOG_READER)
    write('start.sh', START)
    const out = fs.openSync(path.join(dir, 'out'), 'w')
    const child = spawn('unshare', ['-m', 'sh', path.join(dir, 'start.sh'), dir], {
      stdio: ['ignore', out, out],
      detached: true,
    })
    fs.closeSync(out)
    const real = new RealOpendmarc(child, dir, ports)
    for (const port of ports) await real.#listens(port)
    return real
  }

  /** Both programs are below it. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What both have logged: "opendmarc[PID]: QID: text" without the PID. */
  async log(): Promise<readonly string[]> {
    const file = path.join(this.#dir, 'log')
    let text = ''
    do {
      text = fs.readFileSync(file, 'latin1')
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
    } while (fs.statSync(file).size !== Buffer.byteLength(text, 'latin1'))
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => line.replace(/^<\d+>.{15} (open[a-z]+)\[\d+\]: /, '$1: '))
  }

  stop(): void {
    if (this.#child.pid !== undefined && this.#child.exitCode === null) process.kill(-this.#child.pid, 'SIGKILL')
    fs.rmSync(this.#dir, { recursive: true, force: true })
  }

  async #listens(port: number): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const open = await new Promise<boolean>(resolve => {
        const socket = net.connect({ host: '127.0.0.1', port })
        socket.once('connect', () => socket.end(() => resolve(true)))
        socket.once('error', () => resolve(false))
      })
      if (open) return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    const said = fs.readFileSync(path.join(this.#dir, 'out'), 'utf8')
    this.stop()
    throw new Error(`OpenDKIM or OpenDMARC does not start: ${said}`)
  }
}

function opendkimConf(authservId: string, port: number, nameServer: string): string {
  return `Mode v
Socket inet:${port}@127.0.0.1
AuthservID ${authservId}
Nameservers ${nameServer}
AlwaysAddARHeader yes
Syslog yes
SyslogSuccess yes
LogWhy yes
LogResults yes
`
}

function opendmarcConf({ authservId, port, dir }: { authservId: string; port: number; dir: string }): string {
  return `Socket inet:${port}@127.0.0.1
AuthservID ${authservId}
TrustedAuthservIDs ${authservId}
IgnoreHosts ${dir}/nobody
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
Syslog true
SPFIgnoreResults true
SPFSelfValidate true
`
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
/usr/sbin/opendkim -f -x "$1/opendkim.conf" &
/usr/sbin/opendmarc -f -c "$1/opendmarc.conf" &
wait
`

const LOG_READER = `
import os, socket, sys
reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
reader.bind('/dev/log')
log = open(sys.argv[1], 'ab', buffering=0)
while True:
    log.write(reader.recv(65536).rstrip(b'\\0\\n') + b'\\n')
`
