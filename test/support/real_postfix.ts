import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** A private instance: own configuration, queue, data, log and name service, on loopback. */
export interface RealPostfix {
  readonly dir: string
  readonly port: number
  readonly logPath: string
  /** Postfix's master process. */
  readonly pid: number
  stop(): Promise<void>
}

export interface PostfixOptions {
  /** A directory that holds `main.cf`; gets master.cf, queue and log beside it. */
  readonly dir: string
  readonly port: number
  /** Where the fixture name server answers on port 53: the C library asks no other port. */
  readonly dnsAddress: string
  /** Further lines for master.cf. */
  readonly services?: string
}

/** Why a real Postfix cannot be started here, or null. Answered once per process. */
export function postfixUnavailable(): string | null {
  unavailable ??= { reason: findObstacle() }
  return unavailable.reason
}
let unavailable: { readonly reason: string | null } | null = null

function findObstacle(): string | null {
  if (process.getuid?.() !== 0) return 'not root'
  if (spawnSync('postconf', ['-h', 'mail_version']).status !== 0) return 'no Postfix is installed'
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return 'mount namespaces are not allowed here'
  return null
}

/** "3.7.11" */
export function postfixVersion(): string {
  return spawnSync('postconf', ['-dh', 'mail_version'], { encoding: 'utf8' }).stdout.trim()
}

/** A new directory for one instance; in memory if there is a place, because a queue is heavy on fsync. */
export function makeInstanceDir(prefix: string): string {
  const root = fs.existsSync('/dev/shm') && canWrite('/dev/shm') ? '/dev/shm' : os.tmpdir()
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(root, prefix)))
  fs.chmodSync(dir, 0o755)
  return dir
}

function canWrite(dir: string): boolean {
  try {
    fs.accessSync(dir, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

const MASTER_CF = `
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

const QUEUES = [
  'active',
  'bounce',
  'corrupt',
  'defer',
  'deferred',
  'flush',
  'hold',
  'incoming',
  'private',
  'saved',
  'trace',
]

/** Starts Postfix's master on a prepared `dir/main.cf`. Rejects with the log's last lines when it does not come up. */
export async function startPostfix(options: PostfixOptions): Promise<RealPostfix> {
  const { dir, port } = options
  const logPath = path.join(dir, 'log', 'mail.log')
  prepareDirectories(dir)
  fs.appendFileSync(path.join(dir, 'main.cf'), infrastructure(dir, port))
  fs.writeFileSync(
    path.join(dir, 'master.cf'),
    `127.0.0.1:${port} inet n - n - - smtpd${MASTER_CF}${options.services ?? ''}`,
  )
  // Postfix: a file that changed less than a second ago is read again, with pauses.
  makeOld([path.join(dir, 'main.cf'), path.join(dir, 'master.cf')])
  fs.writeFileSync(path.join(dir, 'resolv.conf'), `nameserver ${options.dnsAddress}\noptions timeout:2 attempts:1\n`)
  const nsswitch = fs.readFileSync('/etc/nsswitch.conf', 'utf8').replace(/^hosts:.*$/m, 'hosts: dns')
  fs.writeFileSync(path.join(dir, 'nsswitch.conf'), nsswitch)
  const out = fs.openSync(path.join(dir, 'log', 'start.out'), 'w')
  const child = spawn('unshare', ['-m', 'sh', '-c', START, 'sh', dir, setting('daemon_directory')], {
    detached: true,
    stdio: ['ignore', out, out],
    env: { ...process.env, MAIL_CONFIG: dir, LANG: 'C', LC_ALL: 'C' },
  })
  fs.closeSync(out)
  let exited = false
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.once('exit', () => {
    exited = true
    running.delete(stopNow)
  })
  // A detached child leads its own group, which holds every daemon that master starts.
  const stopNow = (): void => killGroup(child.pid ?? 0)
  running.add(stopNow)
  for (let i = 0; i < 1000; i++) {
    if (exited) break
    if (fs.existsSync(logPath) && fs.readFileSync(logPath, 'latin1').includes('daemon started')) {
      return { dir, port, logPath, pid: child.pid ?? 0, stop: () => stop({ pid: child.pid ?? 0, gone }) }
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  stopNow()
  await gone
  throw new Error(`Cannot start Postfix in ${dir}: ${startLog(dir)}`)
}

const START = `mount --bind "$1/resolv.conf" /etc/resolv.conf && mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf &&
  exec "$2/master" -d -c "$1"`

/** Instances of this process, ended at its exit whatever happens. */
const running = new Set<() => void>()
process.on('exit', () => {
  for (const stopNow of running) stopNow()
})
// Node ends at these signals without telling the listeners of 'exit'.
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(status))
}

async function stop(child: { readonly pid: number; readonly gone: Promise<void> }): Promise<void> {
  try {
    process.kill(child.pid, 'SIGTERM')
  } catch {
    return
  }
  const late = setTimeout(() => killGroup(child.pid), 3000)
  await child.gone
  clearTimeout(late)
  // Daemons that were busy when master told them to stop.
  killGroup(child.pid)
}

function killGroup(pid: number): void {
  if (pid <= 1) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}

function prepareDirectories(dir: string): void {
  const user = ids('postfix', 'postfix')
  const drop = ids('postfix', 'postdrop')
  for (const name of ['log', 'spool', 'data']) fs.mkdirSync(path.join(dir, name), { recursive: true })
  fs.mkdirSync(path.join(dir, 'spool', 'pid'))
  fs.chownSync(path.join(dir, 'data'), user.uid, user.gid)
  for (const name of QUEUES) {
    const queue = path.join(dir, 'spool', name)
    fs.mkdirSync(queue, { mode: 0o700 })
    fs.chownSync(queue, user.uid, 0)
  }
  for (const [name, mode] of [
    ['maildrop', 0o730],
    ['public', 0o710],
  ] as const) {
    const queue = path.join(dir, 'spool', name)
    fs.mkdirSync(queue)
    fs.chownSync(queue, user.uid, drop.gid)
    fs.chmodSync(queue, mode)
  }
}

function ids(user: string, group: string): { readonly uid: number; readonly gid: number } {
  const field = (file: string, name: string, index: number): number => {
    const line = fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .find(text => text.startsWith(`${name}:`))
    if (!line) throw new Error(`Cannot prepare Postfix's queue: no "${name}" in ${file}`)
    return Number(line.split(':')[index])
  }
  return { uid: field('/etc/passwd', user, 2), gid: field('/etc/group', group, 2) }
}

function infrastructure(dir: string, port: number): string {
  return `
queue_directory = ${dir}/spool
data_directory = ${dir}/data
maillog_file = ${dir}/log/mail.log
maillog_file_prefixes = ${dir}
multi_instance_name = postfix-test-${port}
syslog_name = postfix
daemon_directory = ${setting('daemon_directory')}
command_directory = ${setting('command_directory')}
`
}

const settings = new Map<string, string>()

function setting(name: string): string {
  const known = settings.get(name)
  if (known !== undefined) return known
  const value = spawnSync('postconf', ['-dh', name], { encoding: 'utf8' }).stdout.trim()
  settings.set(name, value)
  return value
}

/** Sets the modification time back by a minute. */
export function makeOld(files: readonly string[]): void {
  const then = new Date(Date.now() - 60_000)
  for (const file of files) fs.utimesSync(file, then, then)
}

function startLog(dir: string): string {
  const tail = (name: string): string => {
    const file = path.join(dir, 'log', name)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').slice(-1500) : ''
  }
  return tail('start.out') + tail('mail.log')
}
