import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { formatProblem } from './place.ts'
import { hostEnv, readConfig } from './read.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-config-'))
after(() => rmSync(directory, { recursive: true }))

const guard = 'smtpd_relay_restrictions = reject_unauth_destination\n'

describe('readConfig', () => {
  test('takes a directory or a file', () => {
    writeFileSync(join(directory, 'main.cf'), `${guard}myhostname = a.example\nmua = x\n`)
    writeFileSync(join(directory, 'master.cf'), 'submission inet n - y - - smtpd\n  -o smtpd_banner=$mua\n')
    writeFileSync(join(directory, 'other.cf'), `${guard}myhostname = b.example\n`)
    for (const [config, expected] of [
      [directory, 'a.example'],
      [`${directory}/`, 'a.example'],
      [join(directory, 'other.cf'), 'b.example'],
    ] as const) {
      const result = readConfig({ config, overrides: ['mydomain=d.example'] })
      assert.ok(result.ok)
      assert.deepEqual(result.loaded.problems, [])
      assert.equal(result.loaded.config.myhostname, expected)
      assert.equal(result.loaded.config.mydomain, 'd.example')
      assert.equal(result.loaded.config.config_directory, directory)
    }
  })

  test('says what is wrong with a file that it cannot read', () => {
    mkdirSync(join(directory, 'empty'))
    mkdirSync(join(directory, 'odd', 'main.cf'), { recursive: true })
    const problem = (config: string) => {
      const result = readConfig({ config })
      return result.ok ? null : formatProblem(result.problem)
    }
    assert.equal(
      problem(join(directory, 'empty')),
      `${directory}/empty/main.cf: cannot read the file: there is no such file`,
    )
    assert.equal(
      problem(join(directory, 'none.cf')),
      `${directory}/none.cf: cannot read the file: there is no such file`,
    )
    assert.equal(problem(join(directory, 'odd')), `${directory}/odd/main.cf: cannot read the file: it is a directory`)
  })
})

test('hostEnv() knows this machine', () => {
  const env = hostEnv()
  assert.ok(env.hostname.length > 0)
  assert.ok(env.interfaces.some(each => each.address === '127.0.0.1' && each.netmask.startsWith('255.')))
  assert.equal(env.readFirstLine(join(directory, 'none')), null)
})
