/** Files of other programs and secrets that main.cf names: a reload with one that cannot be used changes nothing. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/ports.ts'
import { PosternProcess, runPostern } from '../support/postern_process.ts'

for (const workers of [0, 2])
  test(`T24.1 a reload refuses an opendmarc.conf with an unknown name, and takes it when it is mended (${workers} workers)`, async t => {
    const base = `postern_smtp_listen = inet:127.0.0.1:${await freePort()}\npostern_workers = ${workers}\n`
    const postern = PosternProcess.start(t, base)
    await postern.ready()
    const conf = join(postern.directory, 'opendmarc.conf')
    writeFileSync(conf, 'RejectFailure true\n')
    postern.writeMainCf(`${base}postern_dmarc_conf = ${conf}\n`)
    const refused = await runPostern(['reload', '-c', postern.directory])
    assert.equal(refused.code, 1)
    assert.ok(refused.stderr.includes(`${conf}:1:1: unknown name "RejectFailure" (did you mean RejectFailures?)\n`))
    await postern.saw('stdout', /error: reload: keeping the old configuration/)

    writeFileSync(conf, 'RejectFailures true\n')
    const taken = await runPostern(['reload', '-c', postern.directory])
    assert.deepEqual([taken.code, taken.stderr], [0, ''])
  })

test('T13.1 a reload refuses a key that holds none, and takes it when it is mended', async t => {
  const base = `postern_smtp_listen = inet:127.0.0.1:${await freePort()}\npostern_workers = 1\n`
  const postern = PosternProcess.start(t, base)
  await postern.ready()
  const key = join(postern.directory, 'arc.pem')
  writeFileSync(key, 'to be made\n')
  postern.writeMainCf(`${base}postern_arc_seal_domain = example.com\npostern_arc_seal_key_file = ${key}\n`)
  const refused = await runPostern(['reload', '-c', postern.directory])
  assert.equal(refused.code, 1)
  assert.ok(refused.stderr.includes(`${key} holds no private key that signs mail: expected`), refused.stderr)
  await postern.saw('stdout', /error: reload: keeping the old configuration/)

  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const taken = await runPostern(['reload', '-c', postern.directory])
  assert.deepEqual([taken.code, taken.stderr], [0, ''])
})
