import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { freePort } from './ports.ts'
import { makeInstanceDir } from './real_postfix.ts'

/** A real server beside which Postern is tested. */
export interface Daemon {
  readonly dir: string
  readonly port: number
  stop(): Promise<void>
}

/** Whether a program is there; Debian's sbin is not on everybody's path. */
export function findProgram(name: string): string | null {
  for (const dir of ['/usr/sbin', '/usr/local/sbin', '/usr/bin', ...(process.env['PATH'] ?? '').split(':')]) {
    const file = path.join(dir, name)
    if (fs.existsSync(file)) return file
  }
  return null
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a program and waits until it accepts connections on `where.port`. */
export async function launch(
  file: string,
  args: readonly string[],
  where: { readonly dir: string; readonly port: number },
): Promise<Daemon> {
  const out = fs.openSync(path.join(where.dir, 'out.log'), 'w')
  const child = spawn(file, args, { stdio: ['ignore', out, out], cwd: where.dir })
  fs.closeSync(out)
  running.add(child)
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  void gone.then(() => running.delete(child))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 3000)
    await gone
    clearTimeout(late)
    fs.rmSync(where.dir, { recursive: true, force: true })
  }
  for (let i = 0; i < 500 && child.exitCode === null; i++) {
    if (await accepts(where.port)) return { ...where, stop }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const said = fs.readFileSync(path.join(where.dir, 'out.log'), 'utf8')
  await stop()
  throw new Error(`Cannot start ${file}: ${said}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** Postfix's smtp-sink(1): takes mail as fast as it can; `options` before the address. */
export async function startSmtpSink(...options: readonly string[]): Promise<Daemon> {
  const file = findProgram('smtp-sink')
  if (file === null) throw new Error('no smtp-sink is installed')
  const where = { dir: makeInstanceDir('sink.'), port: await freePort() }
  // As root, smtp-sink wants to be somebody else.
  const user = process.getuid?.() === 0 ? ['-u', 'postfix'] : []
  fs.chmodSync(where.dir, 0o777)
  return launch(file, [...user, ...options, `127.0.0.1:${where.port}`, '1000'], where)
}

/** Why a private Dovecot cannot be started here, or null. */
export function dovecotUnavailable(): string | null {
  if (process.getuid?.() !== 0) return 'not root'
  if (findProgram('dovecot') === null) return 'no Dovecot is installed'
  if (!fs.existsSync('/usr/lib/dovecot/lmtp')) return 'no Dovecot LMTP server is installed'
  return null
}

/**
 * Dovecot's LMTP server on a TCP port and on `dir`/lmtp.sock. Each user has a maildir `dir`/mail/NAME and room for so many bytes;
 * nobody else exists.
 */
export async function startDovecotLmtp(users: Readonly<Record<string, number>>): Promise<Daemon> {
  const where = { dir: makeInstanceDir('dovecot.'), port: await freePort() }
  const { dir, port } = where
  const uid = spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout.trim()
  const gid = spawnSync('id', ['-g', 'nobody'], { encoding: 'utf8' }).stdout.trim()
  fs.mkdirSync(path.join(dir, 'mail'))
  fs.chownSync(path.join(dir, 'mail'), Number(uid), Number(gid))
  const lines = Object.entries(users).map(
    ([user, bytes]) => `${user}:::::${dir}/mail/${user.split('@')[0]}::userdb_quota_rule=*:bytes=${bytes}\n`,
  )
  fs.writeFileSync(path.join(dir, 'users'), lines.join(''))
  fs.writeFileSync(
    path.join(dir, 'dovecot.conf'),
    `
protocols = lmtp
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/dovecot.log
ssl = no
first_valid_uid = 1
mail_uid = ${uid}
mail_gid = ${gid}
mail_location = maildir:~/
lda_mailbox_autocreate = yes
postmaster_address = postmaster@test.example
hostname = dovecot.test.example
passdb {
  driver = passwd-file
  args = ${dir}/users
}
userdb {
  driver = passwd-file
  args = ${dir}/users
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
  unix_listener ${dir}/lmtp.sock {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
protocol lmtp {
  mail_plugins = quota
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
}
`,
  )
  return launch(findProgram('dovecot') ?? 'dovecot', ['-F', '-c', path.join(dir, 'dovecot.conf')], where)
}
