/** SPF through the doors: the RFC 7208 suite through the policy socket, and a real Postfix that asks for policyd-spf and gets Postern. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { startFixtureDns } from '../support/fixture_dns.ts'
import { waitForMail } from '../support/mailbox.ts'
import { askPolicy } from '../support/policy_asker.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess } from '../support/postern_process.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'
import { SmtpClient } from '../support/smtp_client.ts'
import { SPF_ZONE, spfRequest } from '../support/spf_requests.ts'
import { loadSuite, type SuiteCase, suiteRecords } from '../support/spf_suite.ts'

test('T14.3 the RFC 7208 suite, all 203 cases, through the policy socket', async t => {
  const { dns, port } = await startFixtureDns({}, { minimum: 1 })
  t.after(() => dns.close())
  const door = await freePort()
  const postern = PosternProcess.start(
    t,
    `
myhostname = unknown
postern_smtp_listen =
postern_policy_listen = inet:127.0.0.1:${door} { check_spf }
postern_dns_servers = 127.0.0.1:${port}
postern_dns_cache_size = 0
postern_spf_header_type = ar
postern_workers = 1
`,
  )
  await postern.ready()
  const ask = await askPolicy(door)
  t.after(() => ask.close())
  let played = 0
  const wrong: string[] = []
  for (const { description, cases, zone } of loadSuite()) {
    const records = suiteRecords(zone, 'SERVFAIL')
    for (const [owner, node] of Object.entries(records)) dns.set(owner, node)
    for (const one of cases) {
      const request = spfRequest(
        { client: one.host, helo: one.helo, sender: one.mailfrom },
        `${description} ${one.name}`,
      )
      const said = readResult(await ask.ask(request), one)
      played++
      if (!one.results.includes(said.result)) wrong.push(`${one.name}: expected ${one.results}, got ${said.result}`)
      else if (said.result === 'fail' && one.explanation !== null) {
        const wanted = one.explanation === 'DEFAULT' ? 'SPF fail - not authorized' : one.explanation
        if (said.reason !== wanted) wrong.push(`${one.name}: expected "${wanted}", got "${said.reason}"`)
      }
    }
    for (const owner of Object.keys(records)) dns.set(owner, null)
  }
  assert.deepEqual(wrong, [])
  assert.equal(played, 203)
})

/** A header about the HELO name, where there is a sender, says that the sender's domain has no record. */
function readResult(action: string, { mailfrom }: SuiteCase): { result: string; reason: string } {
  const [, result = '', reason = '', about = ''] = /spf=(\w+) \(((?:[^()\\]|\\.)*)\) smtp\.(\w+)=/.exec(action) ?? []
  if (about === 'helo' && mailfrom !== '') return { result: 'none', reason: '' }
  return { result: result === '' ? action : result, reason: reason.replace(/\\(.)/g, '$1') }
}

const CONF = 'HELO_reject = Fail\nMail_From_reject = Fail\nskip_addresses = 127.0.0.0/8\n'
const TO = ['a@here.example', 'b@here.example']

describe('G22 a real Postfix with check_policy_service unix:private/policyd-spf', {
  skip: postfixUnavailable() ?? false,
}, () => {
  test('G22 one Received-SPF header, the line of policyd-spf, and its refusals', async t => {
    const { postfix, postern } = await startBoth(t)
    const client = await connect(t, postfix.port, '192.0.2.1')
    assert.match(await client.command('MAIL FROM:<u@pass.example>'), /^250 /)
    for (const to of TO) assert.match(await client.command(`RCPT TO:<${to}>`), /^250 /)
    assert.match(await client.command('DATA'), /^354 /)
    assert.match(await client.command('Subject: hello\r\n\r\nText\r\n.'), /^250 /)
    const line =
      'Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=mx.none.example; envelope-from=u@pass.example; receiver=here.example'
    for (const mail of await waitForMail(path.join(postfix.dir, 'mail'), TO.length)) {
      const headers = mail.split('\n\n')[0]?.replace(/\n[ \t]+/g, ' ') ?? ''
      assert.deepEqual(
        headers
          .split('\n')
          .filter(header => header.startsWith('Received-SPF'))
          .map(header => header.trimEnd()),
        [line],
      )
    }
    await postern.saw('stdout', new RegExp(`policyd-spf\\[\\d+\\]: prepend ${forRegExp(line)}`))

    assert.match(await client.command('MAIL FROM:<u@nomail.example>'), /^250 /)
    const refusal =
      /^550 5\.7\.23 <a@here\.example>: Recipient address rejected: Message rejected due to: SPF fail - not authorized\. Please see http:\/\/www\.openspf\.net\/Why\?s=mfrom;id=u@nomail\.example;ip=192\.0\.2\.1;r=here\.example$/
    assert.match(await client.command('RCPT TO:<a@here.example>'), refusal)
    await postern.saw('stdout', /policyd-spf\[\d+\]: 550 5\.7\.23 Message rejected due to: SPF fail/)

    await client.command('RSET')
    await client.command('MAIL FROM:<u@perm.example>')
    assert.match(
      await client.command('RCPT TO:<a@here.example>'),
      /^250 /,
      'T14.2 a permerror does not refuse by default',
    )
  })
})

test('G22 T10.6 the gateway itself: check_spf in a list marks, and refuses when a policyd-spf.conf says so', async t => {
  const { dns, port } = await startFixtureDns(SPF_ZONE)
  t.after(() => dns.close())
  const conf = path.join(fs.mkdtempSync('/tmp/postern-spf-'), 'policyd-spf.conf')
  t.after(() => fs.rmSync(path.dirname(conf), { recursive: true }))
  fs.writeFileSync(conf, `${CONF}HELO_rejct = Fail\n`)
  for (const strict of [false, true]) {
    const smtp = await freePort()
    const postern = PosternProcess.start(
      t,
      `
postern_smtp_listen = inet:127.0.0.1:${smtp}
postern_dns_servers = 127.0.0.1:${port}
postern_workers = 1
mydestination = here.example
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_spf
${strict ? `postern_spf_policyd_conf = ${conf}` : ''}
`,
    )
    await postern.ready()
    if (strict)
      await postern.saw(
        'stdout',
        new RegExp(`${forRegExp(conf)}:4: unknown name "HELO_rejct" \\(did you mean HELO_reject\\?\\)`),
      )
    const client = await connect(t, smtp, '192.0.2.1')
    await client.command('MAIL FROM:<u@nomail.example>')
    const reply = await client.command('RCPT TO:<a@here.example>')
    assert.match(
      reply,
      strict
        ? /^550 5\.7\.23 <a@here\.example>: Recipient address rejected: Message rejected due to: SPF fail/
        : /^250 /,
    )
    await client.command('RSET')
    await client.command('MAIL FROM:<u@pass.example>')
    for (const to of TO) assert.match(await client.command(`RCPT TO:<${to}>`), /^250 /)
    await client.command('DATA')
    assert.match(await client.command('Subject: hello\r\n\r\nText\r\n.'), /^250 /)
    const [mail = ''] = await waitForMail(path.join(postern.directory, 'state/mail'), 1)
    assert.equal(mail.match(/^Received-SPF: Pass \(mailfrom\) identity=mailfrom; client-ip=192\.0\.2\.1;/gm)?.length, 1)
    assert.match(postern.stdout, / policyd-spf\[\d+\]: (?:[0-9A-Za-z]+: )?prepend Received-SPF: Pass/)
  }
})

async function startBoth(t: TestContext): Promise<{ postfix: RealPostfix; postern: PosternProcess }> {
  const { dns, port: dnsPort } = await startFixtureDns(SPF_ZONE)
  t.after(() => dns.close())
  const dir = makeInstanceDir('spf-')
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  fs.mkdirSync(path.join(dir, 'mail'))
  fs.chownSync(path.join(dir, 'mail'), NOBODY, NOBODY)
  fs.writeFileSync(path.join(dir, 'policyd-spf.conf'), CONF)
  fs.writeFileSync(path.join(dir, 'main.cf'), postfixMainCf(dir))
  const postfix = await startPostfix({ dir, port: await freePort(), dnsAddress: '127.0.0.1' })
  t.after(() => postfix.stop())
  const postern = PosternProcess.start(
    t,
    `
postern_smtp_listen =
queue_directory = ${dir}/spool
postern_policy_listen = unix:private/policyd-spf { check_spf }
postern_spf_policyd_conf = ${dir}/policyd-spf.conf
postern_dns_servers = 127.0.0.1:${dnsPort}
postern_workers = 1
`,
  )
  await postern.ready()
  return { postfix, postern }
}

const NOBODY = 65_534

function postfixMainCf(dir: string): string {
  return `
compatibility_level = 3.6
myhostname = mx.here.example
mydestination =
mynetworks =
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
virtual_mailbox_domains = here.example
virtual_mailbox_maps = static:box/
virtual_mailbox_base = ${dir}/mail
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_policy_service unix:private/policyd-spf
`
}

/** A client that comes from somewhere else, as XCLIENT tells it. */
async function connect(t: TestContext, port: number, address: string): Promise<SmtpClient> {
  const client = new SmtpClient({ host: '127.0.0.1', port, from: '127.0.0.1' })
  t.after(() => client.destroy())
  await client.read()
  await client.command('EHLO proxy.example')
  await client.command(`XCLIENT ADDR=${address} NAME=[UNAVAILABLE]`)
  await client.command('EHLO mx.none.example')
  return client
}

function forRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
