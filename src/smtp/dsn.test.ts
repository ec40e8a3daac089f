import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SmtpSession } from '../../test/support/smtp_session.ts'
import { parseNotify } from './dsn.ts'

describe('parseNotify', () => {
  // biome-ignore format: columns
  const cases: readonly [text: string, words: readonly string[] | null, warning?: string][] = [
    ['NEVER',                 ['NEVER']],
    ['delay,Success',         ['SUCCESS', 'DELAY']],
    ['FAILURE,FAILURE',       ['FAILURE']],
    ['NEVER,SUCCESS',         null],
    ['',                      null],
    // Told as the client wrote it, and only the first of several.
    ['Bad',                   null, 'unknown DSN NOTIFY command value "Bad" in "Bad"'],
    ['success,odd,odder',     null, 'unknown DSN NOTIFY command value "odd" in "success,odd,odder"'],
  ]
  for (const [text, words, warning] of cases) {
    test(`NOTIFY=${text}`, () => {
      const warnings: string[] = []
      assert.deepEqual(
        parseNotify(text, each => warnings.push(each)),
        words,
      )
      assert.deepEqual(warnings, warning === undefined ? [] : [warning])
    })
  }
})

test('a strange NOTIFY is refused and logged', async () => {
  const session = new SmtpSession()
  await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>')
  assert.deepEqual(await session.say('RCPT TO:<b@y.example> NOTIFY=SUCCESS,maybe'), [
    '501 5.5.4 Error: Bad NOTIFY parameter syntax',
  ])
  assert.deepEqual(
    session.log.filter(line => line.includes('warning')),
    ['smtpd: warning: unknown DSN NOTIFY command value "maybe" in "SUCCESS,maybe"'],
  )
})
