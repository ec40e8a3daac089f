import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAnswer, parseRequest, REQUEST_LIMIT, RequestReader, VALUE_LIMIT } from './codec.ts'

const reader = (...chunks: readonly string[]): RequestReader => {
  const made = new RequestReader()
  for (const chunk of chunks) made.push(Buffer.from(chunk, 'latin1'))
  return made
}

describe('parseRequest', () => {
  test('G17 takes every attribute that Postfix 3.10 sends, in any order', () => {
    const names = [
      ...['request', 'protocol_state', 'protocol_name', 'client_address', 'client_name', 'client_port'],
      ...['reverse_client_name', 'server_address', 'server_port', 'helo_name', 'sender', 'recipient'],
      ...['recipient_count', 'queue_id', 'instance', 'size', 'etrn_domain', 'stress', 'sasl_method', 'sasl_username'],
      ...['sasl_sender', 'ccert_subject', 'ccert_issuer', 'ccert_fingerprint', 'ccert_pubkey_fingerprint'],
      ...['encryption_protocol', 'encryption_cipher', 'encryption_keysize', 'policy_context'],
      ...['compatibility_level', 'mail_version'],
    ]
    for (const order of [names, names.toReversed()]) {
      const { request, garbage } = parseRequest(order.map(name => `${name}=value of ${name}`).join('\n'))
      const got = Object.entries(request).filter(([, value]) => value !== undefined)
      assert.deepEqual(Object.fromEntries(got), Object.fromEntries(names.map(name => [name, `value of ${name}`])))
      assert.deepEqual(garbage, [])
    }
  })

  test('tells an attribute that is empty from one that is not there', () => {
    const { request } = parseRequest('request=smtpd_access_policy\nsender=\netrn_domain=')
    assert.equal(request.sender, '')
    assert.equal(request.etrn_domain, '')
    assert.equal(request.recipient, undefined)
  })

  test('keeps "=" in values, takes the last of two, skips names that it does not know', () => {
    const { request, garbage } = parseRequest('sender=a=b@c\nnew_in_4.0=x\nsender=d=e@f\nqueue_id=1\r\nsize=3')
    assert.equal(request.sender, 'd=e@f')
    assert.equal(request.queue_id, '1')
    assert.equal(request.size, '3')
    assert.deepEqual(garbage, [])
  })

  test('tells lines that are no attributes', () => {
    assert.deepEqual(parseRequest('hello\n=x\nsize=3\n').garbage, ['hello', '=x'])
    // The "=" of the next line is not this line's.
    assert.deepEqual(parseRequest('sender\nrecipient=a@b').garbage, ['sender'])
  })

  test('an object of the language is no attribute', () => {
    const { request } = parseRequest('__proto__=x\nconstructor=y\ntoString=z')
    assert.equal(Object.getPrototypeOf(request), Object.prototype)
    assert.equal(
      Object.values(request).every(value => value === undefined),
      true,
    )
  })

  test('cuts long values', () => {
    const { request } = parseRequest(`sender=${'x'.repeat(VALUE_LIMIT + 1)}\nsize=3`)
    assert.equal(request.sender, 'x'.repeat(VALUE_LIMIT))
    assert.equal(request.size, '3')
  })
})

describe('RequestReader', () => {
  test('gives several requests of one chunk, and one of several chunks', () => {
    const both = reader('a=1\nb=2\n\nc=3\n\nd')
    assert.deepEqual([both.next(), both.next(), both.next()], ['a=1\nb=2', 'c=3', null])
    assert.equal(both.isPartial, true)
    both.push(Buffer.from('=4\n'))
    assert.equal(both.next(), null)
    both.push(Buffer.from('\n'))
    assert.deepEqual([both.next(), both.next()], ['d=4', null])
    assert.equal(both.isPartial, false)
  })

  test('takes CR LF, also mixed with LF, and empty lines for empty requests', () => {
    const mixed = reader('a=1\r\n\r\nb=2\n\r\nc=3\r\n\n\n\r\nd=4\n\n')
    const all: (string | null)[] = []
    for (let i = 0; i < 7; i++) all.push(mixed.next())
    assert.deepEqual(all, ['a=1\r', 'b=2', 'c=3\r', '', '', 'd=4', null])
  })

  test('reads UTF-8 that was cut in the middle', () => {
    const bytes = Buffer.from('sender=ünï@example.com\n\n')
    const made = new RequestReader()
    for (const byte of bytes) made.push(Buffer.from([byte]))
    assert.equal(made.next(), 'sender=ünï@example.com')
  })

  test('says when a request does not end', () => {
    const made = reader('x'.repeat(REQUEST_LIMIT))
    assert.deepEqual([made.next(), made.isTooLong], [null, false])
    made.push(Buffer.from('x'))
    assert.deepEqual([made.next(), made.isTooLong], [null, true])
  })
})

test('an answer is one attribute whatever the action says', () => {
  assert.equal(formatAnswer('DUNNO'), 'action=DUNNO\n\n')
  assert.equal(formatAnswer('550 no\r\n\r\naction=OK\0'), 'action=550 no action=OK \n\n')
})
