import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parameterNames } from './config.ts'
import { didYouMean, suggestName } from './suggest.ts'

const restrictions = [
  'permit',
  'reject',
  'defer',
  'warn_if_reject',
  'permit_mynetworks',
  'permit_sasl_authenticated',
  'reject_invalid_helo_hostname',
  'reject_non_fqdn_helo_hostname',
  'reject_non_fqdn_recipient',
  'reject_non_fqdn_sender',
  'reject_unauth_destination',
  'reject_unknown_client_hostname',
  'reject_unknown_helo_hostname',
  'reject_unknown_recipient_domain',
  'reject_unknown_reverse_client_hostname',
  'reject_unknown_sender_domain',
  'reject_unlisted_recipient',
  'check_helo_access',
  'check_policy_service',
  'defer_unauth_destination',
]

describe('suggestName', () => {
  // Names that a machine translated in a German guide, and what they were.
  const translated: readonly (readonly [string, string])[] = [
    ['reject_unbekannter_umgekehrter_Client_Hostname', 'reject_unknown_reverse_client_hostname'],
    ['reject_unbekannter_Client_Hostname', 'reject_unknown_client_hostname'],
    ['ablehnen_nicht_fqdn_helo_hostname', 'reject_non_fqdn_helo_hostname'],
    ['reject_unbekannter_helo_Hostname', 'reject_unknown_helo_hostname'],
    ['zulassen_sasl_authentifiziert', 'permit_sasl_authenticated'],
    ['reject_unbekannter_absender_domain', 'reject_unknown_sender_domain'],
    ['reject_unbekannte_absender_domäne', 'reject_unknown_sender_domain'],
    ['ablehnen', 'reject'],
    ['Überprüfen_helo_zugriff', 'check_helo_access'],
    ['zulassen_meinenetzwerke', 'permit_mynetworks'],
  ]
  for (const [word, expected] of translated) test(word, () => assert.equal(suggestName(word, restrictions), expected))

  test('parameter names, translated and mistyped', () => {
    assert.equal(suggestName('smtpd_helo_erforderlich', parameterNames()), 'smtpd_helo_required')
    assert.equal(suggestName('smptd_recipient_restrictions', parameterNames()), 'smtpd_recipient_restrictions')
    assert.equal(suggestName('smtpd_absender_einschränkungen', parameterNames()), 'smtpd_sender_restrictions')
    assert.equal(suggestName('mynetwork', parameterNames()), 'mynetworks')
  })

  test('two edits and no more, one for short words', () => {
    assert.equal(suggestName('rejct_unknwn_client_hostname', restrictions), 'reject_unknown_client_hostname')
    assert.equal(suggestName('rejt_unknwn_client_hostname', restrictions), null)
    assert.equal(suggestName('REJECT_UNLISTED_RECIPIENT', restrictions), 'reject_unlisted_recipient')
    assert.equal(suggestName('defr', restrictions), 'defer')
    assert.equal(suggestName('dfr', restrictions), null)
    assert.equal(suggestName('frobnicate', restrictions), null)
  })
})

test('didYouMean() asks, or says nothing', () => {
  assert.equal(didYouMean('permitt', restrictions), ': did you mean "permit"?')
  assert.equal(didYouMean('frobnicate', restrictions), '')
})
