import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../util/clock.ts'
import { Listeners } from './listeners.ts'
import { explainSocketTrouble } from './socket_trouble.ts'

describe('explainSocketTrouble()', () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-socket-'))
  process.on('exit', () => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'file'), '')
  mkdirSync(join(directory, 'here'))
  // path below the directory       what is said
  const cases: readonly [string, RegExp | null][] = [
    ['here/socket', null],
    ['gone/socket', /^there is no directory .*\/gone: make it, or name another path$/],
    ['gone/further/socket', /^there is no directory .*\/gone: make it/],
    ['file/socket', /^.*\/file is no directory: name another path$/],
    ['file', /^there is a file of that name, which is no socket: remove it/],
    ['here', /^there is a directory of that name, which is no socket/],
    [`here/${'x'.repeat(100)}`, /^the path has \d+ bytes, and a socket's may have 107/],
  ]
  for (const [path, want] of cases) {
    test(`${path.slice(0, 30)}: ${want?.source ?? 'nothing'}`, () => {
      const said = explainSocketTrouble(join(directory, path))
      if (want === null) assert.equal(said, null)
      else assert.match(said ?? '', want)
    })
  }

  test('tells what its user may not do', t => {
    if (process.getuid?.() !== 0) return t.skip('only root can become somebody else')
    const closed = join(directory, 'closed')
    mkdirSync(join(closed, 'inner'), { recursive: true })
    chmodSync(directory, 0o755)
    const program = `import { explainSocketTrouble } from ${JSON.stringify(join(import.meta.dirname, 'socket_trouble.ts'))}
      process.setgid(65534)
      process.setuid(65534)
      process.stdout.write(String(explainSocketTrouble(process.argv[1])))`
    // access(2) looks at the real user, which this process cannot take back.
    const asNobody = (path: string): string =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program, path], { encoding: 'utf8' })
    assert.match(asNobody(join(closed, 'socket')), /^user 65534 may make no files in .*\/closed/)
    chmodSync(closed, 0o700)
    assert.match(asNobody(join(closed, 'socket')), /^user 65534 may make no files in .*\/closed/)
    assert.match(asNobody(join(closed, 'inner', 'socket')), /^user 65534 may not look into .*\/closed: let it in/)
  })

  test('G17 the door that cannot be opened is told with it', async () => {
    const listeners = new Listeners({ take: () => undefined, clock: systemClock, ownDirectory: '/nonexistent' })
    const path = join(directory, 'private', 'policyd-spf')
    const opened = await listeners.open([{ key: `policy unix:${path}`, target: { kind: 'unix', path }, mode: null }])
    assert.deepEqual(opened, {
      ok: false,
      endpoint: `unix:${path}`,
      code: 'EINVAL',
      text: `there is no directory ${join(directory, 'private')}: make it, or name another path`,
    })
  })
})
