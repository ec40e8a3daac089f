import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import type { LineConnection } from '../net/line_client.ts'
import type { SaslClientInfo, SaslStep } from './sasl.ts'
import { makeDovecotSasl, parseSaslPath } from './sasl_dovecot.ts'

const INFO: SaslClientInfo = {
  clientAddress: '192.0.2.7',
  serverAddress: '192.0.2.25',
  encrypted: false,
  service: 'smtp',
  securityOptions: ['noanonymous'],
}
const GREETING = [
  'VERSION\t1\t2',
  'MECH\tPLAIN\tplaintext',
  'MECH\tLOGIN\tplaintext',
  'MECH\tANONYMOUS\tanonymous',
  'MECH\tCRAM-MD5\tdictionary\tactive',
  'MECH\tSCRAM-SHA-256\tmutual-auth',
  'MECH\tHIDDEN\tprivate',
  'SPID\t1',
  'CUID\t1',
  'DONE',
]

/** A Dovecot of a few lines: `answer` gives what it says to a line. */
class FakeDovecot {
  readonly clock = new ManualClock()
  readonly heard: string[] = []
  readonly warnings: string[] = []
  connections = 0
  greeting = GREETING
  refused: string | null = null
  answer: (line: string) => string | null = () => null
  #close: () => void = () => undefined

  readonly sasl = makeDovecotSasl({
    path: 'private/auth',
    connect: () => this.#connect(),
    clock: this.clock,
    pid: 4711,
    warn: text => this.warnings.push(text),
  })

  hangUp(): void {
    this.#close()
  }

  async #connect(): Promise<LineConnection | string> {
    if (this.refused !== null) return this.refused
    this.connections++
    let take: (line: string) => void = () => undefined
    let partial = ''
    return {
      onLine: run => {
        take = run
      },
      onClose: run => {
        this.#close = run
      },
      write: text => {
        partial += text
        for (let end = partial.indexOf('\n'); end >= 0; end = partial.indexOf('\n')) {
          const line = partial.slice(0, end)
          partial = partial.slice(end + 1)
          this.heard.push(line)
          if (line.startsWith('CPID')) queueMicrotask(() => this.greeting.forEach(take))
          const said = this.answer(line)
          if (said !== null) queueMicrotask(() => take(said))
        }
      },
      destroy: () => this.#close(),
    }
  }
}

describe('mechanisms', () => {
  // smtpd_sasl_security_options         what is left
  const cases: [string[], string[]][] = [
    [[], ['PLAIN', 'LOGIN', 'ANONYMOUS', 'CRAM-MD5', 'SCRAM-SHA-256']],
    [['noanonymous'], ['PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-256']],
    [
      ['noanonymous', 'noplaintext'],
      ['CRAM-MD5', 'SCRAM-SHA-256'],
    ],
    [['nodictionary'], ['PLAIN', 'LOGIN', 'ANONYMOUS', 'SCRAM-SHA-256']],
    [['mutual_auth'], ['SCRAM-SHA-256']],
  ]
  for (const [securityOptions, mechanisms] of cases)
    test(securityOptions.join(' ') || 'no options', async () => {
      const dovecot = new FakeDovecot()
      assert.deepEqual(await dovecot.sasl.mechanisms({ ...INFO, securityOptions }), mechanisms)
      assert.deepEqual(dovecot.heard, ['VERSION\t1\t0', 'CPID\t4711'])
    })

  // what the server says instead                                        the warning
  const bad: [string[], string][] = [
    [['VERSION\t2\t0', 'DONE'], 'SASL: Protocol version mismatch (2 vs. 1)'],
    [['VERSION\tx'], 'SASL: Protocol version error'],
    [['VERSION\t1\t1', 'SPID\t1'], 'SASL: Connected to wrong auth socket (auth-master instead of auth-client)'],
  ]
  for (const [greeting, warning] of bad)
    test(warning, async () => {
      const dovecot = new FakeDovecot()
      dovecot.greeting = greeting
      assert.equal(await dovecot.sasl.mechanisms(INFO), null)
      assert.deepEqual(dovecot.warnings, [warning])
    })

  test('a server that is not there is asked again the next time', async () => {
    const dovecot = new FakeDovecot()
    dovecot.refused = 'Connection refused'
    assert.equal(await dovecot.sasl.mechanisms(INFO), null)
    assert.deepEqual(dovecot.warnings, [
      "SASL: Connect to Dovecot auth socket 'private/auth' failed: Connection refused",
    ])
    dovecot.refused = null
    assert.equal((await dovecot.sasl.mechanisms(INFO))?.length, 4)
  })

  test('a server that says nothing is given up after ten seconds', async () => {
    const dovecot = new FakeDovecot()
    dovecot.greeting = []
    const asked = dovecot.sasl.mechanisms(INFO)
    await dovecot.clock.advance(10_000)
    assert.equal(await asked, null)
  })
})

function id(line: string): string {
  return line.split('\t')[1] ?? ''
}

async function answered(step: SaslStep, response: string): Promise<SaslStep> {
  assert.equal(step.kind, 'challenge')
  return step.kind === 'challenge' ? step.answer(response) : step
}

describe('authentication', () => {
  test('with an initial response', async () => {
    const dovecot = new FakeDovecot()
    dovecot.answer = line => (line.startsWith('AUTH') ? `OK\t${id(line)}\tuser=joe` : null)
    assert.deepEqual(await dovecot.sasl.begin({ ...INFO, encrypted: true }, 'PLAIN', 'AGpvZQBzZWNyZXQ='), {
      kind: 'done',
      username: 'joe',
    })
    assert.equal(
      dovecot.heard.at(-1),
      'AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.25\trip=192.0.2.7\tsecured\tresp=AGpvZQBzZWNyZXQ=',
    )
  })

  test('with challenges, several sessions over one connection', async () => {
    const dovecot = new FakeDovecot()
    dovecot.answer = line => {
      if (line.startsWith('AUTH')) return `CONT\t${id(line)}\tVXNlcm5hbWU6`
      if (line.startsWith('CONT'))
        return line.endsWith('\tgood')
          ? `OK\t${id(line)}\tuser=u${id(line)}`
          : `FAIL\t${id(line)}\tuser=u${id(line)}\treason=bad password`
      return null
    }
    const [first, second] = await Promise.all([
      dovecot.sasl.begin(INFO, 'LOGIN', null),
      dovecot.sasl.begin(INFO, 'login', null),
    ])
    assert.deepEqual(await answered(second, 'good'), { kind: 'done', username: 'u2' })
    assert.deepEqual(await answered(first, 'bad'), { kind: 'failed', reason: 'bad password', username: 'u1' })
    assert.equal(dovecot.connections, 1)
  })

  test('a mechanism that is not offered is not tried', async () => {
    const dovecot = new FakeDovecot()
    assert.deepEqual(await dovecot.sasl.begin(INFO, 'ANONYMOUS', null), {
      kind: 'failed',
      reason: 'Invalid authentication mechanism',
      username: null,
    })
    assert.ok(!dovecot.heard.some(line => line.startsWith('AUTH')))
  })

  test('a connection that breaks before the answer: once more, then temporary', async () => {
    const dovecot = new FakeDovecot()
    dovecot.answer = line => {
      if (line.startsWith('AUTH')) dovecot.hangUp()
      return null
    }
    const step = await dovecot.sasl.begin(INFO, 'PLAIN', null)
    assert.deepEqual(step, { kind: 'temporary', reason: 'Connection lost to authentication server', username: null })
    assert.equal(dovecot.connections, 2)
  })

  test('no answer within ten seconds is temporary', async () => {
    const dovecot = new FakeDovecot()
    const step = dovecot.sasl.begin(INFO, 'PLAIN', 'AA==')
    await settle()
    await dovecot.clock.advance(10_000)
    assert.equal((await step).kind, 'temporary')
  })

  test('OK without a user, CONT without a challenge: the server is at fault', async () => {
    for (const said of ['OK', 'CONT']) {
      const dovecot = new FakeDovecot()
      dovecot.answer = line => (line.startsWith('AUTH') ? `${said}\t${id(line)}` : null)
      assert.deepEqual(await dovecot.sasl.begin(INFO, 'PLAIN', null), {
        kind: 'failed',
        reason: 'Authentication backend error',
        username: null,
      })
    }
  })
})

test('parseSaslPath', () => {
  assert.deepEqual(parseSaslPath('inet:127.0.0.1:12345', '/q'), { kind: 'inet', address: '127.0.0.1', port: 12_345 })
  assert.deepEqual(parseSaslPath('inet:[::1]:12345', '/q'), { kind: 'inet', address: '::1', port: 12_345 })
  assert.deepEqual(parseSaslPath('private/auth', '/q'), { kind: 'unix', path: '/q/private/auth' })
  assert.deepEqual(parseSaslPath('unix:/run/auth', '/q'), { kind: 'unix', path: '/run/auth' })
  assert.equal(parseSaslPath('inet:nothing', '/q'), null)
})
