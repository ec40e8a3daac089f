import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from './config.ts'
import { findContradictions, type KnownRestriction } from './contradictions.ts'
import { formatProblem } from './place.ts'

const finals = new Set(['permit', 'reject', 'defer'])
const withArgument = /^(?:check_\w+_access|check_policy_service|(?:reject|permit)_(?:rbl|rhsbl|dnswl|rhswl)_\w+)$/
const aliases: Readonly<Record<string, string>> = { reject_unknown_client: 'reject_unknown_client_hostname' }

const known: KnownRestriction = name => {
  const lower = name.toLowerCase()
  const real = aliases[lower] ?? lower
  return { name: real, final: finals.has(real), ...(withArgument.test(real) ? { argument: 'x' } : {}) }
}

function warnings(text: string): readonly string[] {
  const mainCf = `${text}\ncompatibility_level = 3.6\n`
  const env = { hostname: 'h', interfaces: [], readFirstLine: () => null }
  return findContradictions(loadConfig({ mainCf, path: 'main.cf', env }).config, known).map(formatProblem)
}

describe('findContradictions', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['the defaults are sound', '', []],
    [
      'check_dmarc where there is no message',
      'smtpd_end_of_data_restrictions = check_dmarc\nsmtpd_data_restrictions = check_dmarc',
      [
        'main.cf:2:27: check_dmarc does nothing here: write it into smtpd_end_of_data_restrictions, where there is a message',
      ],
    ],
    [
      'a permit that makes a reject dead',
      'smtpd_client_restrictions = permit_mynetworks, permit, reject_rbl_client zen.example',
      ['main.cf:1:56: "reject_rbl_client" is never reached: "permit" in front of it always ends the list'],
    ],
    ['a permit under warn_if_reject as well', 'smtpd_data_restrictions = warn_if_reject reject, reject_x', []],
    ['one at the end is fine', 'smtpd_data_restrictions = reject_unauth_pipelining, permit', []],
    [
      'a class that always ends',
      'smtpd_restriction_classes = all\nall = check_client_access hash:x, PERMIT\nsmtpd_data_restrictions = all, reject_x',
      ['main.cf:3:32: "reject_x" is never reached: "all" in front of it always ends the list'],
    ],
    [
      'within a class',
      'smtpd_restriction_classes = all\nall = reject, permit',
      ['main.cf:2:15: "permit" is never reached: "reject" in front of it always ends the list'],
    ],
    [
      'a DNS list twice in one list',
      'smtpd_client_restrictions = permit_mynetworks, reject_rbl_client zen.example,\n reject_rbl_client ZEN.example',
      [
        'main.cf:2:2: "reject_rbl_client ZEN.example" is asked twice: it already stands in smtpd_client_restrictions at main.cf:1:48',
      ],
    ],
    [
      'a refusal in two lists',
      'smtpd_helo_restrictions = reject_unknown_sender_domain\nsmtpd_sender_restrictions = reject_unknown_sender_domain',
      [
        'main.cf:2:29: "reject_unknown_sender_domain" is asked twice: it already stands in smtpd_helo_restrictions at main.cf:1:27',
      ],
    ],
    [
      'not twice: other answers, another kind, tables, relaying, whitelists of other lists, a trial',
      `smtpd_client_restrictions = permit_mynetworks, reject_rbl_client z.example=127.0.0.2, reject_rbl_client z.example=127.0.0.3
        permit_dnswl_client w.example, reject_rhsbl_client z.example, check_client_access hash:x, warn_if_reject reject_rbl_client d.example
smtpd_recipient_restrictions = permit_mynetworks, permit_dnswl_client w.example, check_client_access hash:x, reject_unauth_destination, reject_rbl_client d.example`,
      [],
    ],
    [
      'one of two name checks is enough',
      'smtpd_sender_restrictions = permit_mynetworks, reject_unknown_reverse_client_hostname, reject_unknown_client',
      [
        'main.cf:1:48: reject_unknown_client_hostname refuses every client that reject_unknown_reverse_client_hostname refuses, and more: one of the two is enough',
      ],
    ],
    [
      'no permit_mynetworks',
      'smtpd_helo_restrictions = reject_invalid_helo_hostname',
      [
        'main.cf:1:27: smtpd_helo_restrictions does not have permit_mynetworks: "reject_invalid_helo_hostname" also judges the clients of mynetworks',
      ],
    ],
    [
      'permit_mynetworks too late',
      'smtpd_client_restrictions = reject_rbl_client zen.example, permit_mynetworks',
      [
        'main.cf:1:29: smtpd_client_restrictions has permit_mynetworks only behind it: "reject_rbl_client" also judges the clients of mynetworks',
      ],
    ],
    [
      'not needed for what is about addresses',
      'smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain',
      [],
    ],
  ]
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(warnings(text), expected))

  test('a class that names itself does no harm', () => {
    assert.deepEqual(warnings('smtpd_restriction_classes = a\na = a, b'), [])
  })
})
