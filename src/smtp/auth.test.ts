import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SmtpSession } from '../../test/support/smtp_session.ts'
import type { SaslServer, SaslStep } from './sasl.ts'

const MAIN_CF = 'smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot'

/** Any user "name" with password "secret", as PLAIN or LOGIN. */
function makeSasl(mechanisms: readonly string[] | null = ['PLAIN', 'LOGIN']): SaslServer {
  const verdict = (user: string, password: string): SaslStep =>
    password === 'secret' ? { kind: 'done', username: user } : { kind: 'failed', reason: '', username: user }
  const ask = (text: string, answer: (response: string) => Promise<SaslStep>): SaslStep => ({
    kind: 'challenge',
    text,
    answer,
    cancel: () => undefined,
  })
  const decoded = (text: string): string => Buffer.from(text, 'base64').toString()
  const plain = (response: string): SaslStep => {
    const [, user = '', password = ''] = decoded(response).split('\0')
    return verdict(user, password)
  }
  return {
    mechanisms: async () => mechanisms,
    begin: async (_info, mechanism, initial) => {
      if (mechanism.toUpperCase() === 'PLAIN')
        return initial === null ? ask('', async response => plain(response)) : plain(initial)
      return ask('VXNlcm5hbWU6', async user =>
        ask('UGFzc3dvcmQ6', async password => verdict(decoded(user), decoded(password))),
      )
    },
    close: () => undefined,
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

async function session(extra = '', sasl = makeSasl()): Promise<SmtpSession> {
  const opened = new SmtpSession({ mainCf: `${MAIN_CF}\n${extra}`, sasl })
  await opened.hear()
  return opened
}

describe('AUTH', () => {
  test('is announced, and in the broken form if asked', async () => {
    const plain = await session('broken_sasl_auth_clients = yes')
    const lines = await plain.say('EHLO x')
    assert.deepEqual(
      lines.filter(line => line.includes('AUTH')),
      ['250-AUTH PLAIN LOGIN', '250-AUTH=PLAIN LOGIN'],
    )
  })

  test('PLAIN with and without initial response, LOGIN', async () => {
    for (const said of [
      [`AUTH PLAIN ${base64('\0joe\0secret')}`],
      ['AUTH PLAIN', base64('\0joe\0secret')],
      ['auth login', base64('joe'), base64('secret')],
    ]) {
      const s = await session()
      let replies: string[] = []
      for (const line of said) replies = await s.say(line)
      assert.deepEqual(replies, ['235 2.7.0 Authentication successful'])
      await s.say('MAIL FROM:<a@x.example> AUTH=own@x.example', 'RCPT TO:<b@y.example>')
      assert.deepEqual(s.judged.at(-1)?.facts.sasl, {
        method: said[0]?.split(' ')[1],
        username: 'joe',
        sender: 'own@x.example',
      })
      assert.ok(s.log.at(-1)?.endsWith(', sasl_username=joe, sasl_sender=own@x.example'))
      assert.deepEqual(await s.say('RSET', 'AUTH PLAIN'), ['250 2.0.0 Ok', '503 5.5.1 Error: already authenticated'])
    }
  })

  test('failures count as errors and are logged', async () => {
    const s = await session()
    await s.say('EHLO x')
    assert.deepEqual(await s.say(`AUTH PLAIN ${base64('\0joe\0wrong')}`), [
      '535 5.7.8 Error: authentication failed: (reason unavailable)',
    ])
    assert.deepEqual(await s.say('AUTH PLAIN !'), [
      '535 5.7.8 Error: authentication failed: Invalid base64 data in initial response',
    ])
    assert.deepEqual(await s.say('AUTH NTLM'), [
      '535 5.7.8 Error: authentication failed: Invalid authentication mechanism',
    ])
    assert.deepEqual(await s.say('AUTH LOGIN', '*'), ['334 VXNlcm5hbWU6', '501 5.7.0 Authentication aborted'])
    assert.deepEqual(await s.say('AUTH LOGIN', '%%%'), [
      '334 VXNlcm5hbWU6',
      '535 5.7.8 Error: authentication failed: Invalid base64 data in continued response',
    ])
    assert.deepEqual(await s.say('AUTH'), ['501 5.5.4 Syntax: AUTH mechanism'])
    assert.deepEqual(s.log.slice(1), [
      'smtpd: warning: client.example[192.0.2.7]: SASL PLAIN authentication failed: (reason unavailable), sasl_username=joe',
      'smtpd: warning: client.example[192.0.2.7]: SASL PLAIN authentication failed: Invalid base64 data in initial response, sasl_username=joe',
      'smtpd: warning: client.example[192.0.2.7]: SASL NTLM authentication failed: Invalid authentication mechanism, sasl_username=joe',
      'smtpd: warning: client.example[192.0.2.7]: SASL LOGIN authentication aborted',
      'smtpd: warning: client.example[192.0.2.7]: SASL LOGIN authentication failed: Invalid base64 data in continued response, sasl_username=joe',
    ])
  })

  test('smtpd_sasl_response_limit', async () => {
    const s = await session()
    assert.deepEqual(await s.say('AUTH LOGIN', 'A'.repeat(12_300), 'NOOP'), [
      '334 VXNlcm5hbWU6',
      '500 5.5.6 SASL response limit exceeded',
      '250 2.0.0 Ok',
    ])
  })

  test('only over TLS with smtpd_tls_auth_only', async () => {
    const s = await session('smtpd_tls_auth_only = yes')
    const lines = await s.say('EHLO x')
    assert.ok(!lines.some(line => line.includes('AUTH')))
    assert.deepEqual(await s.say('AUTH PLAIN'), ['503 5.5.1 Error: authentication not enabled'])
  })

  test('a server that is down takes AUTH away, and nothing else', async () => {
    const s = await session('', makeSasl(null))
    const lines = await s.say('EHLO x')
    assert.ok(!lines.some(line => line.includes('AUTH')))
    assert.deepEqual(await s.say('AUTH PLAIN'), [
      "454 4.7.0 Temporary authentication failure: Can't connect to authentication server",
    ])
    assert.deepEqual(await s.say('MAIL FROM:<a@x.example>'), ['250 2.1.0 Ok'])
    assert.ok(s.log.includes('smtpd: warning: no SASL authentication mechanisms'))
  })

  test('smtpd_client_auth_rate_limit', async () => {
    const s = await session('smtpd_client_auth_rate_limit = 1')
    await s.say('AUTH NTLM')
    assert.deepEqual(await s.say('AUTH NTLM'), ['450 4.7.1 Error: too many AUTH commands from 192.0.2.7'])
    assert.equal(
      s.log.at(-1),
      'smtpd: warning: AUTH command rate limit exceeded: 2 from client.example[192.0.2.7] for service smtp',
    )
  })

  test('not within a transaction; not when EHLO keywords discard it', async () => {
    const s = await session()
    await s.say('MAIL FROM:<a@x.example>')
    assert.deepEqual(await s.say('AUTH PLAIN'), ['503 5.5.1 Error: MAIL transaction in progress'])
    const discarded = await session('smtpd_discard_ehlo_keywords = auth')
    assert.deepEqual(await discarded.say('AUTH PLAIN'), ['503 5.5.1 Error: authentication not enabled'])
  })
})
