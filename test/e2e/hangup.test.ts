/** SIGHUP must never end a gateway: not while it begins, and not where postern_user may read less than root. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import { freePort } from '../support/ports.ts'
import { PosternProcess, runPostern } from '../support/postern_process.ts'

/** Whether the process minds SIGHUP: bit 0 of the signals that proc(5) says are caught. */
function mindsHangup(pid: number): boolean {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return (Number.parseInt(/^SigCgt:\s*[0-9a-f]*([0-9a-f])$/m.exec(status)?.[1] ?? '0', 16) & 1) === 1
}

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('T13.2 SIGHUP', () => {
  test('while the gateway begins is obeyed when it has begun', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `postern_workers = 1\npostern_smtp_listen = inet:127.0.0.1:${port}\n`)
    const { pid } = postern.child
    assert.ok(pid !== undefined)
    while (!mindsHangup(pid)) await nextTurn()
    process.kill(pid, 'SIGHUP')
    await postern.ready()
    await postern.saw('stdout', /reload: \S+ is in use/)
  })

  test('under postern_user keeps the old configuration where root could have used the new one', {
    skip: process.getuid?.() === 0 ? false : 'only root can become somebody else',
  }, async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `postern_workers = 2\npostern_smtp_listen = inet:127.0.0.1:${port}\npostern_user = nobody\n`,
    )
    const { directory } = postern
    fs.chmodSync(directory, 0o755)
    await postern.ready()
    const mainCf = `${directory}/main.cf`
    const sound = fs.readFileSync(mainCf, 'utf8')
    fs.writeFileSync(`${directory}/closed`, 'a.example OK\n', { mode: 0o600 })
    fs.mkdirSync(`${directory}/private`, { mode: 0o700 })
    // lines that are added                                                            why not
    const cases: readonly [string, RegExp][] = [
      [`smtpd_helo_restrictions = check_helo_access hash:${directory}/closed`, /hash:.*closed.*: Permission denied/],
      [`postern_spf_policyd_conf = ${directory}/closed`, /cannot read postern_spf_policyd_conf .*: Permission denied/],
      [`postern_hosts_file = ${directory}/closed`, /closed/],
      [`postern_policy_listen = unix:${directory}/private/socket`, /may make no files in .*\/private/],
    ]
    for (const [lines, why] of cases) {
      fs.writeFileSync(mainCf, `${sound}${lines}\n`)
      const reload = await runPostern(['reload', '-c', directory])
      assert.deepEqual([reload.code, why.test(reload.stdout + reload.stderr)], [1, true], reload.stdout + reload.stderr)
    }
    // The pid file is where it was, so that the gateway is found by its signal only.
    fs.writeFileSync(mainCf, `${sound}postern_state_directory = ${directory}/private/state\n`)
    postern.child.kill('SIGHUP')
    await postern.saw('stdout', /reload: cannot use postern_state_directory ".*private\/state": Permission denied/)
    fs.writeFileSync(mainCf, sound)
    fs.chmodSync(mainCf, 0o600)
    postern.child.kill('SIGHUP')
    await postern.saw('stdout', /reload: .*main\.cf: cannot read the file: permission denied/)
    fs.chmodSync(mainCf, 0o644)
    assert.equal((await runPostern(['reload', '-c', directory])).code, 0)
    assert.equal(postern.child.exitCode, null)
  })
})
