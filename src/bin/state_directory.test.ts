import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { makeStateDirectory, readPid, readStatus, removePidFile, writePidFile, writeStatus } from './state_directory.ts'

function makeDirectory(t: TestContext): { readonly directory: string; readonly pidFile: string } {
  const directory = mkdtempSync(join(tmpdir(), 'postern-state-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return { directory, pidFile: join(directory, 'postern.pid') }
}

/** A process that waits, with further words on its command line. */
async function startProcess(t: TestContext, ...words: readonly string[]): Promise<ChildProcess & { pid: number }> {
  const wait = 'process.stdin.resume(); console.log("up")'
  const child = spawn(process.execPath, ['-e', wait, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
  await once(child.stdout, 'data')
  const { pid } = child
  assert.ok(pid !== undefined)
  return Object.assign(child, { pid })
}

describe('the pid file', () => {
  test('is written, and goes with its gateway', t => {
    const { directory, pidFile } = makeDirectory(t)
    assert.equal(writePidFile(directory), null)
    assert.equal(readFileSync(pidFile, 'utf8'), `${process.pid}\n`)
    writeStatus(directory, { pid: process.pid, loads: 2, problems: ['x'] })
    assert.deepEqual(readStatus(directory), { pid: process.pid, loads: 2, problems: ['x'] })
    removePidFile(directory)
    assert.equal(existsSync(pidFile), false)
    assert.equal(readStatus(directory), null)
  })

  test('stays with the gateway that runs: the second is warned, and leaves the files alone', async t => {
    const { directory, pidFile } = makeDirectory(t)
    const { pid } = await startProcess(t, 'postern', 'serve')
    writeFileSync(pidFile, `${pid}\n`)
    assert.equal(
      writePidFile(directory),
      `another gateway (process ${pid}) has ${pidFile}: "postern reload" reaches that one; for this one say kill -HUP ${process.pid}, or give it a postern_state_directory of its own`,
    )
    writeStatus(directory, { pid: process.pid, loads: 1, problems: [] })
    removePidFile(directory)
    assert.equal(readPid(directory), pid)
    assert.equal(readStatus(directory), null)
  })

  test('is taken over when another program has got the number since', async t => {
    const { directory, pidFile } = makeDirectory(t)
    const { pid } = await startProcess(t, 'other')
    writeFileSync(pidFile, `${pid}\n`)
    assert.equal(writePidFile(directory), null)
    assert.equal(readPid(directory), process.pid)
  })

  test('is taken over from a gateway that has ended', async t => {
    const { directory, pidFile } = makeDirectory(t)
    const child = await startProcess(t, 'postern', 'serve')
    child.kill()
    await once(child, 'exit')
    writeFileSync(pidFile, `${child.pid}\n`)
    assert.equal(writePidFile(directory), null)
    assert.equal(readPid(directory), process.pid)
  })

  test('names nobody when it is damaged', t => {
    const { directory, pidFile } = makeDirectory(t)
    for (const text of ['', 'x\n', '0\n', '1\n', '-5\n', '1.5\n']) {
      writeFileSync(pidFile, text)
      assert.equal(readPid(directory), null, JSON.stringify(text))
    }
    assert.equal(writePidFile(directory), null)
  })
})

test('a directory that cannot be made is told with its parameter', t => {
  const { directory } = makeDirectory(t)
  writeFileSync(join(directory, 'file'), '')
  assert.throws(() => makeStateDirectory(join(directory, 'file', 'state'), null), {
    message:
      /^cannot use postern_state_directory ".*\/file\/state": Not a directory; name a directory that this user can make and write$/,
  })
  // Node's own recursive mkdir never comes back from there.
  assert.throws(() => makeStateDirectory('/proc/nope', null), {
    message: /^cannot use postern_state_directory "\/proc\/nope": No such file or directory; name/,
  })
})

test('a parent that postern_user may not enter is named in one sentence', t => {
  if (process.getuid?.() !== 0) return t.skip('only root can become somebody else')
  const { directory } = makeDirectory(t)
  chmodSync(directory, 0o755)
  const closed = join(directory, 'closed')
  const state = join(closed, 'postern', 'state')
  mkdirSync(state, { recursive: true })
  chmodSync(closed, 0o700)
  const open = join(directory, 'open')
  mkdirSync(open)
  const program = `import { writePidFile } from ${JSON.stringify(join(import.meta.dirname, 'state_directory.ts'))}
    process.setgid(65534)
    process.setuid(65534)
    for (const directory of process.argv.slice(1))
      try { writePidFile(directory) } catch (error) { process.stdout.write(error.constructor.name + ': ' + error.message + '\\n') }`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program, state, open], { encoding: 'utf8' })
  assert.deepEqual(said.split('\n'), [
    `CommandError: cannot use postern_state_directory "${state}": user 65534 may not enter ${closed}; let it in, or name another directory`,
    `CommandError: cannot use postern_state_directory "${open}": cannot write ${open}/postern.pid: Permission denied, for user 65534; name a directory that this user can make and write`,
    '',
  ])
})

test('a status that cannot be written is told, and stops nothing', t => {
  const { directory } = makeDirectory(t)
  assert.equal(writePidFile(directory), null)
  mkdirSync(join(directory, 'postern.status.new'))
  assert.match(
    writeStatus(directory, { pid: process.pid, loads: 1, problems: [] }) ?? '',
    /^cannot write .*\/postern\.status: Is a directory: "postern reload" cannot tell what became of it$/,
  )
})
