import assert from 'node:assert/strict'
import net from 'node:net'
import { after, describe, test } from 'node:test'
import type { Event } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import { systemClock } from '../util/clock.ts'
import { makePolicyClient, type PolicyClient, type PolicyOutcome } from './policy_client.ts'
import { policyAttributes } from './policy_request.ts'
import { type PolicyServiceSettings, parsePolicyServer } from './policy_server_spec.ts'

const SETTINGS: PolicyServiceSettings = {
  timeoutMs: 60_000,
  maxIdleMs: 300_000,
  maxTtlMs: 1_000_000,
  retryDelayMs: 1,
  requestLimit: 0,
  tryLimit: 2,
  defaultAction: '451 4.3.5 Server configuration problem',
  policyContext: '',
}

const FACTS: Facts = {
  client: { address: '192.0.2.1', port: 40_000 },
  server: { address: '192.0.2.25', port: 25 },
  helo: { name: 'mx.example', esmtp: true },
  tls: null,
  sasl: null,
  sender: 'a@x.example',
  recipient: 'b@y.example',
  recipientCount: 3,
  etrnDomain: null,
  size: 1000,
  smtputf8: false,
  where: 'RCPT',
  protocol: 'ESMTP',
  pipelinedEarly: false,
  queueId: null,
  instance: '1.2.3.0',
}
const NAMES = {
  name: 'mx.example',
  reverseName: 'mx.example',
  nameStatus: 'ok',
  reverseNameStatus: 'ok',
  warnings: [],
} as const
const IDENTITY = { stress: '', compatibilityLevel: '3.6', mailVersion: '3.10.0' }

const toClose: (() => void)[] = []
after(() => {
  for (const close of toClose) close()
})

type OnRequest = (socket: net.Socket, request: string, connection: number) => void

interface Server {
  readonly spec: string
  readonly endpoint: string
  readonly requests: string[]
  connections(): number
  hangUp(): void
}

async function serve(onRequest: OnRequest, onConnect: (socket: net.Socket) => void = () => undefined): Promise<Server> {
  const requests: string[] = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer({ noDelay: true }, socket => {
    const number = ++connections
    sockets.add(socket)
    let text = ''
    socket.on('error', () => undefined)
    onConnect(socket)
    socket.on('data', data => {
      text += data.toString('utf8')
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        requests.push(text.slice(0, end))
        onRequest(socket, text.slice(0, end), number)
        text = text.slice(end + 2)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  toClose.push(() => {
    hangUp()
    server.close()
  })
  const address = server.address()
  const endpoint = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  return { spec: `inet:${endpoint}`, endpoint, requests, connections: () => connections, hangUp }
}

function client(settings: Partial<PolicyServiceSettings> = {}): {
  readonly client: PolicyClient
  readonly said: string[]
} {
  const said: string[] = []
  const emit = (event: Event): void => {
    said.push(event.kind === 'warning' ? event.text : event.kind)
  }
  const made = makePolicyClient({
    settings: { ...SETTINGS, ...settings },
    identity: IDENTITY,
    queueDirectory: '/nonexistent',
    smtputf8Enable: true,
    clock: systemClock,
    emit,
  })
  toClose.push(() => made.close())
  return { client: made, said }
}

const answers =
  (text: string | Buffer): OnRequest =>
  socket =>
    void socket.write(text)

describe('answers', () => {
  const cases: readonly (readonly [string, string | Buffer, string])[] = [
    ['plain', 'action=DUNNO\n\n', 'DUNNO'],
    ['with text', 'action=550 5.7.1 No, thanks = bye\n\n', '550 5.7.1 No, thanks = bye'],
    ['other attributes', 'foo=1\naction=REJECT one\nbar=2\n\n', 'REJECT one'],
    ['two actions', 'action=REJECT one\naction=REJECT two\n\n', 'REJECT one'],
    ['empty action', 'action=\n\n', ''],
    ['UTF-8', 'action=REJECT grün\n\n', 'REJECT grün'],
  ]
  for (const [name, text, action] of cases) {
    test(name, async () => {
      const server = await serve(answers(text))
      const { client: c, said } = client()
      assert.deepEqual(await c.policy(server.spec, FACTS, NAMES), { status: 'action', action })
      assert.deepEqual(said, [])
    })
  }
})

// The warnings are those that Postfix 3.7.11 logs for the same server (see the e2e test).
const FAULTS: readonly (readonly [string, OnRequest, readonly string[]])[] = [
  ['closes at the request', socket => void socket.end(), ['problem talking to server @: Application error']],
  [
    'resets the connection',
    socket => void socket.resetAndDestroy(),
    ['problem talking to server @: Connection reset by peer'],
  ],
  [
    'cuts the value',
    socket => void socket.end('action=DUN'),
    [
      'premature end-of-input on @ while reading input attribute value',
      'premature end-of-input on @ while reading input attribute value',
      'problem talking to server @: Application error',
    ],
  ],
  [
    'cuts the last line',
    socket => void socket.end('action=REJECT x\n'),
    [
      'premature end-of-input on @ while reading input attribute name',
      'premature end-of-input on @ while reading input attribute name',
      'problem talking to server @: Application error',
    ],
  ],
  [
    'says nothing in an empty line',
    answers('\n'),
    [
      'missing attribute action in input from @',
      'missing attribute action in input from @',
      'problem talking to server @: Application error',
    ],
  ],
  [
    'says garbage',
    answers('<html>\nhello\naction = OK\n\n'),
    [
      'missing attribute action in input from @',
      'missing attribute action in input from @',
      'problem talking to server @: Application error',
    ],
  ],
  [
    'has no value',
    answers('action\n\n'),
    [
      'missing value for string attribute action from @',
      'missing value for string attribute action from @',
      'problem talking to server @: Application error',
    ],
  ],
  [
    'says no UTF-8',
    answers(Buffer.from('action=REJECT b\xe4r\n\n', 'latin1')),
    ['malformed UTF-8 in policy server inet:@ response: "REJECT b?r"'],
  ],
]

describe('faults lead to the default action, in Postfix words', () => {
  const reason = (outcome: PolicyOutcome): string => (outcome.status === 'failed' ? outcome.defaultAction : 'answered')
  for (const [name, onRequest, warnings] of FAULTS) {
    test(name, async () => {
      const server = await serve(onRequest)
      const { client: c, said } = client()
      assert.equal(reason(await c.policy(server.spec, FACTS, NAMES)), '451 4.3.5 Server configuration problem')
      assert.deepEqual(
        said,
        warnings.map(line => line.replace('@', server.endpoint)),
      )
    })
  }

  test('nobody listens', async () => {
    const { client: c, said } = client()
    assert.equal(reason(await c.policy('{ inet:127.0.0.1:1, default_action=DUNNO }', FACTS, NAMES)), 'DUNNO')
    const twice = [
      'connect to 127.0.0.1:1: Connection refused',
      'problem talking to server 127.0.0.1:1: Connection refused',
    ]
    assert.deepEqual(said, [...twice, ...twice])
  })

  test('no such socket', async () => {
    const { client: c, said } = client()
    await c.policy('unix:private/nothing', FACTS, NAMES)
    assert.deepEqual(said, [
      'connect to private/nothing: No such file or directory',
      'connect to private/nothing: No such file or directory',
      'problem talking to server private/nothing: No such file or directory',
    ])
  })

  for (const [name, begin, line] of [
    ['hangs', '', []],
    ['hangs in the value', 'action=REJ', ['timeout on @ while reading input attribute value']],
    ['ends lines with CRLF', 'action=OK\r\n\r\n', ['timeout on @ while reading input attribute name']],
  ] as const) {
    test(name, async () => {
      const server = await serve(socket => {
        if (begin !== '') socket.write(begin)
      })
      const { client: c, said } = client({ timeoutMs: 50 })
      await c.policy(server.spec, FACTS, NAMES)
      const once = [...line, 'problem talking to server @: Connection timed out'].map(text =>
        text.replace('@', server.endpoint),
      )
      assert.deepEqual(said, [...once, ...once])
    })
  }
})

describe('connections', () => {
  test('serve many requests, one at a time', async () => {
    const server = await serve(answers('action=DUNNO\n\n'))
    const { client: c } = client()
    for (let i = 0; i < 5; i++) await c.policy(server.spec, FACTS, NAMES)
    assert.equal(server.connections(), 1)
    await Promise.all(Array.from({ length: 4 }, () => c.policy(server.spec, FACTS, NAMES)))
    assert.equal(server.connections(), 4)
    assert.equal(server.requests.length, 9)
  })

  test('end with request_limit', async () => {
    const server = await serve(answers('action=DUNNO\n\n'))
    const { client: c } = client({ requestLimit: 2 })
    for (let i = 0; i < 5; i++) await c.policy(server.spec, FACTS, NAMES)
    assert.equal(server.connections(), 3)
  })

  test('that the server closed are opened again without a warning', async () => {
    const server = await serve(answers('action=DUNNO\n\n'))
    const { client: c, said } = client({ retryDelayMs: 60_000 })
    await c.policy(server.spec, FACTS, NAMES)
    server.hangUp()
    assert.equal((await c.policy(server.spec, FACTS, NAMES)).status, 'action')
    assert.deepEqual(said, [])
  })

  test('the second try counts', async () => {
    const server = await serve(
      (socket, _, connection) => void (connection === 1 ? socket.end() : socket.write('action=OK\n\n')),
    )
    const { client: c, said } = client()
    assert.deepEqual(await c.policy(server.spec, FACTS, NAMES), { status: 'action', action: 'OK' })
    assert.deepEqual(said, [])
  })
})

test('attributes go out in Postfix order, without line ends inside', async () => {
  const server = await serve(answers('action=DUNNO\n\n'))
  const { client: c } = client()
  await c.policy(`{ ${server.spec}, { policy_context = main gate } }`, { ...FACTS, sender: 'evil\naction=OK@x' }, NAMES)
  const lines = server.requests[0]?.split('\n') ?? []
  assert.equal(lines[0], 'request=smtpd_access_policy')
  assert.equal(lines[10], 'sender=evil?action=OK@x')
  assert.equal(lines[12], 'recipient_count=0')
  assert.deepEqual(lines.slice(-3), ['policy_context=main gate', 'compatibility_level=3.6', 'mail_version=3.10.0'])
})

test('attributes of DATA, TLS and SASL', () => {
  const clientCert = {
    trusted: true,
    subjectCommonName: 'A b+c',
    issuerCommonName: 'CA',
    certFingerprint: 'AA',
    publicKeyFingerprint: 'BB',
  }
  const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', keyBits: 256, clientCert }
  const sasl = { method: 'PLAIN', username: 'u', sender: 's@x' }
  const facts: Facts = { ...FACTS, where: 'DATA', recipient: null, tls, sasl, queueId: '4F0' }
  const map = new Map(policyAttributes(facts, NAMES, { ...IDENTITY, context: '' }))
  assert.equal(map.get('recipient_count'), '3')
  assert.equal(map.get('recipient'), '')
  assert.equal(map.get('ccert_subject'), 'A+20b+2Bc')
  assert.equal(map.get('encryption_keysize'), '256')
  assert.equal(map.get('sasl_sender'), 's@x')
  assert.equal(map.get('queue_id'), '4F0')
  const untrusted: Facts = { ...facts, tls: { ...tls, clientCert: { ...clientCert, trusted: false } } }
  const other = new Map(policyAttributes(untrusted, NAMES, { ...IDENTITY, context: '' }))
  assert.equal(other.get('ccert_subject'), '')
  assert.equal(other.get('ccert_fingerprint'), 'AA')
})

const SPECS: readonly (readonly [string, string])[] = [
  ['inet:127.0.0.1:10031', 'inet 127.0.0.1:10031'],
  ['inet:[::1]:10031', 'inet ::1:10031'],
  ['inet:10031', 'inet 127.0.0.1:10031'],
  ['unix:private/policy', 'unix private/policy'],
  ['local:/run/x', 'unix /run/x'],
  ['tcp:1.2.3.4:5', 'invalid transport name: tcp in service: tcp:1.2.3.4:5'],
  ['nothing', 'need service transport:endpoint instead of "nothing"'],
  ['{ }', 'empty policy service: "{ }"'],
  ['{ inet:h:1, timeout=x }', 'timeout: bad time value or unit: x'],
  ['{ inet:h:1, try_limit=0 }', 'invalid try_limit parameter value 0 < 1'],
  ['{ inet:h:1, colour=red }', 'unknown option: "colour = red"'],
  ['{ inet:h:1, timeout = 3 }', 'malformed option: missing \'=\' after attribute name: "...timeout..."'],
]

describe('server specifications', () => {
  for (const [text, wanted] of SPECS) {
    test(text, () => {
      const parsed = parsePolicyServer(text, SETTINGS)
      if (!parsed.ok) assert.equal(parsed.problem, wanted)
      else {
        const { address } = parsed.server
        assert.equal(address.kind === 'inet' ? `inet ${address.host}:${address.port}` : `unix ${address.path}`, wanted)
      }
    })
  }

  test('all options', () => {
    const text =
      '{ inet:h:1, timeout=3m, max_idle=4, max_ttl=1h, request_limit=5, try_limit=1, retry_delay=2s, { default_action = 450 4.7.1 x }, policy_context=c }'
    const parsed = parsePolicyServer(text, SETTINGS)
    assert.deepEqual(parsed.ok && parsed.server.settings, {
      timeoutMs: 180_000,
      maxIdleMs: 4000,
      maxTtlMs: 3_600_000,
      requestLimit: 5,
      tryLimit: 1,
      retryDelayMs: 2000,
      defaultAction: '450 4.7.1 x',
      policyContext: 'c',
    })
  })
})
