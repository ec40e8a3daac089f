import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from '../config/config.ts'
import { isOwnMilter, messageJudging } from './message_judging.ts'

function config(mainCf: string): Parameters<typeof messageJudging>[0] {
  return loadConfig({
    mainCf: `compatibility_level = 3.6\nqueue_directory = /var/spool/postfix\n${mainCf}`,
    path: '/etc/postfix/main.cf',
    env: { hostname: 'mx.example', interfaces: [], readFirstLine: () => null },
  }).config
}

describe('messageJudging', () => {
  const judge = (): never => {
    throw new Error('not to be called')
  }
  const cases: [string, boolean | null][] = [
    ['', null],
    ['smtpd_end_of_data_restrictions = check_dmarc', false],
    ['smtpd_end_of_data_restrictions = permit_mynetworks, CHECK_DMARC, reject', false],
    ['smtpd_restriction_classes = strict\nstrict = check_dmarc', false],
    ['smtpd_recipient_restrictions = permit', null],
    ['postern_arc_seal_domain = example.org', false],
    ['smtpd_milters = inet:127.0.0.1:8893', true],
    ['smtpd_milters = inet:127.0.0.1:8891, inet:localhost:8893', true],
    ['smtpd_milters = inet:127.0.0.1:8891', null],
    ['smtpd_milters = { inet:127.0.0.1:8893, command_timeout = 5s }', true],
    ['postern_milter_listen = unix:private/postern\nsmtpd_milters = unix:/var/spool/postfix/private/postern', true],
    ['postern_milter_listen =\nsmtpd_milters = inet:127.0.0.1:8893', null],
    ['postern_milter_listen = inet:0.0.0.0:99\nsmtpd_milters = inet:127.0.0.1:99', true],
    ['postern_milter_listen = inet:0.0.0.0:99\nsmtpd_milters = inet:192.0.2.1:99', null],
  ]
  for (const [mainCf, asMilter] of cases)
    test(mainCf === '' ? 'nothing said' : mainCf, () => {
      assert.equal(messageJudging(config(mainCf), judge)?.asMilter ?? null, asMilter)
    })

  test('what is no endpoint is nobody', () => {
    assert.equal(isOwnMilter('', config('')), false)
  })
})
