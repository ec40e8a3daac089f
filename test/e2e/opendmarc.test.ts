/**
 * Debian's OpenDKIM and OpenDMARC as milters of a real Postfix, and beside it the same Postfix with Postern as its milter, over one
 * name server: the same messages have the same fate, and Authentication-Results say the same. What differs is named here, and argued
 * for in docs/compatibility.md.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { property } from '../../src/mailauth/auth_results/auth_results.ts'
import { type DmarcCase, dmarcCases, dmarcZone } from '../support/dmarc_cases.ts'
import { AUTHSERV_ID, MilteredPostfix, type Outcome, resultsOf, startPosternMilter } from '../support/dmarc_sides.ts'
import { type FixtureDns, startFixtureDns } from '../support/fixture_dns.ts'
import type { JudgingMilter } from '../support/judging_milter.ts'
import { oddCases, oddZone } from '../support/odd_dmarc_cases.ts'
import { opendmarcSkip, RealOpendmarc } from '../support/opendmarc.ts'

const NAME_SERVER = '127.0.84.53'

/** The reply and what the headers say: "spf=pass d.example; dkim=fail d.example; dmarc=fail d.example". */
function told({ reply, content }: Outcome): string {
  const words = resultsOf(content)
    .filter(({ method }) => ['spf', 'dkim', 'dmarc'].includes(method))
    .map(result => {
      const named = ['smtp.mailfrom', 'smtp.helo', 'header.d', 'header.from'] as const
      const about = named.map(name => property(result, name)).find(value => value !== null) ?? ''
      return `${result.method}=${result.result} ${about}`
    })
  return [reply, ...words.toSorted()].join('; ')
}

/** "p=reject": what was asked for, which the comment tells; OpenDMARC says "p=none" where there is no record, too. */
function policyOf({ content }: Outcome): string {
  return /dmarc=(?:pass|fail)\s+\((p=\w+)/.exec(content)?.[1] ?? ''
}

/** Known differences, by the words of docs/compatibility.md. */
const DIFFERENCES: readonly {
  readonly name: string
  readonly applies: (theirs: string, own: string, name: string) => boolean
}[] = [
  {
    name: 'a signature without a key is dkim=permerror, not fail',
    applies: (theirs, own, name) =>
      name.includes('DKIM nokey') && theirs.replace('dkim=fail', 'dkim=permerror') === own,
  },
  {
    name: 'strict alignment takes no names below',
    applies: (theirs, own, name) =>
      name.includes('from postern-strict.com') &&
      / (?:DKIM|SPF) sub/.test(name) &&
      theirs.includes('dmarc=pass') &&
      own.startsWith('550 5.7.1 rejected by DMARC policy for postern-strict.com'),
  },
]

/** "250 fail p=none": the reply and what became of DMARC, where that can be seen. */
function verdictOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return ''
  const dmarc = resultsOf(outcome.content).find(({ method }) => method === 'dmarc')
  const domain = /policy for (\S+)$/.exec(outcome.reply)?.[1] ?? ''
  return [outcome.reply.slice(0, 3), dmarc?.result ?? domain, policyOf(outcome)].filter(word => word !== '').join(' ')
}

/** Lines about messages, without their queue ids. */
function logOf(lines: readonly string[], daemon: string): readonly string[] {
  return lines
    .filter(line => line.startsWith(`${daemon}: `) && /: [0-9A-F]{8,}: /.test(line))
    .map(line => line.replace(/: [0-9A-F]{8,}: /, ': '))
}

describe('G23 T10.4 OpenDKIM with OpenDMARC, and Postern', { skip: opendmarcSkip() }, () => {
  let dns: FixtureDns
  let real: RealOpendmarc
  let ours: JudgingMilter
  let theirPostfix: MilteredPostfix
  let ourPostfix: MilteredPostfix
  before(async () => {
    dns = (await startFixtureDns({ ...dmarcZone(), ...oddZone() }, { host: NAME_SERVER, port: 53 })).dns
    real = await RealOpendmarc.start({
      conf: 'RejectFailures true\n',
      authservId: AUTHSERV_ID,
      nameServer: NAME_SERVER,
    })
    ours = await startPosternMilter('postern_dmarc_ignore_hosts =', NAME_SERVER)
    theirPostfix = await MilteredPostfix.start([real.dkimPort, real.dmarcPort], NAME_SERVER, 10041)
    ourPostfix = await MilteredPostfix.start([ours.port], NAME_SERVER, 10042)
  })
  after(async () => {
    await Promise.all([theirPostfix?.stop(), ourPostfix?.stop(), ours?.close()])
    real?.stop()
    dns?.close()
  })

  const play = (cases: readonly DmarcCase[]) => Promise.all([theirPostfix.play(cases), ourPostfix.play(cases)])

  test(`${dmarcCases().length} messages: policies, subdomains, SPF and DKIM in all combinations`, async t => {
    const cases = dmarcCases().toSorted(
      (a, b) => a.helo.localeCompare(b.helo) || a.clientAddress.localeCompare(b.clientAddress),
    )
    const [theirs, own] = await play(cases)
    const seen = new Map<string, number>()
    const wrong = cases.flatMap(({ name }, i) => {
      const [one = '', other = ''] = [theirs[i], own[i]].map(outcome =>
        outcome === undefined ? '' : `${told(outcome)} ${policyOf(outcome)}`,
      )
      if (one === other) return []
      const known = DIFFERENCES.find(({ applies }) => applies(one, other, name))
      if (known === undefined) return [`${name}\n  OpenDMARC: ${one}\n  Postern:   ${other}`]
      seen.set(known.name, (seen.get(known.name) ?? 0) + 1)
      return []
    })
    assert.deepEqual(wrong, [])
    // What is named must be there.
    assert.deepEqual([...seen.keys()].toSorted(), DIFFERENCES.map(({ name }) => name).toSorted())
    t.diagnostic(`differ: ${JSON.stringify(Object.fromEntries(seen))} of ${cases.length}`)
    assert.ok(own.filter(({ reply }) => reply.startsWith('550 5.7.1 rejected by DMARC policy for ')).length > 100)
    const logs = [ours.log, await real.log()]
    const [ourDmarc, theirDmarc] = logs.map(lines =>
      logOf(lines, 'opendmarc')
        .filter(line => !line.includes(' postern-strict.com'))
        .toSorted(),
    )
    assert.deepEqual(ourDmarc, theirDmarc)
    const conclusion = /: (?:DKIM verification successful|bad signature data|key retrieval failed .*)$/
    const [ourDkim, theirDkim] = logs.map(lines =>
      logOf(lines, 'opendkim')
        .filter(line => conclusion.test(line))
        .toSorted(),
    )
    assert.deepEqual(ourDkim, theirDkim)
    assert.equal(ourDkim?.length, cases.filter(({ name }) => !name.includes('unsigned')).length)
    assert.deepEqual(ours.warnings, [])
  })

  test(`${oddCases().length} messages about which they need not agree, each as docs/compatibility.md says`, async () => {
    const cases = oddCases()
    const [theirs, own] = await play(cases.map(({ message }) => message))
    const found = cases.map(({ message }, i) => `${message.name} | ${verdictOf(theirs[i])} | ${verdictOf(own[i])}`)
    assert.deepEqual(
      found,
      cases.map(one => `${one.message.name} | ${one.theirs} | ${one.own}`),
    )
  })
})
