import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SmtpSession } from '../../test/support/smtp_session.ts'

/** Commands as clients send them, well-formed and not. */
const command = fc.oneof(
  fc.constantFrom(
    'EHLO a.example',
    'HELO b',
    'MAIL FROM:<a@x.example>',
    'MAIL FROM:<a@x.example> SIZE=5 BODY=8BITMIME',
    'RCPT TO:<b@y.example>',
    'RCPT TO:<b@y.example> NOTIFY=NEVER',
    'DATA',
    'RSET',
    'NOOP',
    'VRFY x',
    'BDAT 4\r\nabcd',
    'BDAT 3 LAST\r\nxyz',
    'Subject: x',
    'QUIT',
    '.',
    'AUTH PLAIN',
    'XCLIENT ADDR=1.2.3.4',
    'STARTTLS',
  ),
  fc.string({
    unit: fc.constantFrom('MAIL', 'FROM:', 'TO:', '<', '>', ' ', 'a@b', '"', '\\', '\0', '\xff', '\r', '='),
    maxLength: 8,
  }),
)
const dialogue = fc.array(command, { maxLength: 15 }).map(lines => lines.map(line => `${line}\r\n`).join(''))
const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 5 })

async function transcript(bytes: string, at: readonly number[]): Promise<{ replies: string; session: SmtpSession }> {
  const session = new SmtpSession({
    mainCf: 'smtpd_hard_error_limit = 8',
    lists: { smtpd_authorized_xclient_hosts: ['192.0.2.7'] },
  })
  // Early talkers are another matter.
  const greeting = await session.hear()
  const places = [0, ...at.filter(cut => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
  const replies = [...greeting]
  for (const [index, start] of places.slice(0, -1).entries())
    replies.push(...(await session.sayRaw(bytes.slice(start, places[index + 1]))))
  session.stream.hangUp()
  await session.over
  replies.push(...(await session.hear()))
  return { replies: replies.join('\n').replace(/queued as \w+/g, 'queued'), session }
}

test('whatever is said, in whatever pieces: the same well-formed replies, and an end without a fault', async () => {
  await fc.assert(
    fc.asyncProperty(dialogue, cuts, async (bytes, at) => {
      const whole = await transcript(bytes, [])
      const pieces = await transcript(bytes, at)
      assert.equal(pieces.replies, whole.replies)
      for (const line of whole.replies.split('\n')) assert.match(line, /^[2345]\d\d[ -]/)
      for (const { kind } of whole.session.events) assert.notEqual(kind, 'error')
      assert.equal(whole.session.stream.ended, true)
      assert.equal(whole.session.delivered.length, pieces.session.delivered.length)
    }),
    { numRuns: 150 },
  )
})
