/** Holds docs/compatibility.md to the code, both ways: nothing claimed that is not there, nothing there that is not told. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { NO_EFFECT } from '../src/bin/gateway_limits.ts'
import { accessVerdict } from '../src/engine/access.ts'
import { registry } from '../src/restrictions/index.ts'
import { TABLE_TYPES } from '../src/table/open.ts'

interface Row {
  readonly names: readonly string[]
  readonly verdict: string
  readonly how: string
}

const document = fs.readFileSync(path.join(import.meta.dirname, '../docs/compatibility.md'), 'utf8')

/** The rows of the table below a heading. */
function rowsOf(heading: string): readonly Row[] {
  const section = document.split(/^## /m).find(part => part.startsWith(`${heading}\n`))
  assert.ok(section, `no section "${heading}"`)
  return section
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^\| (?:---|word|action|type|parameter) /.test(line))
    .map(line => {
      const [, name = '', verdict = '', how = ''] = line.split('|').map(cell => cell.trim())
      return { names: [...name.matchAll(/`([^`]+)`/g)].map(match => match[1] ?? ''), verdict, how }
    })
}

/** Every word that smtpd(8) of Postfix 3.7 to 3.10 takes in a restriction list. */
const POSTFIX_WORDS = `
  check_ccert_access check_client_a_access check_client_access check_client_mx_access check_client_ns_access
  check_etrn_access check_helo_a_access check_helo_access check_helo_mx_access check_helo_ns_access check_policy_service
  check_recipient_a_access check_recipient_access check_recipient_mx_access check_recipient_ns_access
  check_relay_domains check_reverse_client_hostname_a_access check_reverse_client_hostname_access
  check_reverse_client_hostname_mx_access check_reverse_client_hostname_ns_access check_sasl_access
  check_sender_a_access check_sender_access check_sender_mx_access check_sender_ns_access defer defer_if_permit
  defer_if_reject defer_unauth_destination permit permit_auth_destination permit_dnswl_client permit_inet_interfaces
  permit_mx_backup permit_mynetworks permit_naked_ip_address permit_rhswl_client permit_sasl_authenticated
  permit_tls_all_clientcerts permit_tls_clientcerts reject reject_authenticated_sender_login_mismatch
  reject_invalid_helo_hostname reject_invalid_hostname reject_known_sender_login_mismatch reject_maps_rbl
  reject_multi_recipient_bounce reject_non_fqdn_helo_hostname reject_non_fqdn_hostname reject_non_fqdn_recipient
  reject_non_fqdn_sender reject_plaintext_session reject_rbl reject_rbl_client reject_rhsbl_client reject_rhsbl_helo
  reject_rhsbl_recipient reject_rhsbl_reverse_client reject_rhsbl_sender reject_sender_login_mismatch
  reject_unauth_destination reject_unauth_pipelining reject_unauthenticated_sender_login_mismatch reject_unknown_address
  reject_unknown_client reject_unknown_client_hostname reject_unknown_helo_hostname reject_unknown_hostname
  reject_unknown_recipient_domain reject_unknown_reverse_client_hostname reject_unknown_sender_domain
  reject_unlisted_recipient reject_unlisted_sender reject_unverified_recipient reject_unverified_sender sleep
  warn_if_reject`
  .trim()
  .split(/\s+/)

describe('the table of restrictions', () => {
  const rows = rowsOf('Restrictions')
  const told = new Map(rows.flatMap(row => row.names.map(name => [name, row] as const)))

  test('tells every word of Postfix', () => {
    assert.deepEqual(
      POSTFIX_WORDS.filter(word => !told.has(word)),
      [],
    )
  })

  test('tells every restriction that there is, once', () => {
    assert.deepEqual(
      registry.names().filter(name => !told.has(name)),
      [],
    )
    assert.equal(told.size, rows.length)
  })

  test('claims none that is not there', () => {
    for (const [name, { verdict }] of told) {
      const offered = registry.find(name) !== undefined || name === 'warn_if_reject'
      assert.equal(offered, verdict !== 'not offered', name)
    }
  })
})

describe('the table of access actions', () => {
  const rows = rowsOf('Access actions')

  for (const { names, verdict } of rows.filter(row => row.names.length > 0)) {
    const action = (names[0] ?? '').replace(/^(\d)NN$/, '$121')
    test(`${action} is ${verdict === 'not offered' ? 'not ' : ''}understood`, () => {
      const warnings: string[] = []
      const made = accessVerdict(`${action} text`, ORIGIN, {
        // Of the questions to the world an action needs none; warnings are all that it may say.
        ask: { warn: (text: string) => warnings.push(text) } as never,
        config: { access_map_reject_code: 554, access_map_defer_code: 450 },
      })
      // What is no action is taken for a list of restriction names.
      assert.equal(made.kind === 'list', verdict === 'not offered')
      assert.deepEqual(warnings, [])
    })
  }
})

const ORIGIN = {
  table: 'hash:x',
  key: 'a',
  subject: { name: 'a@b.example', class: 'Sender address' },
} as unknown as Parameters<typeof accessVerdict>[1]

test('the table of lookup tables tells every type that can be opened, and no other', () => {
  const rows = rowsOf('Lookup tables')
  const offered = rows.filter(row => row.verdict !== 'not offered').flatMap(row => row.names)
  assert.deepEqual(offered.toSorted(), [...TABLE_TYPES].toSorted())
})

test('the table of parameters without effect is what `postern check` warns of', () => {
  const rows = rowsOf('Parameters without effect')
  assert.deepEqual(rows.flatMap(row => row.names).toSorted(), [...NO_EFFECT.keys()].toSorted())
})

test('whatever differs says how, and whatever is not offered says why', () => {
  for (const heading of ['Restrictions', 'Access actions', 'Lookup tables', 'Parameters without effect']) {
    for (const { names, verdict, how } of rowsOf(heading)) {
      assert.match(verdict, /^(?:same|differs|own|not offered)$/, names.join())
      if (verdict !== 'same') assert.notEqual(how, '', names.join())
    }
  }
})
