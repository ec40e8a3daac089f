import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/support/manual_clock.ts'
import { SmtpSession } from '../../test/support/smtp_session.ts'
import { Pipe } from './pipe.ts'

async function readAll(pipe: Pipe): Promise<string> {
  let text = ''
  for await (const chunk of pipe) text += Buffer.from(chunk).toString()
  return text
}

test('the reader gets everything in order, then the end', async () => {
  const pipe = new Pipe(10)
  const read = readAll(pipe)
  for (const part of ['a', 'bc', '', 'd'.repeat(50), 'e']) await pipe.write(Buffer.from(part))
  pipe.end()
  assert.equal(await read, `abc${'d'.repeat(50)}e`)
})

test('the writer waits while more than the high-water mark is unread', async () => {
  const pipe = new Pipe(10)
  await pipe.write(Buffer.from('12345'))
  let written = false
  const writing = pipe.write(Buffer.from('6789012345')).then(() => {
    written = true
  })
  await settle()
  assert.equal(written, false)
  const reader = pipe[Symbol.asyncIterator]()
  await reader.next()
  await writing
  assert.equal(written, true)
})

test('a failure reaches the reader instead of an end, and frees the writer', async () => {
  const pipe = new Pipe(1)
  const writing = pipe.write(Buffer.from('123'))
  const read = readAll(pipe)
  pipe.fail(new Error('message aborted'))
  await writing
  await assert.rejects(read, /message aborted/)
})

test('a reader that stops early frees the writer, and the rest is dropped', async () => {
  const pipe = new Pipe(1)
  const writing = pipe.write(Buffer.from('123'))
  for await (const chunk of pipe) {
    assert.equal(chunk.length, 3)
    break
  }
  await writing
  await pipe.write(Buffer.from('456'))
})

test('a next hop that takes nothing stops the reading of the client', async () => {
  const session = new SmtpSession({ mainCf: 'postern_message_staging_size = 1000', hopStuck: true })
  await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
  const piece = `${'x'.repeat(998)}\r\n`.repeat(16)
  for (let i = 0; i < 100; i++) session.stream.send(piece)
  await session.hear()
  // Of 1.6 MB at most pipe, staging and the pieces at hand are taken.
  assert.ok(session.stream.unread > 80, `${session.stream.unread} pieces are left`)
})
