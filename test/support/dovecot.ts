import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { freePort } from './ports.ts'
import { waitFor } from './postern_program.ts'
import { makeInstanceDir } from './real_postfix.ts'
import { canConnect } from './smtp_client.ts'

/** A private Dovecot that takes mail by LMTP and keeps it in Maildirs. */
export interface DovecotLmtp {
  readonly port: number
  /** One Maildir per user: `${maildirs}/USER/Maildir/new`. */
  readonly maildirs: string
  stop(): Promise<void>
}

export function dovecotUnavailable(): string | null {
  if (process.getuid?.() !== 0) return 'not root'
  if (spawnSync('dovecot', ['--version']).status !== 0) return 'no Dovecot is installed'
  return fs.existsSync('/usr/lib/dovecot/lmtp') ? null : "Dovecot's LMTP server is not installed"
}

export async function startDovecotLmtp(): Promise<DovecotLmtp> {
  const dir = makeInstanceDir('dovecot-')
  const port = await freePort()
  const maildirs = path.join(dir, 'mail')
  fs.mkdirSync(maildirs)
  const { uid, gid } = mailOwner()
  fs.chownSync(maildirs, uid, gid)
  const file = path.join(dir, 'dovecot.conf')
  fs.writeFileSync(file, configuration({ dir, port, maildirs, uid, gid }))
  const child = spawn('dovecot', ['-F', '-c', file], { detached: true, stdio: 'ignore' })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const killGroup = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // Nobody of the group is left.
    }
  }
  process.once('exit', killGroup)
  let up = false
  const poll = async (): Promise<void> => {
    while (!up) {
      up = await canConnect(port)
      if (!up) await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  void poll()
  await waitFor(() => (up ? true : undefined), `Dovecot on port ${port}`)
  return {
    port,
    maildirs,
    async stop() {
      child.kill('SIGTERM')
      await exited
      killGroup()
      process.removeListener('exit', killGroup)
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Who owns delivered mail: a system user that every Debian has. */
export function mailOwner(): { readonly uid: number; readonly gid: number } {
  const line = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(text => text.startsWith('mail:'))
  const [, , uid, gid] = (line ?? 'mail:x:8:8').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

interface Settings {
  readonly dir: string
  readonly port: number
  readonly maildirs: string
  readonly uid: number
  readonly gid: number
}

function configuration({ dir, port, maildirs, uid, gid }: Settings): string {
  return `
base_dir = ${dir}/run
state_dir = ${dir}/run
log_path = ${dir}/dovecot.log
protocols = lmtp
listen = 127.0.0.1
ssl = no
mail_location = maildir:~/Maildir
first_valid_uid = ${uid}
first_valid_gid = ${gid}
auth_mechanisms = plain
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${maildirs}/%n allow_all_users=yes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
`
}
