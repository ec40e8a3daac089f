/**
 * Debian's policyd-spf and Postern, asked the same over the same zone under each setting of policyd-spf.conf(5): the same
 * actions and log lines. What differs is named here and argued for in docs/compatibility.md.
 */
import assert from 'node:assert/strict'
import os from 'node:os'
import { after, before, describe, test } from 'node:test'
import { makeResolver } from '../../src/dns/cache.ts'
import { parsePolicydConf } from '../../src/mailauth/spf/policyd/conf_file.ts'
import { makeSpfPolicy, type SpfPolicy } from '../../src/mailauth/spf/policyd/policy.ts'
import { systemClock } from '../../src/util/clock.ts'
import { type FixtureDns, startFixtureDns } from '../support/fixture_dns.ts'
import { type Attributes, policydSpfSkip, RealPolicydSpf } from '../support/policyd_spf.ts'
import { SPF_ZONE, spfRequest, spfRequests } from '../support/spf_requests.ts'
import { loadSuite, suiteRecords } from '../support/spf_suite.ts'

const NAME_SERVER = '127.0.83.53'
const QUICK = 'Lookup_Time = 1\n'

/** One conf file each; "several" settings where they meet. */
const CONFS: readonly (readonly [name: string, conf: string])[] = [
  [
    'Debian',
    'debugLevel = 1\nTestOnly = 1\nHELO_reject = Fail\nMail_From_reject = Fail\nPermError_reject = False\nTempError_Defer = False\n',
  ],
  ['no settings', ''],
  ['HELO_reject = SPF_Not_Pass', 'HELO_reject = SPF_Not_Pass\n'],
  ['HELO_reject = Softfail', 'HELO_reject = Softfail\n'],
  ['HELO_reject = Null', 'HELO_reject = Null\n'],
  ['HELO_reject = False', 'HELO_reject = False\n'],
  ['HELO_reject = No_Check', 'HELO_reject = No_Check\n'],
  ['HELO_pass_restriction', 'HELO_pass_restriction = helo_passed_spf\nMail_From_pass_restriction = from_passed_spf\n'],
  ['Mail_From_reject = SPF_Not_Pass', 'HELO_reject = False\nMail_From_reject = SPF_Not_Pass\n'],
  ['Mail_From_reject = Softfail', 'HELO_reject = False\nMail_From_reject = Softfail\n'],
  ['Mail_From_reject = False', 'HELO_reject = False\nMail_From_reject = False\n'],
  ['Mail_From_reject = No_Check', 'Mail_From_reject = No_Check\n'],
  ['neither is checked', 'HELO_reject = No_Check\nMail_From_reject = No_Check\n'],
  ['Mail_From_pass_restriction', 'Mail_From_pass_restriction = permit\n'],
  ['No_Mail', 'No_Mail = True\n'],
  ['PermError_reject', 'PermError_reject = True\n'],
  ['PermError_reject without HELO', 'HELO_reject = False\nPermError_reject = True\n'],
  ['skip_addresses', 'skip_addresses = 192.0.2.0/24,2001:db8::/64\n'],
  ['Whitelist', 'Whitelist = 198.51.100.0/29,2001:db8::1\n'],
  ['HELO_Whitelist', 'HELO_Whitelist = nomail.example,relay.example\n'],
  ['Domain_Whitelist', 'Domain_Whitelist = none.example,relay.example\n'],
  ['Domain_Whitelist_PTR', 'Domain_Whitelist_PTR = ptr.example\n'],
  [
    'Reject_Not_Pass_Domains',
    'HELO_reject = False\nMail_From_reject = False\nReject_Not_Pass_Domains = soft.example,neutral.example,perm.example\n',
  ],
  ['TestOnly = 0', 'TestOnly = 0\n'],
  ['Header_Type = AR', 'Header_Type = AR\nAuthserv_Id = mx.here.example\n'],
  ['Header_Type = AR, by HOSTNAME', 'Header_Type = AR\nMail_From_reject = No_Check\nHELO_reject = False\n'],
  [
    'Header_Type = AR, skipped',
    'Header_Type = AR\nAuthserv_Id = mx\nskip_addresses = 192.0.2.0/24\nWhitelist = 198.51.100.7\n',
  ],
  ['Header_Type = None', 'Header_Type = None\n'],
  ['Hide_Receiver', 'Hide_Receiver = Yes\n'],
  ['SPF_Enhanced_Status_Codes', 'SPF_Enhanced_Status_Codes = No\nPermError_reject = True\n'],
  ['Reason_Message', 'Reason_Message = {spf}: {rejectdefer} ({url})\n'],
  ['Prospective', 'Prospective = 198.51.100.7\nHELO_reject = No_Check\n'],
  ['Void_Limit', 'Void_Limit = 3\n'],
  ['Mock', 'Mock = True\n'],
  ['debugLevel = 0', 'debugLevel = 0\n'],
]

/** Known differences between policyd-spf and Postern, by the words of docs/compatibility.md. */
const DIFFERENCES: readonly {
  readonly name: string
  readonly applies: (real: string, ours: string, request: Attributes, conf: string) => boolean
}[] = [
  {
    name: 'Domain_Whitelist_PTR takes an unconfirmed name',
    applies: (real, _ours, request, conf) =>
      conf.includes('Domain_Whitelist_PTR') &&
      request['client_address'] === '198.51.100.7' &&
      real.includes('PTR whitelisted'),
  },
  {
    name: 'py3dns does not find names below an xn-- top-level label; the suite says pass',
    applies: (real, ours, request) =>
      request['instance'] === 'a-dash-in-toplabel' &&
      ours.includes('Received-SPF: Pass') &&
      real.startsWith('550 5.7.23'),
  },
]

/** The words of an error are our own: they name the domain, too. */
function plain(action: string): string {
  return action.replace(
    /SPF (Permanent|Temporary) Error: [\s\S]*?(?=\) identity=|\) smtp\.|\. Please see|$)/,
    'SPF $1 Error: …',
  )
}

describe('G22 policyd-spf of Debian and Postern say the same', { skip: policydSpfSkip() }, () => {
  let dns: FixtureDns
  before(async () => {
    dns = (await startFixtureDns(SPF_ZONE, { host: NAME_SERVER, port: 53 })).dns
  })
  after(() => dns.close())

  for (const [name, conf] of CONFS) {
    test(`G22 ${name}: the same answers and log lines to ${spfRequests().length} requests`, async () => {
      const pair = await Pair.start(conf)
      try {
        for (const request of spfRequests()) await pair.same(request)
        await pair.sameLog()
      } finally {
        pair.stop()
      }
    })
  }

  test('G22 one header for a message of several recipients, and the same refusal for each', async () => {
    const pair = await Pair.start('')
    try {
      for (const sender of ['u@pass.example', 'u@nomail.example', 'u@none.example', ''])
        for (const recipient of ['a@one.example', 'b@two.example', 'c', 'd@e@f'])
          await pair.same(
            spfRequest({ client: '192.0.2.9', helo: 'mx.a.example', sender, recipient }, `several ${sender}`),
          )
      await pair.sameLog()
    } finally {
      pair.stop()
    }
  })

  for (const conf of ['TempError_Defer = True\n', 'TempError_Defer = False\n']) {
    test(`G22 T14.1 ${conf.trim()}: a name server that is silent is a temperror for both`, async () => {
      dns.set('silent.example', { TXT: 'TIMEOUT' })
      const pair = await Pair.start(conf + QUICK)
      try {
        const at = { client: '192.0.2.1', recipient: 'r@here.example' }
        await pair.same(spfRequest({ ...at, helo: 'pass.example', sender: 'u@silent.example' }, 'silent'))
      } finally {
        pair.stop()
      }
    })
  }
})

describe('G22 T14.3 the RFC 7208 suite through policyd-spf and Postern', { skip: policydSpfSkip() }, () => {
  for (const { description, cases, zone } of loadSuite()) {
    test(`G22 T14.3 ${description}`, async () => {
      const { dns } = await startFixtureDns(suiteRecords(zone, 'TIMEOUT'), { host: NAME_SERVER, port: 53 })
      const pair = await Pair.start(`PermError_reject = True\nTempError_Defer = True\n${QUICK}`)
      try {
        for (const { name, helo, host, mailfrom } of cases) {
          // Postfix shows addresses in lower case; policyd-spf lowers the rest.
          const at = { client: host.toLowerCase(), helo: helo.toLowerCase(), sender: mailfrom.toLowerCase() }
          await pair.same(spfRequest(at, name))
        }
      } finally {
        pair.stop()
        dns.close()
      }
    })
  }
})

/** Both, with one conf file. */
class Pair {
  readonly #real: RealPolicydSpf
  readonly #policy: SpfPolicy
  readonly #conf: string
  readonly #logged: string[] = []
  readonly #resolver = makeResolver({ servers: [{ address: NAME_SERVER, port: 53 }], clock: systemClock })
  #compareLogs = true

  private constructor(real: RealPolicydSpf, conf: string) {
    this.#real = real
    this.#conf = conf
    const { settings } = parsePolicydConf(conf, os.hostname())
    this.#policy = makeSpfPolicy({ settings, resolver: this.#resolver, clock: systemClock, hostname: os.hostname() })
  }

  static async start(conf: string): Promise<Pair> {
    return new Pair(await RealPolicydSpf.start(conf, NAME_SERVER), conf)
  }

  /** Asks both; fails when they differ and no named difference says why. */
  async same(request: Attributes): Promise<void> {
    const real = plain(await this.#real.ask(request))
    const { action, log } = await this.#policy.decide({
      instance: request['instance'] ?? '',
      address: request['client_address'] ?? '',
      helo: request['helo_name'] ?? '',
      sender: request['sender'] ?? '',
      recipient: request['recipient'] ?? '',
      queueId: request['queue_id'] ?? '',
    })
    this.#logged.push(...log)
    const ours = plain(action)
    if (ours === real) return
    const known = DIFFERENCES.find(each => each.applies(real, ours, request, this.#conf))
    if (known === undefined) assert.equal(ours, real, `${this.#conf}${JSON.stringify(request)}`)
    this.#compareLogs = false
  }

  /** policyd-spf puts ": " before its lines where there is no queue id. */
  async sameLog(): Promise<void> {
    if (!this.#compareLogs) return
    const real = (await this.#real.log()).map(line => plain(line.replace(/^: /, '')))
    assert.deepEqual(this.#logged.map(plain), real)
  }

  stop(): void {
    this.#real.stop()
    this.#resolver.close()
  }
}
