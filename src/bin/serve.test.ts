import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../test/support/ports.ts'
import { postern } from './test_support.ts'

test('serve ends with 1 when postern_user does not exist, and leaves its port', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-serve-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const port = await freePort()
  writeFileSync(
    join(directory, 'main.cf'),
    `compatibility_level = 3.6
myhostname = mx.example.com
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
postern_dns_servers = 127.0.0.1:9
postern_hosts_file =
postern_workers = 0
postern_smtp_listen = inet:127.0.0.1:${port}
postern_policy_listen =
postern_milter_listen =
postern_state_directory = ${directory}/state
postern_log = file:${directory}/log
postern_user = no-such-user
`,
  )
  const { status, err } = await postern('serve', '-c', directory)
  assert.equal(status, 1)
  assert.match(err, /cannot become postern_user "no-such-user": there is no such user\n$/)
  assert.equal(existsSync(join(directory, 'state')), false)
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  server.close()
})
