/** Rows G12 to G16 and G35 of what the guide asks for, through `bin/postern serve` with the guide's own lines. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { PolicyServer } from '../support/policy_server.ts'
import { makeInstanceDir } from '../support/real_postfix.ts'
import { CLIENT, type GuideGateway, type Said, startGuide } from './guide.ts'

const RBL_OVERRIDE =
  'dripemail2.com OK //Diese Domain gehört zu drip.com\nmlsend.com OK //Diese Domain gehört zum E-Mail-Marketingdienst\n'

async function withGuide(
  mainCf: string,
  files: Readonly<Record<string, string>>,
  run: (gateway: GuideGateway) => Promise<void>,
): Promise<void> {
  const gateway = await startGuide(mainCf, files)
  try {
    await run(gateway)
  } finally {
    await gateway.stop()
  }
}

describe('DNS lists of the guide', () => {
  test('G12 HELO name, unverified PTR name and sender domain are looked up in a domain list', () =>
    withGuide(
      `smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
        reject_rhsbl_helo dbl.spamhaus.org, reject_rhsbl_reverse_client dbl.spamhaus.org, reject_rhsbl_sender dbl.spamhaus.org\n`,
      {},
      async gateway => {
        assert.equal(
          await gateway.rcpt(CLIENT.good, { helo: 'spam-helo.example' }),
          '554 5.7.1 Service unavailable; Helo command [spam-helo.example] blocked using dbl.spamhaus.org; https://www.spamhaus.org/query/domain/spam-helo',
        )
        assert.equal(
          await gateway.rcpt(CLIENT.badName),
          '554 5.7.1 Service unavailable; Unverified Client host [spam-name.example] blocked using dbl.spamhaus.org',
        )
        assert.equal(
          await gateway.rcpt(CLIENT.good, { sender: 'x@spam-sender.example' }),
          '554 5.7.1 Service unavailable; Sender address [x@spam-sender.example] blocked using dbl.spamhaus.org',
        )
        assert.equal(await gateway.rcpt(CLIENT.good), '250 2.1.5 Ok')
        // A domain list is never asked for an address (T1.3).
        assert.equal(await gateway.rcpt(CLIENT.noName, { helo: `[${CLIENT.noName}]` }), '250 2.1.5 Ok')
        const asked = [...gateway.dns.counts.keys()].filter(key => key.includes('dbl.spamhaus.org'))
        assert.deepEqual(
          asked.filter(key => /^\[?127\.|\d\.dbl/.test(key)),
          [],
        )
      },
    ))

  test('G13 the client address is looked up in an address list, IPv4 and IPv6', () =>
    withGuide('smtpd_recipient_restrictions = reject_rbl_client zen.spamhaus.org\n', {}, async gateway => {
      assert.equal(
        await gateway.rcpt(CLIENT.listed),
        `554 5.7.1 Service unavailable; Client host [${CLIENT.listed}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip`,
      )
      assert.equal(await gateway.rcpt(CLIENT.good), '250 2.1.5 Ok')
      assert.equal(
        await gateway.rcpt('127.0.0.1', { xclient: 'ADDR=IPV6:2001:db8::25 NAME=six.example' }),
        '554 5.7.1 Service unavailable; Client host [2001:db8::25] blocked using zen.spamhaus.org',
      )
      assert.equal(
        await gateway.rcpt('127.0.0.1', { xclient: 'ADDR=IPV6:2001:db8::26 NAME=seven.example' }),
        '250 2.1.5 Ok',
      )
    }))

  test('G14 a private override by domain name stands above the DNS lists', () =>
    withGuide(
      'smtpd_recipient_restrictions = check_client_access hash:/etc/postfix/rbl_override, reject_rbl_client zen.spamhaus.org\n',
      { rbl_override: RBL_OVERRIDE },
      async gateway => {
        // As pasted: Postfix takes "OK //This domain …" for an OK with text.
        assert.equal(await gateway.rcpt(CLIENT.drip), '250 2.1.5 Ok')
        assert.match(await gateway.rcpt(CLIENT.listed), /^554 5\.7\.1 .* blocked using zen\.spamhaus\.org/)
      },
    ))

  test('G15 public allow lists with reply ranges stand above the block lists', () =>
    withGuide(
      `smtpd_recipient_restrictions = permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3],
        permit_dnswl_client swl.spamhaus.org, reject_rbl_client zen.spamhaus.org\n`,
      {},
      async gateway => {
        assert.equal(await gateway.rcpt(CLIENT.welcome), '250 2.1.5 Ok')
        assert.equal(await gateway.rcpt(CLIENT.welcomeToo), '250 2.1.5 Ok')
        assert.match(await gateway.rcpt(CLIENT.hardlyWelcome), /^554 5\.7\.1 .* blocked using zen\.spamhaus\.org/)
        assert.match(await gateway.rcpt(CLIENT.welcome, { recipient: 'x@elsewhere.example' }), /^454 4\.7\.1 /)
      },
    ))

  test('G16 lookups are cached, so that a site stays below the query limits of the lists', () =>
    withGuide(
      'smtpd_recipient_restrictions = reject_rbl_client zen.spamhaus.org, reject_rhsbl_sender dbl.spamhaus.org\n',
      {},
      async gateway => {
        const question = `${CLIENT.good.split('.').reverse().join('.')}.zen.spamhaus.org`
        for (let i = 0; i < 20; i++) assert.equal(await gateway.rcpt(CLIENT.good), '250 2.1.5 Ok')
        assert.equal(gateway.dns.count(question, 'A'), 1)
        assert.equal(gateway.dns.count('good.example.dbl.spamhaus.org', 'A'), 1)
        // Twenty clients at once that all need the same new answer: one question.
        const replies = await Promise.all(Array.from({ length: 20 }, () => gateway.rcpt(CLIENT.listed)))
        assert.ok(replies.every(reply => reply.startsWith('554 5.7.1 ')))
        assert.equal(gateway.dns.count(`${CLIENT.listed.split('.').reverse().join('.')}.zen.spamhaus.org`, 'A'), 1)
      },
    ))
})

/** Line 238 of the guide with line 242 put in; nothing but blanks changed. */
const FINAL = `smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, check_policy_service unix:private/policyd-spf, check_policy_service inet:127.0.0.1:10023, check_client_access hash:/etc/postfix/rbl_override, reject_rhsbl_helo dbl.spamhaus.org, reject_rhsbl_reverse_client dbl.spamhaus.org, reject_rhsbl_sender dbl.spamhaus.org, permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3], permit_dnswl_client swl.spamhaus.org, reject_rbl_client zen.spamhaus.org
`

// who             says                                     and hears
const VERDICTS: readonly (readonly [keyof typeof CLIENT, Said, RegExp])[] = [
  ['good', {}, /^250 2\.1\.5 Ok$/],
  ['good', { sender: 'grey@good.example' }, /^450 4\.7\.1 <you@example\.com>: Recipient address rejected: Greylisted/],
  ['good', { sender: 'forged@good.example' }, /^550 5\.7\.23 <you@example\.com>: Recipient address rejected: SPF fail/],
  ['good', { helo: 'spam-helo.example' }, /^554 5\.7\.1 .*dbl\.spamhaus\.org/],
  ['badName', {}, /^554 5\.7\.1 .*dbl\.spamhaus\.org/],
  ['good', { sender: 'x@spam-sender.example' }, /^554 5\.7\.1 .*dbl\.spamhaus\.org/],
  ['listed', {}, /^554 5\.7\.1 .*zen\.spamhaus\.org/],
  ['drip', {}, /^250 /],
  ['welcome', {}, /^250 /],
  ['welcomeToo', {}, /^250 /],
  ['hardlyWelcome', {}, /^554 5\.7\.1 .*zen\.spamhaus\.org/],
  ['good', { recipient: 'nobody@example.com' }, /^550 5\.1\.1 /],
  ['good', { recipient: 'x@elsewhere.example' }, /^454 4\.7\.1 .*Relay access denied$/],
]

test("G35 the guide's final smtpd_recipient_restrictions, pasted unchanged, runs", async () => {
  const spf = new PolicyServer({ forged: '550 5.7.23 SPF fail' })
  const greylist = new PolicyServer({ grey: 'DEFER_IF_PERMIT Greylisted, see help page' })
  const queue = makeInstanceDir('queue-')
  fs.mkdirSync(path.join(queue, 'private'))
  try {
    await spf.listenUnix(path.join(queue, 'private/policyd-spf'))
    await greylist.listen('127.0.0.1', 10023)
    await withGuide(`queue_directory = ${queue}\n${FINAL}`, { rbl_override: RBL_OVERRIDE }, async gateway => {
      for (const [who, said, wanted] of VERDICTS) {
        assert.match(await gateway.rcpt(CLIENT[who], said), wanted, `${who} ${JSON.stringify(said)}`)
      }
      assert.ok(spf.requests > 0 && greylist.requests > 0)
    })
  } finally {
    spf.close()
    greylist.close()
    fs.rmSync(queue, { recursive: true, force: true })
  }
})

test('G35 the words that the translation garbled are named, with what was meant', () => {
  const dir = makeInstanceDir('garbled-')
  fs.writeFileSync(
    path.join(dir, 'main.cf'),
    'smtpd_helo_erforderlich = yes\nsmtpd_sender_restrictions = permit_mynetworks zulassen_sasl_authentifiziert reject_unbekannter_Client_Hostname\n',
  )
  const bin = path.join(import.meta.dirname, '../../bin/postern')
  const checked = spawnSync(bin, ['check', '--config', dir], { encoding: 'utf8' })
  const said = checked.stdout + checked.stderr
  fs.rmSync(dir, { recursive: true, force: true })
  assert.equal(checked.status, 1, said)
  for (const [place, meant] of [
    ['main.cf:1:1', 'smtpd_helo_required'],
    ['main.cf:2:', 'permit_sasl_authenticated'],
    ['main.cf:2:', 'reject_unknown_client_hostname'],
  ] as const) {
    assert.ok(said.includes(place) && said.includes(meant), `${place} ${meant} in:\n${said}`)
  }
})
