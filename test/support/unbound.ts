import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Null where Debian's package unbound is not installed. */
export function findUnbound(): string | null {
  return ['/usr/sbin/unbound', '/usr/local/sbin/unbound'].find(file => fs.existsSync(file)) ?? null
}

/** A real Unbound on loopback that forwards everything to one name server. */
export class Unbound {
  readonly address = '127.0.0.1'
  readonly port: number
  private readonly child: ChildProcess
  private readonly directory: string

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.port = port
    this.child = child
    this.directory = directory
  }

  /** `settings`: further lines of the server clause. */
  static async start(
    upstream: { readonly address: string; readonly port: number },
    settings: readonly string[] = [],
  ): Promise<Unbound> {
    const program = findUnbound()
    if (program === null) throw new Error('Cannot start unbound: it is not installed')
    const port = await freePort()
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-unbound-'))
    const file = path.join(directory, 'unbound.conf')
    fs.writeFileSync(file, configuration({ port, upstream, directory, settings }))
    const child = spawn(program, ['-d', '-p', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    const unbound = new Unbound(port, child, directory)
    let errors = ''
    child.stderr?.on('data', chunk => {
      errors += chunk
    })
    const died = new Promise<never>((_, reject) => {
      child.once('error', reject)
      child.once('exit', code => reject(new Error(`Cannot start unbound: it ended with status ${code}: ${errors}`)))
    })
    died.catch(() => {})
    try {
      await Promise.race([answers(port), died])
    } catch (error) {
      unbound.stop()
      throw error
    }
    return unbound
  }

  stop(): void {
    this.child.kill()
    fs.rmSync(this.directory, { recursive: true, force: true })
  }
}

interface Setup {
  readonly port: number
  readonly upstream: { readonly address: string; readonly port: number }
  readonly directory: string
  readonly settings: readonly string[]
}

function configuration({ port, upstream, directory, settings }: Setup): string {
  // Unbound answers for these itself unless told otherwise; the fixture's clients live in 127/8.
  const own = [
    'localhost.',
    '127.in-addr.arpa.',
    '10.in-addr.arpa.',
    '2.0.192.in-addr.arpa.',
    '100.51.198.in-addr.arpa.',
  ]
  own.push('113.0.203.in-addr.arpa.', '8.b.d.0.1.0.0.2.ip6.arpa.', 'test.', 'invalid.', 'onion.', 'home.arpa.')
  return [
    'server:',
    `interface: 127.0.0.1@${port}`,
    `directory: "${directory}"`,
    'chroot: ""',
    'username: ""',
    'pidfile: ""',
    'use-syslog: no',
    'module-config: "iterator"',
    'do-not-query-localhost: no',
    'do-ip6: no',
    'rrset-roundrobin: no',
    'num-threads: 1',
    ...own.map(zone => `local-zone: "${zone}" nodefault`),
    ...settings,
    'remote-control:',
    'control-enable: no',
    'forward-zone:',
    'name: "."',
    `forward-addr: ${upstream.address}@${upstream.port}`,
    '',
  ].join('\n')
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', resolve)
  })
  const { port } = socket.address()
  await new Promise<void>(resolve => {
    socket.close(resolve)
  })
  return port
}

/** Settles when the port answers a question that needs no upstream (version.bind, class CHAOS). */
async function answers(port: number): Promise<void> {
  const query = Buffer.from('0000010000010000000000000776657273696f6e0462696e640000100003', 'hex')
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  const answered = new Promise<void>(resolve => {
    socket.once('message', () => resolve())
  })
  const timer = setInterval(() => socket.send(query, port, '127.0.0.1'), 50)
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('Cannot start unbound: no answer after 10 s')), 10_000).unref()
  })
  try {
    await Promise.race([answered, late])
  } finally {
    clearInterval(timer)
    socket.close()
  }
}
