import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import type { ClientName } from '../model/judge.ts'
import { formatPolicyRequest, policyAttributes } from '../net/policy_request.ts'
import { parseRequest } from './codec.ts'
import { requestFacts } from './facts.ts'

const facts = (text: string) => requestFacts(parseRequest(text).request)
const NAMED: ClientName = {
  name: 'mail.there.example',
  reverseName: 'mail.there.example',
  nameStatus: 'ok',
  reverseNameStatus: 'ok',
  warnings: [],
}
const IDENTITY = { stress: '', compatibilityLevel: '3.6', mailVersion: '3.10.0', context: '' }

describe('requestFacts', () => {
  test('G17 gives back what our own client would say of a session', () => {
    const cert = { subjectCommonName: 'a +b', issuerCommonName: 'ü', certFingerprint: 'AA:01', trusted: true }
    const said = makeFacts({ recipient: 'you@here.example', sasl: 'joe', tls: { ...cert }, queueId: '4F2' })
    const told = facts(formatPolicyRequest(policyAttributes(said, NAMED, IDENTITY)))
    const { name } = NAMED
    assert.deepEqual(told, { ...said, client: { ...said.client, toldName: name, toldReverseName: name } })
  })

  test('a name that Postfix gives is a told one; "unknown" is to be looked up', () => {
    const { client } = facts('client_address=192.0.2.7\nclient_name=unknown\nreverse_client_name=unknown')
    assert.deepEqual(client, { address: '192.0.2.7', port: null })
    // smtpd_peer(3) keeps to itself whether the name does not map back, or that could not be asked.
    const reverse = facts('client_address=192.0.2.7\nclient_name=unknown\nreverse_client_name=a.example')
    assert.equal(reverse.client.toldReverseName, undefined)
    const named = facts('client_address=192.0.2.7\nclient_name=a.example\nreverse_client_name=a.example').client
    assert.deepEqual([named.toldName, named.toldReverseName], ['a.example', 'a.example'])
  })

  test('addresses are canonical, and nonsense is unknown', () => {
    assert.equal(facts('client_address=::ffff:192.0.2.7').client.address, '192.0.2.7')
    assert.equal(facts('client_address=2001:DB8:0::1').client.address, '2001:db8::1')
    assert.equal(facts('client_address=nowhere').client.address, 'unknown')
  })

  test('protocol_state says what there can be', () => {
    const at = (state: string) => facts(`protocol_state=${state}\nsender=\nrecipient=\nhelo_name=`)
    assert.deepEqual(
      [at('CONNECT').sender, at('EHLO').sender, at('MAIL').sender, at('RCPT').sender],
      [null, null, '', ''],
    )
    assert.deepEqual([at('DATA').recipient, at('DATA').where, at('CONNECT').helo], [null, 'DATA', null])
  })

  test('few attributes (Exim) are enough', () => {
    const few = facts(
      'request=smtpd_access_policy\nsender=a@b.example\nrecipient=c@d.example\nclient_address=192.0.2.7',
    )
    assert.deepEqual(
      [few.where, few.sender, few.recipient, few.helo, few.tls, few.sasl],
      ['RCPT', 'a@b.example', 'c@d.example', null, null, null],
    )
  })
})
