import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { freePort } from '../../test/support/ports.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../../test/support/real_postfix.ts'
import type { Facts } from '../model/facts.ts'
import { systemClock } from '../util/clock.ts'
import { makePolicyClient, type PolicyOutcome } from './policy_client.ts'

/** What a policy server does with its n-th connection. */
interface Behaviour {
  onConnect?(socket: net.Socket): void
  onRequest?(socket: net.Socket, connection: number): void
}

const says = (text: string | Buffer): Behaviour => ({ onRequest: socket => void socket.write(text) })
const ends = (text: string): Behaviour => ({ onRequest: socket => void socket.end(text) })

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  dunno: says('action=DUNNO\n\n'),
  reject: says('action=REJECT go away\n\n'),
  extra: says('foo=1\naction=REJECT one\nbar=2\n\n'),
  two: says('action=REJECT one\naction=REJECT two\n\n'),
  spaces: says('action = REJECT spaces\n\n'),
  close_request: ends(''),
  close_connect: { onConnect: socket => void socket.end() },
  reset: { onRequest: socket => void socket.resetAndDestroy() },
  hang: { onRequest: () => undefined },
  hang_in_value: says('action=REJ'),
  crlf: says('action=REJECT hey\r\n\r\n'),
  cut_value: ends('action=DUN'),
  cut_end: ends('action=REJECT x\n'),
  empty_line: says('\n'),
  no_action: says('foo=bar\n\n'),
  no_value: says('action\n\n'),
  garbage: says('<html>\nhello\n\n'),
  not_utf8: says(Buffer.from('action=REJECT b\xe4r\n\n', 'latin1')),
  second_try: {
    onRequest: (socket, n) => void (n % 2 === 1 ? socket.end() : socket.write('action=REJECT second\n\n')),
  },
}

interface Running {
  readonly port: number
  readonly requests: string[]
  close(): void
}

async function serve(behaviour: Behaviour): Promise<Running> {
  const requests: string[] = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer(socket => {
    const connection = ++connections
    sockets.add(socket)
    let text = ''
    socket.on('error', () => undefined)
    behaviour.onConnect?.(socket)
    socket.on('data', data => {
      text += data.toString('latin1')
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        requests.push(text.slice(0, end))
        text = text.slice(end + 2)
        behaviour.onRequest?.(socket, connection)
      }
    })
  })
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port, requests, close }
}

/** The answer to RCPT. */
function rcptReply(port: number, recipient: string): Promise<string> {
  const commands = ['EHLO client.example', 'MAIL FROM:<a@sender.example>', `RCPT TO:<${recipient}>`]
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    let text = ''
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('connection closed before the reply')))
    socket.on('data', data => {
      text += data.toString('latin1')
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        if (line[3] !== ' ') continue
        const command = commands.shift()
        if (command !== undefined) socket.write(`${command}\r\n`)
        else socket.end('QUIT\r\n', () => resolve(line))
      }
    })
  })
}

const DEFAULT = '451 4.3.5 Server configuration problem'
const SETTINGS = {
  timeoutMs: 1000,
  maxIdleMs: 300_000,
  maxTtlMs: 1_000_000,
  retryDelayMs: 1000,
  requestLimit: 0,
  tryLimit: 2,
  defaultAction: DEFAULT,
  policyContext: '',
}

const NAMES = {
  name: 'unknown',
  reverseName: 'unknown',
  nameStatus: 'permanent',
  reverseNameStatus: 'permanent',
  warnings: [],
} as const

function facts(name: string, port: number): Facts {
  return {
    client: { address: '127.0.0.1', port: 1 },
    server: { address: '127.0.0.1', port },
    helo: { name: 'client.example', esmtp: true },
    tls: null,
    sasl: null,
    sender: 'a@sender.example',
    recipient: `${name}@test.example`,
    recipientCount: 0,
    etrnDomain: null,
    size: 0,
    smtputf8: false,
    where: 'RCPT',
    protocol: 'ESMTP',
    pipelinedEarly: false,
    queueId: null,
    instance: '1.2.3.0',
  }
}

/** What Postfix makes of the answers of this test. */
function asReply(outcome: PolicyOutcome, name: string): string {
  const rejected = `<${name}@test.example>: Recipient address rejected:`
  const action = outcome.status === 'action' ? outcome.action : outcome.defaultAction
  if (action === 'DUNNO') return '250 2.1.5 Ok'
  if (action.startsWith('REJECT ')) return `554 5.7.1 ${rejected} ${action.slice(7)}`
  return `451 4.3.5 ${rejected} ${action.slice('451 4.3.5 '.length)}`
}

interface Asked {
  readonly said: readonly string[]
  readonly outcome: PolicyOutcome
}

const names = [...Object.keys(BEHAVIOURS), 'refused', 'no_socket']

describe('policy client and a real Postfix ask the same servers', { skip: postfixUnavailable() ?? false }, () => {
  const servers = new Map<string, Running>()
  const replies = new Map<string, string>()
  const asked = new Map<string, Asked>()
  let postfix: RealPostfix
  let closedPort = 0
  let log = ''

  before(async () => {
    for (const [name, behaviour] of Object.entries(BEHAVIOURS)) servers.set(name, await serve(behaviour))
    closedPort = await freePort()
    const dir = makeInstanceDir('policy-e2e.')
    fs.writeFileSync(path.join(dir, 'rcpt'), names.map(name => `${name}@test.example p_${name}\n`).join(''))
    fs.writeFileSync(path.join(dir, 'main.cf'), mainCf(dir))
    postfix = await startPostfix({ dir, port: await freePort(), dnsAddress: '127.0.0.1' })
    await Promise.all(names.map(async name => replies.set(name, await rcptReply(postfix.port, `${name}@test.example`))))
    await Promise.all(names.map(async name => asked.set(name, await ask(name))))
    // After ours, which takes seconds: its lines go through a process of their own, and come after its replies.
    log = fs.readFileSync(postfix.logPath, 'utf8')
  })

  after(async () => {
    for (const server of servers.values()) server.close()
    await postfix?.stop()
    fs.rmSync(postfix.dir, { recursive: true, force: true })
  })

  const spec = (name: string): string => {
    if (name === 'no_socket') return 'unix:private/nothing'
    return `inet:127.0.0.1:${servers.get(name)?.port ?? closedPort}`
  }

  const mainCf = (dir: string): string => `
compatibility_level = 3.6
myhostname = mail.test.example
mydestination = test.example
local_recipient_maps =
inet_protocols = ipv4
smtpd_peername_lookup = no
smtpd_policy_service_timeout = 1s
smtpd_policy_service_retry_delay = 1s
smtpd_relay_restrictions = permit
smtpd_restriction_classes = ${names.map(name => `p_${name}`).join(' ')}
${names.map(name => `p_${name} = check_policy_service ${spec(name)}, permit`).join('\n')}
smtpd_recipient_restrictions = check_recipient_access texthash:${dir}/rcpt, reject
`

  const ask = async (name: string): Promise<Asked> => {
    const said: string[] = []
    const client = makePolicyClient({
      settings: SETTINGS,
      identity: { stress: '', compatibilityLevel: '3.6', mailVersion: '3.7.11' },
      queueDirectory: path.join(postfix.dir, 'spool'),
      smtputf8Enable: true,
      clock: systemClock,
      emit: event => void said.push(event.kind === 'warning' ? event.text : event.kind),
    })
    const outcome = await client.policy(spec(name), facts(name, postfix.port), NAMES)
    client.close()
    return { said, outcome }
  }

  for (const name of names) {
    test(name, () => {
      const endpoint = spec(name).replace(/^\w+:/, '')
      const logged = log.split('\n').filter(line => line.includes('warning: ') && line.includes(endpoint))
      const ours = asked.get(name)
      assert.ok(ours)
      assert.equal(asReply(ours.outcome, name), replies.get(name))
      // How far Postfix gets with a connection that is closed at once, and so which error it sees, is a race.
      if (name === 'close_connect') return
      assert.deepEqual(
        ours.said,
        logged.map(line => line.replace(/^.*?: warning: /, '')),
      )
    })
  }

  test('the same attributes in the same order', () => {
    const [theirs, ours] = (servers.get('dunno')?.requests ?? []).map(request =>
      request.split('\n').map(line => line.replace(/^(client_port|instance)=.*/, '$1=')),
    )
    assert.deepEqual(ours, theirs)
  })
})
