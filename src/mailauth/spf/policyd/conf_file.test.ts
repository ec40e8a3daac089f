import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseIp } from '../../../util/ip.ts'
import { parsePolicydConf } from './conf_file.ts'
import { policydDefaults } from './settings.ts'

/** What Debian installs as /etc/postfix-policyd-spf-python/policyd-spf.conf. */
const DEBIAN = `#  For a fully commented sample config file see policyd-spf.conf.commented

debugLevel = 1 
TestOnly = 1

HELO_reject = Fail
Mail_From_reject = Fail

PermError_reject = False
TempError_Defer = False

skip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1
`

function parse(text: string): ReturnType<typeof parsePolicydConf> {
  return parsePolicydConf(text, 'mx.example.org')
}

test("G22 Debian's policyd-spf.conf is read without a word, and says what policyd-spf does anyway", () => {
  const { settings, problems } = parse(DEBIAN)
  assert.deepEqual(problems, [])
  assert.deepEqual({ ...settings, skipAddresses: 0 }, { ...policydDefaults('mx.example.org'), skipAddresses: 0 })
  assert.ok(settings.skipAddresses.has(parseIp('127.1.2.3') ?? assert.fail()))
})

describe('options', () => {
  const cases: readonly (readonly [line: string, name: keyof typeof SETTINGS, value: unknown])[] = [
    ['HELO_reject = SPF_Not_Pass # comment', 'heloReject', 'spf_not_pass'],
    ['HELO_reject=No_Check', 'heloReject', 'no_check'],
    ['Mail_From_reject = false', 'mailFromReject', 'false'],
    ['TestOnly = 0', 'testOnly', true],
    ['Header_Type = AR', 'headerType', 'ar'],
    ['Authserv_Id = HOSTNAME', 'authservId', 'mx.example.org'],
    ['Authserv_Id = id.example', 'authservId', 'id.example'],
    ['Hide_Receiver = anything', 'hideReceiver', true],
    ['SPF_Enhanced_Status_Codes = No', 'enhancedStatusCodes', false],
    ['Lookup_Time = 5', 'lookupTime', 5],
    ['HELO_Whitelist = A.example, b.example', 'heloWhitelist', ['a.example', 'b.example']],
    ['No_Mail = True', 'noMail', true],
    ['Mock = False', 'mock', false],
    ['debugLevel = -1', 'debugLevel', -1],
  ]
  for (const [line, name, value] of cases) {
    test(line, () => {
      const { settings, problems } = parse(line)
      assert.deepEqual(problems, [])
      assert.deepEqual(settings[name], value)
    })
  }
})

const SETTINGS = policydDefaults('')

describe('what is wrong is told with its line, and the default stays', () => {
  const cases: readonly (readonly [text: string, line: number, told: string, remedy: string | null])[] = [
    ['\n\nHELO_rejct = Fail', 3, 'unknown name "HELO_rejct"', 'did you mean HELO_reject?'],
    ['Zzzzzzzzzzzz = 1', 1, 'unknown name "Zzzzzzzzzzzz"', null],
    ['HELO_reject = Fial', 1, 'HELO_reject = Fial: expected false, fail, softfail, spf_not_pass, null, no_check', null],
    [
      'Mail_From_reject = Null',
      1,
      'Mail_From_reject = Null: expected false, fail, softfail, spf_not_pass, no_check',
      null,
    ],
    ['TestOnly = yes', 1, 'TestOnly = yes: expected a whole number from 0 to 1', null],
    [
      'skip_addresses = 127.0.0.1/8',
      1,
      'skip_addresses: non-null host address bits in "127.0.0.1/8", perhaps you should use "127.0.0.0/8" instead, ignored',
      null,
    ],
    ['Reason_Message = a=b', 1, '"Reason_Message" has two "=" signs; policyd-spf ignores such a line', null],
    ['HELO_reject', 1, '"HELO_reject" has no value', 'write NAME = VALUE'],
    ['Per_User = text,/etc/x', 1, 'Per_User is not offered here and is ignored', null],
    ['defaultSeedOnly = 0', 1, 'defaultSeedOnly: does nothing: policyd-spf looks only at TestOnly', null],
  ]
  for (const [text, line, told, remedy] of cases) {
    test(JSON.stringify(text), () => {
      const { settings, problems } = parse(text)
      assert.deepEqual(problems, [{ line, text: told, remedy }])
      assert.deepEqual([settings.heloReject, settings.testOnly], ['fail', false])
    })
  }
})
