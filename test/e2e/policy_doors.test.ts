/** The policy doors of a whole `postern serve`: where they are, what a reload does to them, who serves them. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import { policyRequest, RawPolicyClient } from '../support/policy_client.ts'
import { freePort } from '../support/ports.ts'
import { DEFAULT_DOORS, PosternProcess } from '../support/postern_process.ts'

const base = (workers: number): string => `postern_smtp_listen =
postern_workers = ${workers}
postern_greylist_spf = no
postern_greylist_correspondents = 0
postern_log = file:$postern_state_directory/log
`
let triplets = 0
/** Attributes of a triplet that nobody has seen. */
const fresh = (): Readonly<Record<string, string>> => ({
  protocol_state: 'RCPT',
  client_address: '192.0.2.7',
  client_name: 'mail.there.example',
  reverse_client_name: 'mail.there.example',
  sender: `sender${++triplets}@there.example`,
  recipient: 'you@example.com',
})

describe('policy doors of the whole program', () => {
  test('G17 Unix sockets get the mode that was asked for, in a directory of our own also the directory', async t => {
    const postern = PosternProcess.start(
      t,
      `${base(1)}queue_directory = $postern_state_directory
postern_policy_socket_mode = 0660
postern_policy_listen = unix:private/postgrey { check_greylist }, unix:private/list { reject }
`,
    )
    await postern.ready()
    const socket = (name: string): string => `${postern.directory}/state/private/${name}`
    assert.equal(fs.statSync(socket('postgrey')).mode & 0o777, 0o660)
    const client = new RawPolicyClient({ path: socket('postgrey') })
    assert.match(await client.ask(fresh()), /^DEFER_IF_PERMIT 4\.7\.1|^DEFER_IF_PERMIT Greylisted/)
    const list = new RawPolicyClient({ path: socket('list') })
    assert.equal(await list.ask(fresh()), '554 5.7.1 Access denied')
    for (const each of [client, list]) each.destroy()
  })

  test('T5.5 a door that cannot be opened is named, and nothing starts', async t => {
    const port = await freePort()
    const listen = (what: string): PosternProcess =>
      PosternProcess.start(t, `${base(1)}postern_policy_listen = ${what}\n`)
    for (const [what, named, status] of [
      [
        `inet:127.0.0.1:${port}, inet:192.0.2.1:${port} { check_spf }`,
        `inet:192.0.2.1:${port}: Cannot assign requested address`,
        1,
      ],
      ['unix:/no/such/directory/socket', 'unix:/no/such/directory/socket: ', 1],
    ] as const) {
      const postern = listen(what)
      assert.equal((await postern.ended).code, status)
      assert.ok(postern.stderr.includes(`cannot listen on ${named}`), postern.stderr)
    }
    const first = listen(`inet:127.0.0.1:${port}`)
    await first.ready()
    const second = listen(`inet:127.0.0.1:${port}`)
    assert.equal((await second.ended).code, 75)
    assert.match(second.stderr, new RegExp(`cannot listen on inet:127\\.0\\.0\\.1:${port}: Address already in use`))
  })

  test('T5.5 the doors that are there by default leave their addresses to a Postgrey or an OpenDMARC that has them', async t => {
    const config = async () =>
      `postern_smtp_listen = inet:127.0.0.1:${await freePort()}\npostern_workers = 1\n${DEFAULT_DOORS}`
    await PosternProcess.start(t, await config()).ready()
    const second = PosternProcess.start(t, await config())
    await second.ready()
    for (const [kind, address] of [
      ['policy', 'inet:127.0.0.1:10023'],
      ['milter', 'inet:127.0.0.1:8893'],
    ] as const) {
      const warning = `warning: ${address} belongs to another program, so that there is no ${kind} server here: set postern_${kind}_listen`
      await second.saw('stdout', new RegExp(warning.replaceAll('.', '\\.')))
    }
  })

  test('T5.5 IPv4 and IPv6 beside each other', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `${base(1)}postern_policy_listen = inet:127.0.0.1:${port}, inet:[::1]:${port} { reject }\n`,
    )
    await postern.ready()
    const four = new RawPolicyClient({ port })
    const six = new RawPolicyClient({ port, host: '::1' })
    assert.match(await four.ask(fresh()), /^DEFER_IF_PERMIT/)
    assert.equal(await six.ask(fresh()), '554 5.7.1 Access denied')
    for (const each of [four, six]) each.destroy()
  })

  test('G17 an open connection follows a reload; a door that is taken away closes, a new one opens', async t => {
    const [kept, gone, added] = [await freePort(), await freePort(), await freePort()]
    const doors = (text: string): string => `${base(2)}postern_policy_listen = ${text}\n`
    const postern = PosternProcess.start(
      t,
      doors(`inet:127.0.0.1:${kept} { reject }, inet:127.0.0.1:${gone} { reject }`),
    )
    await postern.ready()
    const long = new RawPolicyClient({ port: kept })
    const leaving = new RawPolicyClient({ port: gone })
    assert.equal(await long.ask(fresh()), '554 5.7.1 Access denied')
    assert.equal(await leaving.ask(fresh()), '554 5.7.1 Access denied')
    postern.writeMainCf(doors(`inet:127.0.0.1:${kept} { defer }, inet:127.0.0.1:${added} { check_greylist }`))
    postern.child.kill('SIGHUP')
    assert.equal(await leaving.action(), '[closed]')
    // Each worker changes for itself; this is told when the last one has.
    const log = `${postern.directory}/state/log`
    const isTold = (): boolean => /reload: .* is in use/.test(fs.readFileSync(log, 'utf8'))
    for (let i = 0; i < 500 && !isTold(); i++) await pause(20)
    assert.ok(isTold())
    assert.equal(await long.ask(fresh()), '450 4.3.2 Try again later')
    const fresher = new RawPolicyClient({ port: added })
    assert.match(await fresher.ask(fresh()), /^DEFER_IF_PERMIT/)
    assert.equal(await new RawPolicyClient({ port: gone }).action(), '[closed]')
    for (const each of [long, fresher]) each.destroy()
  })

  test('connections spread evenly over the workers', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `${base(2)}postern_policy_listen = inet:127.0.0.1:${port}\n`)
    await postern.ready()
    const clients = Array.from({ length: 60 }, () => new RawPolicyClient({ port }))
    const answers = await Promise.all(clients.map(client => client.ask(fresh())))
    for (const answer of answers) assert.match(answer, /^DEFER_IF_PERMIT/)
    const log = `${postern.directory}/state/log`
    const perWorker = new Map<string, number>()
    const pids = (): readonly string[] =>
      [...fs.readFileSync(log, 'utf8').matchAll(/postgrey\[(\d+)\]: action=/g)].map(m => m[1] ?? '')
    for (let i = 0; i < 100 && pids().length < 60; i++) await pause(20)
    for (const pid of pids()) perWorker.set(pid, (perWorker.get(pid) ?? 0) + 1)
    assert.equal(perWorker.size, 2)
    for (const count of perWorker.values()) assert.ok(count >= 20, [...perWorker.values()].join())
    for (const client of clients) client.destroy()
  })

  test('at the end idle connections are closed, and what was asked is answered', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(
      t,
      `${base(1)}postern_policy_listen = inet:127.0.0.1:${port} { sleep 1, reject }\n`,
    )
    await postern.ready()
    const [idle, busy] = [new RawPolicyClient({ port }), new RawPolicyClient({ port })]
    assert.equal(await idle.ask(fresh()), '554 5.7.1 Access denied')
    busy.write(policyRequest(fresh()) + policyRequest(fresh()))
    await pause(200)
    postern.child.kill('SIGTERM')
    assert.equal(await idle.action(), '[closed]')
    assert.equal(await busy.action(), '554 5.7.1 Access denied')
    assert.equal((await postern.ended).code, 0)
  })

  test('T5.2 hostile bytes: answered or closed, never a hang, and others are served meanwhile', async t => {
    const port = await freePort()
    const postern = PosternProcess.start(t, `${base(1)}postern_policy_listen = inet:127.0.0.1:${port}\n`)
    await postern.ready()
    const good = new RawPolicyClient({ port })
    for (const [bytes, answer] of [
      ['\n', 'DUNNO'],
      ['EHLO mx\n\n', 'DUNNO'],
      ['request=smtpd_access_policy\n\n', 'DUNNO'],
      [`request=smtpd_access_policy\nsender=${'x'.repeat(60_000)}\n\n`, 'DUNNO'],
      [policyRequest({ ...fresh(), client_address: 'fe80::1%eth0', client_name: '\0\0' }), 'DUNNO'],
      ['\xff'.repeat(100_000), '[closed]'],
    ] as const) {
      const hostile = new RawPolicyClient({ port })
      hostile.write(Buffer.from(bytes, 'latin1'))
      assert.equal(await hostile.action(), answer, JSON.stringify(bytes.slice(0, 40)))
      assert.match(await good.ask(fresh()), /^DEFER_IF_PERMIT/)
      hostile.destroy()
    }
    // Exim ends its side before it reads.
    const exim = new RawPolicyClient({ port })
    exim.write(policyRequest(fresh()))
    exim.end()
    assert.match(await exim.action(), /^DEFER_IF_PERMIT/)
    assert.equal(await exim.action(), '[closed]')
    good.destroy()
  })
})

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
