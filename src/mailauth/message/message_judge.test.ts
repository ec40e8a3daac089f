import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FakeZone } from '../../../test/support/fake_resolver.ts'
import { arcSeal, dkimSign, makeSigningKey } from '../../../test/support/mail_signer.ts'
import { openMessageBench } from '../../../test/support/message_bench.ts'
import type { AuthEnvelope, MessageVerdict } from '../../model/mail_auth.ts'
import { DomainList } from './domain_list.ts'

const AUTHOR = makeSigningKey('reject.example', 's1')
const LIST = makeSigningKey('list.example', 'arc')
const ESP = makeSigningKey('esp.example', 'arc', { algorithm: 'ed25519-sha256' })

const ZONE: FakeZone = {
  TXT: {
    '_dmarc.reject.example': ['v=DMARC1; p=reject; sp=quarantine; rua=mailto:r@reject.example'],
    '_dmarc.quarantine.example': ['v=DMARC1; p=quarantine'],
    '_dmarc.none.example': ['v=DMARC1; p=none'],
    '_dmarc.test.example': ['v=DMARC1; p=reject; t=y'],
    '_dmarc.broken.example': ['v=DMARC1; p=what'],
    'elsewhere.example': ['v=spf1 ip4:192.0.2.1 -all'],
    'reject.example': ['v=spf1 ip4:192.0.2.99 -all'],
    's1._domainkey.reject.example': [AUTHOR.record],
    'arc._domainkey.list.example': [LIST.record],
    'arc._domainkey.esp.example': [ESP.record],
  },
  fail: ['TXT _dmarc.down.example', 'TXT silent.example'],
}
const REJECTED = '550 5.7.1 rejected by DMARC policy for reject.example'

function message(from: string, more = ''): string {
  return `From: ${from}\r\nTo: user@here.example\r\nSubject: hello\r\nDate: Tue, 24 Nov 2026 20:00:00 +0000\r\nMessage-ID: <1@there.example>\r\n${more}\r\nLine one\r\n\r\nLine  two \r\n`
}

/** "reject 550 …", with what the verdict says besides. */
function brief({ action, reply }: MessageVerdict): string {
  return reply === '' ? action : `${action} ${reply}`
}

/** Without folding. */
function results(verdict: MessageVerdict): string {
  return (verdict.insert.find(line => line.startsWith('Authentication-Results: ')) ?? '').replace(/\r\n\t/g, ' ')
}

describe('T10.4 what DMARC asks for, by default', () => {
  const cases: readonly (readonly [from: string, mainCf: string, expected: string])[] = [
    ['ceo@reject.example', '', `reject ${REJECTED}`],
    ['ceo@reject.example', 'postern_dmarc_reject_string = no %s here', 'reject 550 5.7.1 no reject.example here'],
    ['ceo@reject.example', 'postern_dmarc_reject_failures = no', 'accept'],
    ['ceo@reject.example', 'postern_dmarc_exempt_domains = other.example, reject.example', 'accept'],
    ['ceo@reject.example', 'postern_dmarc_exempt_domains = .reject.example', `reject ${REJECTED}`],
    ['ceo@reject.example', 'postern_dmarc_ignore_mail_from = reject.example', 'accept'],
    ['ceo@sub.reject.example', '', 'accept'],
    [
      'ceo@sub.reject.example',
      'postern_dmarc_hold_quarantined = yes',
      'quarantine quarantined by DMARC policy for reject.example',
    ],
    ['ceo@quarantine.example', '', 'accept'],
    ['ceo@quarantine.example', 'postern_dmarc_hold_quarantined = yes\npostern_dmarc_reject_failures = no', 'accept'],
    ['ceo@test.example', '', 'accept'],
    [
      'ceo@test.example',
      'postern_dmarc_hold_quarantined = yes',
      'quarantine quarantined by DMARC policy for test.example',
    ],
    ['ceo@none.example', '', 'accept'],
    ['ceo@nothing.example', '', 'accept'],
    ['ceo@broken.example', '', 'accept'],
    // T14.1
    ['ceo@down.example', '', 'accept'],
    [
      'ceo@down.example',
      'postern_dmarc_temperror = defer',
      'tempfail 451 4.7.1 cannot evaluate the DMARC policy of down.example now, try again later',
    ],
    // odd From headers
    ['a@none.example, ceo@reject.example', '', `reject ${REJECTED}`],
    ['a@down.example, ceo@reject.example', '', `reject ${REJECTED}`],
    ['ceo@reject.example, b@reject.example', '', `reject ${REJECTED}`],
    ['Group: ceo@reject.example;', '', `reject ${REJECTED}`],
    [
      'a@one.example, b@two.example',
      'postern_dmarc_reject_multi_value_from = yes',
      'reject 550 5.7.1 message header has several authors of different domains',
    ],
    ['a@one.example, b@one.example', 'postern_dmarc_reject_multi_value_from = yes', 'accept'],
    [
      Array.from({ length: 9 }, (_, i) => `a@d${i}.example`).join(', '),
      '',
      'reject 550 5.7.1 message header has too many authors',
    ],
    ['nobody:;', '', 'accept'],
    ['nobody:;', 'postern_dmarc_required_headers = yes', 'reject 550 5.7.1 message header has no domain in From'],
    [
      'a@one.example\r\nSubject: again',
      'postern_dmarc_required_headers = yes',
      'reject 550 5.7.1 message header has multiple Subject fields',
    ],
    [
      'a@one.example\r\nFrom: ceo@reject.example',
      'postern_dmarc_required_headers = yes',
      'reject 550 5.7.1 message header has not exactly one From field',
    ],
    ['a@one.example\r\nFrom: ceo@reject.example', '', `reject ${REJECTED}`],
    ['=?utf-8?q?ceo=40reject=2Eexample?=@one.example', '', `reject ${REJECTED}`],
  ]
  for (const [from, mainCf, expected] of cases)
    test(`From: ${from.slice(0, 50).replace('\r\n', ' / ')} ${mainCf}`, async () => {
      const bench = openMessageBench(ZONE, mainCf)
      assert.equal(brief(await bench.judge(message(from))), expected)
      assert.deepEqual(bench.faults, [])
    })

  test('an aligned pass is accepted: by SPF, by DKIM', async () => {
    const bench = openMessageBench(ZONE)
    const bySpf = await bench.judge(message('ceo@reject.example'), {
      clientAddress: '192.0.2.99',
      sender: 'x@reject.example',
    })
    assert.equal(bySpf.action, 'accept')
    assert.deepEqual([bySpf.auth.dmarc.spfAligned, bySpf.auth.dmarc.dkimAligned], [true, false])
    const byDkim = await bench.judge(dkimSign(message('ceo@reject.example'), AUTHOR))
    assert.equal(byDkim.action, 'accept')
    assert.deepEqual([byDkim.auth.dmarc.spfAligned, byDkim.auth.dmarc.dkimAligned], [false, true])
    const broken = await bench.judge(dkimSign(message('ceo@reject.example'), AUTHOR).replace('Line one', 'Line 1'))
    assert.equal(brief(broken), `reject ${REJECTED}`)
  })

  test('the null sender: SPF of the HELO name counts (RFC 7208 2.4)', async () => {
    const bench = openMessageBench(ZONE)
    const envelope = { clientAddress: '192.0.2.99', sender: '', helo: 'reject.example' }
    const verdict = await bench.judge(message('mailer-daemon@reject.example'), envelope)
    assert.equal(verdict.action, 'accept')
    assert.match(results(verdict), / spf=pass smtp\.helo=reject\.example;/)
    assert.ok(verdict.log.some(line => line.text === 'SPF(helo): reject.example pass'))
  })

  test('who is not looked at: own hosts, signed in clients', async () => {
    const forged = message('ceo@reject.example', 'Authentication-Results: mx.here.example; dmarc=pass\r\n')
    const byAddress = await openMessageBench(ZONE).judge(forged, { clientAddress: '127.0.0.1' })
    assert.deepEqual([byAddress.action, byAddress.insert], ['accept', []])
    // RFC 8601 5: who adds such headers takes forged ones out, whether or not he judges the message.
    assert.deepEqual(byAddress.remove, [{ name: 'Authentication-Results', nth: 1 }])
    const mainCf = 'postern_dmarc_ignore_hosts = .there.example'
    assert.equal((await openMessageBench(ZONE, mainCf).judge(forged)).action, 'accept')
    assert.equal((await openMessageBench(ZONE, mainCf).judge(forged, { clientName: 'unknown' })).action, 'reject')
    const signedIn = await openMessageBench(ZONE).judge(forged, { authenticated: true })
    assert.deepEqual([signedIn.action, signedIn.insert], ['accept', []])
    assert.deepEqual(signedIn.remove, [{ name: 'Authentication-Results', nth: 1 }])
    const checked = openMessageBench(ZONE, 'postern_dmarc_ignore_authenticated_clients = no')
    assert.equal((await checked.judge(forged, { authenticated: true })).action, 'reject')
  })
})

describe('RFC 8601 what the header says', () => {
  test('every check, by its method', async () => {
    const verdict = await openMessageBench(ZONE).judge(dkimSign(message('ceo@sub.reject.example'), AUTHOR))
    const tag = verdict.auth.dkim[0]?.tag ?? ''
    const shown = /^[A-Za-z0-9+]*$/.test(tag) ? tag : `"${tag}"`
    assert.equal(
      results(verdict),
      `Authentication-Results: mx.here.example; spf=pass smtp.mailfrom=elsewhere.example; dkim=pass (2048-bit key) header.d=reject.example header.i=@reject.example header.a=rsa-sha256 header.s=s1 header.b=${shown}; arc=none; dmarc=pass (p=quarantine dis=none) header.from=sub.reject.example policy.dmarc=quarantine`,
    )
    assert.deepEqual(verdict.log, [
      { daemon: 'opendkim', text: 'DKIM verification successful' },
      { daemon: 'opendmarc', text: 'SPF(mailfrom): elsewhere.example pass' },
      { daemon: 'opendmarc', text: 'sub.reject.example pass' },
    ])
  })

  test('a message that is only marked', async () => {
    const bench = openMessageBench(ZONE, 'postern_dmarc_quarantine_header = X-Spam-Flag: YES')
    const verdict = await bench.judge(message('ceo@quarantine.example'))
    assert.match(
      results(verdict),
      /dkim=none; arc=none; dmarc=fail \(p=quarantine dis=quarantine\) header\.from=quarantine\.example policy\.dmarc=quarantine$/,
    )
    assert.deepEqual(verdict.insert.slice(1), ['X-Spam-Flag: YES'])
    assert.equal(verdict.auth.disposition, 'quarantine')
  })

  test('t=y: one level below, and why', async () => {
    const verdict = await openMessageBench(ZONE).judge(message('ceo@test.example'))
    assert.match(
      results(verdict),
      /dmarc=fail \(p=reject dis=quarantine override=policy_test_mode: t=y\) header\.from=test\.example policy\.dmarc=quarantine$/,
    )
    assert.equal(verdict.auth.override?.type, 'policy_test_mode')
  })

  test('T14.1 what the DNS did not tell', async () => {
    const verdict = await openMessageBench(ZONE).judge(message('ceo@down.example'), { sender: 'x@silent.example' })
    assert.match(
      results(verdict),
      / spf=temperror reason="TXT silent\.example: SERVFAIL from fake" smtp\.mailfrom=silent\.example; .*dmarc=temperror reason="TXT _dmarc\.down\.example: SERVFAIL from fake" header\.from=down\.example$/,
    )
  })

  test('forged ones are taken out, others stay', async () => {
    const more =
      'Authentication-Results: other.example; dmarc=pass\r\nAuthentication-Results : MX.here.example 1;\r\n dmarc=pass\r\nAUTHENTICATION-RESULTS: mx.here.example/1; none\r\n'
    const verdict = await openMessageBench(ZONE).judge(message('a@none.example', more))
    assert.deepEqual(verdict.remove, [
      { name: 'Authentication-Results', nth: 2 },
      { name: 'Authentication-Results', nth: 3 },
    ])
  })

  test('forged ones are taken out also where judging fails', async () => {
    const more = 'Authentication-Results: mx.here.example; dmarc=pass\r\n'
    const broken = (): never => {
      throw new Error('fault')
    }
    const bench = openMessageBench(ZONE, '', settings => ({
      ...settings,
      // Asked when the header is complete, and at the end.
      ignoreMailFrom: Object.assign(new DomainList([]), { has: broken }),
    }))
    const verdict = await bench.judge(message('a@none.example', more))
    assert.equal(bench.faults.length, 1)
    assert.deepEqual([verdict.action, verdict.insert], ['accept', []])
    assert.deepEqual(verdict.remove, [{ name: 'Authentication-Results', nth: 1 }])
  })

  test('Received-SPF, DMARC-Filter and the job id, if asked for', async () => {
    const bench = openMessageBench(
      ZONE,
      'postern_dmarc_received_spf = yes\npostern_dmarc_software_header = yes\npostern_dmarc_authserv_id_with_job_id = yes\npostern_dmarc_log = no\npostern_authserv_id = auth.here.example',
    )
    const verdict = await bench.judge(message('a@none.example'), { sender: 'a "b"@elsewhere.example', helo: 'x;y' })
    assert.match(verdict.insert[0] ?? '', /^Authentication-Results: "auth\.here\.example\/4bXyz";/)
    assert.deepEqual(verdict.insert.slice(1), [
      'Received-SPF: pass (ip4:192.0.2.1)\r\n\tclient-ip=192.0.2.1;\r\n\tenvelope-from="a \\"b\\"@elsewhere.example";\r\n\thelo="x;y";\r\n\tidentity=mailfrom;\r\n\treceiver=auth.here.example/4bXyz;',
      'DMARC-Filter: Postern v1 mx.here.example 4bXyz',
    ])
    assert.deepEqual(verdict.log, [])
  })

  test('hosts of ours in front are believed about what passed, about this sender', async () => {
    const front = (text: string) => message('ceo@reject.example', `Authentication-Results: ${text}\r\n`)
    const trusting = 'postern_dmarc_trusted_authserv_ids = front.here.example mx.here.example'
    const cases: readonly (readonly [text: string, mainCf: string, action: string])[] = [
      ['front.here.example; spf=pass smtp.mailfrom=x@reject.example', trusting, 'accept'],
      ['FRONT.here.example; dkim=pass header.d=reject.example', trusting, 'accept'],
      [
        'front.here.example; spf=pass smtp.mailfrom=x@reject.example',
        `${trusting}\npostern_dmarc_spf_ignore_results = yes`,
        'reject',
      ],
      ['front.here.example; spf=pass smtp.mailfrom=x@other.example', trusting, 'reject'],
      [
        'front.here.example; spf=fail smtp.mailfrom=reject.example; dkim=fail header.d=reject.example',
        trusting,
        'reject',
      ],
      ['front.here.example; spf=pass smtp.mailfrom=x@reject.example', '', 'reject'],
      ['other.example; dkim=pass header.d=reject.example', trusting, 'reject'],
      // Ours is forged, whatever is set.
      ['mx.here.example; dkim=pass header.d=reject.example', trusting, 'reject'],
    ]
    for (const [text, mainCf, action] of cases) {
      const verdict = await openMessageBench(ZONE, mainCf).judge(front(text), { sender: 'x@reject.example' })
      assert.equal(verdict.action, action, `${text} ${mainCf}`)
    }
  })
})

describe('exceptions', () => {
  const FIRST =
    'list.example; spf=pass smtp.mailfrom=reject.example; dkim=pass header.d=reject.example; dmarc=pass header.from=reject.example'
  const TRUSTING = 'postern_arc_trusted_sealers = list.example, esp.example'

  /** Signed by its author, changed and sealed by a list, passed on and sealed by another. */
  function forwarded(first = FIRST): string {
    const original = dkimSign(message('ceo@reject.example'), AUTHOR)
    const changed = original.replace('Subject: hello', 'Subject: [list] hello')
    const once = arcSeal(changed, { key: LIST, instance: 1, cv: 'none', authResults: first })
    return arcSeal(once, {
      key: ESP,
      instance: 2,
      cv: 'pass',
      authResults: 'esp.example; arc=pass; dmarc=fail header.from=reject.example',
    })
  }

  test('T10.1 a sound chain of trusted sealers whose first set says pass is accepted, and it is told why', async () => {
    const verdict = await openMessageBench(ZONE, TRUSTING).judge(forwarded())
    assert.equal(verdict.auth.arc.result, 'pass', verdict.auth.arc.problem ?? '')
    assert.equal(verdict.auth.dmarc.result, 'fail')
    assert.equal(brief(verdict), 'accept')
    const comment = 'arc=pass as[2].d=esp.example as[2].s=arc as[1].d=list.example as[1].s=arc'
    assert.deepEqual(verdict.auth.override, { type: 'local_policy', comment })
    assert.ok(
      results(verdict).includes(
        `dmarc=fail (p=reject dis=none override=local_policy: ${comment}) header.from=reject.example`,
      ),
    )
    assert.ok(verdict.log.some(line => line.text === 'ARC pass, policy pass > overriding DMARC fail'))
  })

  const refused: readonly (readonly [what: string, text: () => string, mainCf: string])[] = [
    ['one altered header', () => forwarded().replace('Subject: [list] hello', 'Subject: [list] hullo'), TRUSTING],
    ['one altered byte of the body', () => forwarded().replace('Line one', 'Line One'), TRUSTING],
    [
      'an altered first set',
      () => forwarded(FIRST.replace('dmarc=pass', 'dmarc=fail')).replace('dmarc=fail', 'dmarc=pass'),
      TRUSTING,
    ],
    ['no sealer is trusted', () => forwarded(), ''],
    ['the second sealer is not trusted', () => forwarded(), 'postern_arc_trusted_sealers = list.example'],
    ['the first sealer is not trusted', () => forwarded(), 'postern_arc_trusted_sealers = esp.example, .list.example'],
    ['the first set says fail', () => forwarded(FIRST.replace('dmarc=pass', 'dmarc=fail')), TRUSTING],
    [
      'the first set is about another author',
      () => forwarded(FIRST.replace('header.from=reject', 'header.from=other')),
      TRUSTING,
    ],
    ['the first set says nothing', () => forwarded('list.example; none'), TRUSTING],
    [
      'the first set proves another domain',
      () => forwarded('list.example; dkim=pass header.d=other.example; spf=pass smtp.mailfrom=badreject.example'),
      TRUSTING,
    ],
  ]
  for (const [what, text, mainCf] of refused)
    test(`T10.2 refused: ${what}`, async () => {
      assert.equal(brief(await openMessageBench(ZONE, mainCf).judge(text())), `reject ${REJECTED}`)
    })

  for (const first of [
    'list.example; dkim=pass header.i=@mail.reject.example',
    'list.example; spf=pass smtp.mailfrom=x@reject.example',
  ])
    test(`T10.1 a sealer without DMARC: ${first}`, async () => {
      assert.equal(brief(await openMessageBench(ZONE, TRUSTING).judge(forwarded(first))), 'accept')
    })

  const forwarders: readonly (readonly [set: string, envelope: Partial<AuthEnvelope>, action: string])[] = [
    ['mail.there.example:here.example', {}, 'accept'],
    ['.there.example:here.example', {}, 'accept'],
    ['mail.there.example', { recipients: ['a@x.example', 'b@y.example'] }, 'accept'],
    ['mail.there.example:here.example', { recipients: ['user@other.example'] }, 'reject'],
    ['mail.there.example:here.example', { recipients: ['user@here.example', 'user@other.example'] }, 'reject'],
    [
      'mail.there.example:here.example mail.there.example:other.example',
      { recipients: ['user@here.example', 'user@OTHER.example'] },
      'accept',
    ],
    ['mail.there.example:here.example', { clientName: 'mail.elsewhere.example' }, 'reject'],
    ['mail.there.example:here.example', { clientName: 'unknown' }, 'reject'],
    ['there.example:here.example', {}, 'reject'],
  ]
  for (const [set, envelope, action] of forwarders)
    test(`T10.3 ${set} with ${JSON.stringify(envelope)}: ${action}`, async () => {
      const bench = openMessageBench(ZONE, `postern_dmarc_trusted_forwarders = ${set}`)
      const verdict = await bench.judge(message('ceo@reject.example'), envelope)
      assert.equal(verdict.action, action)
      const override =
        action === 'accept' ? { type: 'trusted_forwarder', comment: 'forwarded by mail.there.example' } : null
      assert.deepEqual(verdict.auth.override, override)
    })
})

test('lookups begin as soon as they can: SPF with the envelope, policy and keys with the header', async () => {
  const bench = openMessageBench(ZONE)
  const verdict = await bench.judge(dkimSign(message('ceo@reject.example'), AUTHOR))
  assert.equal(verdict.action, 'accept')
  assert.deepEqual(bench.resolver.asked.slice(0, 4), [
    'TXT elsewhere.example',
    'TXT _dmarc.reject.example',
    'TXT _dmarc.example',
    'TXT s1._domainkey.reject.example',
  ])
})
