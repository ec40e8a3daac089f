import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Daemon, dovecotUnavailable } from '../../test/support/daemons.ts'
import { startDovecotAuth } from '../../test/support/dovecot_auth.ts'
import { connectLines } from '../net/line_client.ts'
import { systemClock } from '../util/clock.ts'
import type { SaslClientInfo, SaslServer, SaslStep } from './sasl.ts'
import { makeDovecotSasl, parseSaslPath } from './sasl_dovecot.ts'

const INFO: SaslClientInfo = {
  clientAddress: '192.0.2.7',
  serverAddress: '192.0.2.25',
  encrypted: false,
  service: 'smtp',
  securityOptions: ['noanonymous'],
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('beside a real Dovecot', { skip: dovecotUnavailable() ?? false }, () => {
  let dovecot: Daemon
  const open: SaslServer[] = []
  const warnings: string[] = []

  before(async () => {
    dovecot = await startDovecotAuth({ joe: 'secret', ann: 'geheim' })
  })
  after(async () => {
    for (const sasl of open) sasl.close()
    await dovecot.stop()
  })

  function connectTo(path: string): SaslServer {
    const target = parseSaslPath(path, '/nonexistent')
    assert.ok(target !== null)
    const sasl = makeDovecotSasl({
      path,
      connect: () => connectLines(target, 5000, systemClock),
      clock: systemClock,
      pid: process.pid,
      warn: text => warnings.push(text),
    })
    open.push(sasl)
    return sasl
  }

  async function answer(step: SaslStep, response: (challenge: string) => string): Promise<SaslStep> {
    assert.equal(step.kind, 'challenge')
    return step.kind === 'challenge' ? step.answer(base64(response(Buffer.from(step.text, 'base64').toString()))) : step
  }

  for (const kind of ['inet', 'unix']) {
    test(`mechanisms and logins over ${kind}`, async () => {
      const sasl = connectTo(kind === 'inet' ? `inet:127.0.0.1:${dovecot.port}` : `${dovecot.dir}/auth-client`)
      assert.deepEqual((await sasl.mechanisms(INFO))?.toSorted(), ['CRAM-MD5', 'LOGIN', 'PLAIN'])
      assert.deepEqual(await sasl.begin(INFO, 'PLAIN', base64('\0joe\0secret')), { kind: 'done', username: 'joe' })
      const refused = await sasl.begin(INFO, 'PLAIN', base64('\0joe\0wrong'))
      assert.deepEqual([refused.kind, 'username' in refused && refused.username], ['failed', 'joe'])
      assert.deepEqual(await answer(await sasl.begin(INFO, 'PLAIN', null), () => '\0ann\0geheim'), {
        kind: 'done',
        username: 'ann',
      })
      const asked = await answer(await sasl.begin(INFO, 'LOGIN', null), () => 'joe')
      assert.deepEqual(await answer(asked, () => 'secret'), { kind: 'done', username: 'joe' })
      const cram = await sasl.begin(INFO, 'CRAM-MD5', null)
      const digest = (challenge: string): string => `joe ${createHmac('md5', 'secret').update(challenge).digest('hex')}`
      assert.deepEqual(await answer(cram, digest), { kind: 'done', username: 'joe' })
    })
  }

  test('many sessions at once', async () => {
    const sasl = connectTo(`inet:127.0.0.1:${dovecot.port}`)
    const logins = Array.from({ length: 50 }, (_, i) =>
      sasl.begin(INFO, 'PLAIN', base64(`\0joe\0${i % 2 === 0 ? 'secret' : 'wrong'}`)),
    )
    const kinds = (await Promise.all(logins)).map(step => step.kind)
    assert.deepEqual(
      kinds,
      Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? 'done' : 'failed')),
    )
  })

  test('nobody listens', async () => {
    const sasl = connectTo(`${dovecot.dir}/nothing`)
    assert.equal(await sasl.mechanisms(INFO), null)
    assert.match(
      warnings.at(-1) ?? '',
      /^SASL: Connect to Dovecot auth socket '.*nothing' failed: No such file or directory$/,
    )
  })
})
