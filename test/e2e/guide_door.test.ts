/** Rows G01 to G11 of what the guide asks for, through `bin/postern serve` with the guide's own lines. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { SmtpClient } from '../support/smtp_client.ts'
import { CLIENT, type GuideGateway, startGuide } from './guide.ts'

const HELO = `smtpd_helo_required = yes
smtpd_helo_restrictions =
    permit_mynetworks
    permit_sasl_authenticated
    check_helo_access hash:/etc/postfix/helo_access
    reject_invalid_helo_hostname
    reject_non_fqdn_helo_hostname
    reject_unknown_helo_hostname
`
const SENDER = `smtpd_sender_restrictions =
    permit_mynetworks
    permit_sasl_authenticated
    reject_unknown_sender_domain
    reject_unknown_reverse_client_hostname
    reject_unknown_client_hostname
`
const HELO_ACCESS = 'optimus-webapi-prod-2.localdomain OK\nva-massmail-02.rakutenmarketing.com OK\n'

describe('the guide at the SMTP door', () => {
  let postern: GuideGateway
  before(async () => {
    postern = await startGuide(HELO + SENDER, { helo_access: HELO_ACCESS })
  })
  after(() => postern.stop())

  test('G01 a client without a PTR record is logged as unknown[IP] and refused', async () => {
    const gateway = await startGuide(
      'smtpd_sender_restrictions = permit_mynetworks permit_sasl_authenticated reject_unknown_reverse_client_hostname\n',
    )
    try {
      assert.equal(
        await gateway.rcpt(CLIENT.noName),
        `450 4.7.1 Client host rejected: cannot find your reverse hostname, [${CLIENT.noName}]`,
      )
      assert.equal(await gateway.rcpt(CLIENT.lying), '250 2.1.5 Ok', 'a name that does not map back is a name')
      await gateway.logged(/postfix\/smtpd\[\d+\]: connect from unknown\[127\.10\.0\.2\]$/)
      await gateway.logged(
        /NOQUEUE: reject: RCPT from unknown\[127\.10\.0\.2\]: 450 4\.7\.1 Client host rejected: cannot find your reverse hostname, \[127\.10\.0\.2\]; from=<a@good\.example> to=<you@example\.com> proto=ESMTP helo=<mail\.good\.example>$/,
      )
    } finally {
      await gateway.stop()
    }
  })

  test('G02 clients must say HELO or EHLO', async () => {
    assert.equal(await postern.rcpt(CLIENT.good, { helo: null }), '503 5.5.1 Error: send HELO/EHLO first')
    assert.equal(await postern.rcpt(CLIENT.good), '250 2.1.5 Ok')
  })

  test('G03 a malformed HELO name is refused', async () => {
    assert.equal(
      await postern.rcpt(CLIENT.good, { helo: 'mail..example' }),
      '501 5.5.2 <mail..example>: Helo command rejected: Invalid name',
    )
  })

  test('G04 a HELO name that is not fully qualified is refused', async () => {
    assert.equal(
      await postern.rcpt(CLIENT.good, { helo: 'localhost' }),
      '504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname',
    )
  })

  test('G05 a HELO name with neither A nor MX record is refused', async () => {
    assert.equal(
      await postern.rcpt(CLIENT.good, { helo: 'ip-172-30-0-149.ec2.internal' }),
      '450 4.7.1 <ip-172-30-0-149.ec2.internal>: Helo command rejected: Host not found',
    )
    assert.equal(await postern.rcpt(CLIENT.good, { helo: 'only-a.example' }), '250 2.1.5 Ok')
    assert.equal(await postern.rcpt(CLIENT.good, { helo: 'only-mx.example' }), '250 2.1.5 Ok')
  })

  test('G06 a private HELO allow list stands above those checks', async () => {
    assert.equal(await postern.rcpt(CLIENT.good, { helo: 'optimus-webapi-prod-2.localdomain' }), '250 2.1.5 Ok')
    const other = 'optimus-webapi-prod-3.localdomain'
    assert.match(await postern.rcpt(CLIENT.good, { helo: other }), /^450 4\.7\.1 .*Host not found$/)
    fs.appendFileSync(path.join(postern.dir, 'helo_access'), `${other} OK\n`)
    // The guide's next steps. Its tables are read as text: there is nothing for postmap to do.
    postern.signal('SIGHUP')
    await eventually(() => postern.rcpt(CLIENT.good, { helo: other }), /^250 /)
  })

  test("G07 the PTR name must resolve back to the client's address; that needs no HELO", async () => {
    const refusal = `450 4.7.25 Client host rejected: cannot find your hostname, [${CLIENT.lying}]`
    assert.equal(await postern.rcpt(CLIENT.lying), refusal)
    const noHelo = await startGuide('smtpd_sender_restrictions = reject_unknown_client_hostname\n')
    try {
      assert.equal(await noHelo.rcpt(CLIENT.lying, { helo: null }), refusal)
      assert.equal(await noHelo.rcpt(CLIENT.good, { helo: null }), '250 2.1.5 Ok')
    } finally {
      await noHelo.stop()
    }
  })

  test('G08 a sender domain with neither MX nor A record is refused, wherever the word stands', async () => {
    const said = { sender: 'spammer@nowhere.example' }
    const refusal = '450 4.1.8 <spammer@nowhere.example>: Sender address rejected: Domain not found'
    assert.equal(await postern.rcpt(CLIENT.good, said), refusal)
    assert.equal(await postern.rcpt(CLIENT.good, { sender: 'a@only-a.example' }), '250 2.1.5 Ok')
    // The guide found that it "does not work" below others.
    const last = await startGuide(
      'smtpd_sender_restrictions = reject_unknown_reverse_client_hostname reject_unknown_client_hostname reject_unknown_sender_domain\n',
    )
    try {
      assert.equal(await last.rcpt(CLIENT.good, said), refusal)
    } finally {
      await last.stop()
    }
  })

  test('G09 order decides, and blanks, line breaks and commas separate', async () => {
    const words = ['permit_mynetworks', 'check_helo_access inline:{first.example=OK}', 'reject_unknown_helo_hostname']
    for (const separator of [' ', ', ', '\n    ', ',\n    ']) {
      const gateway = await startGuide(`smtpd_helo_restrictions = ${words.join(separator)}\n`)
      try {
        assert.equal(await gateway.rcpt(CLIENT.good, { helo: 'first.example' }), '250 2.1.5 Ok')
        assert.match(await gateway.rcpt(CLIENT.good, { helo: 'second.example' }), /^450 4\.7\.1 /)
        assert.equal(await gateway.rcpt('127.0.0.1', { helo: 'second.example' }), '250 2.1.5 Ok')
      } finally {
        await gateway.stop()
      }
    }
    const reversedOrder = await startGuide(`smtpd_helo_restrictions = ${[...words].reverse().join(' ')}\n`)
    try {
      assert.match(await reversedOrder.rcpt(CLIENT.good, { helo: 'first.example' }), /^450 4\.7\.1 /)
    } finally {
      await reversedOrder.stop()
    }
  })

  test('G10 never an open relay', async () => {
    const said = { recipient: 'victim@elsewhere.example' }
    assert.equal(await postern.rcpt(CLIENT.good, said), '454 4.7.1 <victim@elsewhere.example>: Relay access denied')
    assert.match(await postern.rcpt(CLIENT.good, { recipient: 'victim%elsewhere.example@example.com' }), /^[45]\d\d /)
    assert.match(
      await postern.rcpt(CLIENT.good, { recipient: '@example.com:victim@elsewhere.example' }),
      /^454 4\.7\.1 /,
    )
    assert.equal(await postern.rcpt('127.0.0.1', said), '250 2.1.5 Ok', 'mynetworks may')
  })

  test('G11 reload: the new configuration takes effect, and no connection is lost', async () => {
    const gateway = await startGuide('smtpd_helo_restrictions = check_helo_access hash:/etc/postfix/helo_access\n', {
      helo_access: 'x.example REJECT old table\n',
    })
    try {
      await reloadUnderLoad(gateway)
    } finally {
      await gateway.stop()
    }
  })
})

/** Sessions that began before the reload go on through it, and clients that keep coming are all served. */
async function reloadUnderLoad(gateway: GuideGateway): Promise<void> {
  const old = new SmtpClient({ host: gateway.host, port: gateway.port, from: CLIENT.good })
  assert.match((await old.read()).join(), /^220 /)
  assert.match(await old.command('EHLO x.example'), /^250/)
  let stop = false
  const replies: string[] = []
  const client = async (): Promise<void> => {
    while (!stop) replies.push(await gateway.rcpt(CLIENT.good))
  }
  const load = Array.from({ length: 8 }, client)
  try {
    await reloads(gateway, replies)
  } finally {
    stop = true
    await Promise.all(load)
  }
  assert.deepEqual([...new Set(replies)], ['250 2.1.5 Ok'])
  assert.match(await old.command('MAIL FROM:<a@good.example>'), /^250 /)
  assert.match(await old.command('QUIT'), /^221 /)
  old.destroy()
}

async function reloads(gateway: GuideGateway, replies: readonly string[]): Promise<void> {
  await eventually(async () => String(replies.length), /^\d\d/)
  fs.writeFileSync(path.join(gateway.dir, 'helo_access'), 'x.example REJECT new table\n')
  const main = path.join(gateway.dir, 'main.cf')
  fs.appendFileSync(
    main,
    'smtpd_sender_restrictions = check_sender_access inline:{{b@good.example = REJECT new configuration}}\n',
  )
  gateway.signal('SIGHUP')
  await eventually(() => gateway.rcpt(CLIENT.good, { sender: 'b@good.example' }), /new configuration$/)
  assert.match(await gateway.rcpt(CLIENT.good, { helo: 'x.example' }), /new table$/)
  const before = replies.length
  await eventually(async () => String(replies.length - before), /^\d\d/)
  // A configuration that is no good changes nothing.
  fs.appendFileSync(main, 'smtpd_recipient_restrictions = reject_unknown_sander_domain\n')
  gateway.signal('SIGHUP')
  await gateway.logged(/reject_unknown_sander_domain/)
  assert.match(await gateway.rcpt(CLIENT.good), /^250 /)
}

async function eventually(get: () => Promise<string>, wanted: RegExp): Promise<void> {
  const until = performance.now() + 10_000
  for (;;) {
    const value = await get()
    if (wanted.test(value)) return
    if (performance.now() > until) assert.match(value, wanted)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
