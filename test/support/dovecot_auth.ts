import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { type Daemon, findProgram, launch } from './daemons.ts'
import { freePort } from './ports.ts'
import { makeInstanceDir } from './real_postfix.ts'

/** Dovecot's authentication server alone: clients on a TCP port and on `dir`/auth-client, its own kind on `dir`/auth-master. */
export async function startDovecotAuth(users: Readonly<Record<string, string>>): Promise<Daemon> {
  const where = { dir: makeInstanceDir('dovecot-auth.'), port: await freePort() }
  const { dir, port } = where
  const uid = spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout.trim()
  const lines = Object.entries(users).map(
    ([user, password]) => `${user}:{PLAIN}${password}:${uid}:${uid}::/nonexistent\n`,
  )
  fs.writeFileSync(path.join(dir, 'users'), lines.join(''))
  fs.writeFileSync(
    path.join(dir, 'dovecot.conf'),
    `
protocols =
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/dovecot.log
ssl = no
first_valid_uid = 1
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 anonymous
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = ${dir}/users
}
userdb {
  driver = passwd-file
  args = ${dir}/users
}
service auth {
  inet_listener auth-client {
    address = 127.0.0.1
    port = ${port}
  }
  unix_listener ${dir}/auth-client {
    mode = 0666
  }
  unix_listener ${dir}/auth-master {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`,
  )
  return launch(findProgram('dovecot') ?? 'dovecot', ['-F', '-c', path.join(dir, 'dovecot.conf')], where)
}
