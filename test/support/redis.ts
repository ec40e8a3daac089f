/** Real Redis servers on loopback: one, a master behind Sentinels, or a cluster. Each with its own directory and port. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './daemons.ts'
import { freePort } from './ports.ts'

const run = promisify(execFile)

/** Why no Redis can be started here, or null. */
export function redisUnavailable(): string | null {
  return findProgram('redis-server') === null || findProgram('redis-cli') === null ? 'no Redis is installed' : null
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** One server. It keeps port and directory when it is killed and started again. */
export class Redis {
  readonly port: number
  readonly dir: string
  readonly #settings: readonly string[]
  readonly #sentinel: boolean
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()

  private constructor(port: number, settings: readonly string[], sentinel: boolean) {
    this.port = port
    this.#settings = settings
    this.#sentinel = sentinel
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-redis-'))
  }

  /** `settings`: lines of redis.conf. */
  static async start(settings: readonly string[] = [], options: { sentinel?: boolean } = {}): Promise<Redis> {
    const redis = new Redis(await freePort(), settings, options.sentinel === true)
    await redis.again()
    return redis
  }

  get url(): string {
    return `valkey://127.0.0.1:${this.port}/0`
  }

  /** Starts it, after kill(), with what its directory has. */
  async again(): Promise<void> {
    const file = path.join(this.dir, 'redis.conf')
    // A Sentinel keeps its state in its own configuration file.
    if (!this.#sentinel || !fs.existsSync(file)) {
      const lines = [
        `port ${this.port}`,
        'bind 127.0.0.1',
        `dir ${this.dir}`,
        'save ""',
        'daemonize no',
        ...this.#settings,
      ]
      fs.writeFileSync(file, `${lines.filter(line => !this.#sentinel || line !== 'save ""').join('\n')}\n`)
    }
    const args = this.#sentinel ? [file, '--sentinel'] : [file]
    const out = fs.openSync(path.join(this.dir, 'out.log'), 'a')
    const child = spawn(findProgram('redis-server') ?? 'redis-server', args, { stdio: ['ignore', out, out] })
    fs.closeSync(out)
    running.add(child)
    this.#child = child
    this.#exited = new Promise(resolve => {
      child.once('exit', () => {
        running.delete(child)
        resolve()
      })
    })
    for (let i = 0; i < 500; i++) {
      if (child.exitCode !== null) break
      const answer = await this.cli('ping').catch(error => String(error))
      if (/PONG|NOAUTH/.test(answer)) return
      await pause(20)
    }
    throw new Error(`Cannot start redis-server: ${fs.readFileSync(path.join(this.dir, 'out.log'), 'utf8')}`)
  }

  /** What redis-cli(1) prints. */
  async cli(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-p', String(this.port), ...args])
    return stdout.trimEnd()
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** It stands still, as a machine that hangs: connections stay, and nothing answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    await this.kill()
    fs.rmSync(this.dir, { recursive: true, force: true })
  }
}

export interface SentinelSet {
  readonly master: Redis
  readonly replica: Redis
  readonly sentinels: readonly Redis[]
  readonly url: string
  stop(): Promise<void>
}

/** A master, its replica, and three Sentinels that take a master for dead after a second. */
export async function startSentinelSet(): Promise<SentinelSet> {
  const master = await Redis.start()
  const replica = await Redis.start([`replicaof 127.0.0.1 ${master.port}`, 'repl-diskless-sync-delay 0'])
  await until(async () => /master_link_status:up/.test(await replica.cli('info', 'replication')))
  const watch = [
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 2`,
    'sentinel down-after-milliseconds mymaster 1000',
    'sentinel failover-timeout mymaster 5000',
  ]
  const sentinels: Redis[] = []
  for (let i = 0; i < 3; i++) sentinels.push(await Redis.start(watch, { sentinel: true }))
  await until(async () => {
    const said = await Promise.all(sentinels.map(sentinel => sentinel.cli('sentinel', 'master', 'mymaster')))
    return said.every(text => /num-other-sentinels\n2\b/.test(text) && /num-slaves\n1\b/.test(text))
  })
  return {
    master,
    replica,
    sentinels,
    url: `valkey+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/mymaster`,
    stop: () => stopAll([...sentinels, replica, master]),
  }
}

export interface RedisCluster {
  /** The masters first, then a replica of each, if there are any. */
  readonly nodes: readonly Redis[]
  readonly url: string
  stop(): Promise<void>
}

/** Three masters. Without replicas, the slots of those that live are served when one dies. */
export async function startRedisCluster(replicas: 0 | 1): Promise<RedisCluster> {
  const nodes: Redis[] = []
  for (let i = 0; i < 3 * (replicas + 1); i++) {
    nodes.push(
      await Redis.start([
        'cluster-enabled yes',
        `cluster-port ${await freePort()}`,
        'cluster-node-timeout 1000',
        'cluster-require-full-coverage no',
        'cluster-replica-validity-factor 0',
        'repl-diskless-sync-delay 0',
      ]),
    )
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes'])
  await until(async () => {
    const said = await Promise.all(nodes.map(node => node.cli('cluster', 'info')))
    return said.every(text => /cluster_state:ok/.test(text))
  })
  if (replicas === 1)
    await until(async () => {
      const said = await Promise.all(nodes.slice(3).map(node => node.cli('info', 'replication')))
      return said.every(text => /master_link_status:up/.test(text))
    })
  return { nodes, url: `valkey+cluster://${addresses.join(',')}`, stop: () => stopAll(nodes) }
}

async function stopAll(all: readonly Redis[]): Promise<void> {
  await Promise.all(all.map(redis => redis.stop()))
}

/** Waits until it is so; fails after 20 s. */
export async function until(isSo: () => Promise<boolean> | boolean, what = 'it'): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await isSo()) return
    await pause(50)
  }
  throw new Error(`Cannot wait any longer for ${what}`)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
