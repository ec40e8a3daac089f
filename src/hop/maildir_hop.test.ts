import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { envelope, hopBench, PLAIN_RCPT, pieces } from '../../test/support/hop_bench.ts'

const dir = (): string => path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'maildir')), 'mail')

function files(directory: string, part: string): string[] {
  const at = path.join(directory, part)
  return fs.readdirSync(at).map(name => fs.readFileSync(path.join(at, name), 'latin1'))
}

async function send(
  directory: string,
  recipients: readonly string[],
  message: AsyncIterable<Uint8Array>,
  sender = 'a@x.example',
) {
  const { hops, events } = hopBench(`maildir:${directory}`)
  const tx = hops.main.begin(envelope({ sender }))
  for (const recipient of recipients) assert.deepEqual(await tx.addRecipient(recipient, PLAIN_RCPT), { ok: true })
  const result = await tx.data(message)
  await hops.close()
  return { result, events }
}

describe('maildir', () => {
  test('one recipient: header lines as virtual(8) writes them, LF line ends', async () => {
    const directory = dir()
    const { result } = await send(directory, ['bob@ours.example'], pieces('Subject: x\r', '\n\r\n.a\rb\r\n', 'end'))
    assert.deepEqual(files(directory, 'new'), [
      'Return-Path: <a@x.example>\nX-Original-To: bob@ours.example\nDelivered-To: bob@ours.example\nSubject: x\n\n.a\rb\nend\n',
    ])
    assert.deepEqual(files(directory, 'tmp'), [])
    assert.equal(result.outcome, 'taken')
    assert.deepEqual(result.recipients, [
      {
        recipient: 'bob@ours.example',
        status: 'sent',
        relay: `maildir:${directory}`,
        dsn: '2.0.0',
        text: 'delivered to maildir',
      },
    ])
    const [name] = fs.readdirSync(path.join(directory, 'new'))
    assert.match(name ?? '', /^\d+\.V[0-9a-f]+I[0-9a-f]+M\d+\.gate\.example$/)
    assert.equal(fs.statSync(path.join(directory, 'new', name ?? '')).mode & 0o777, 0o600)
  })

  test('a copy for each recipient, and the null sender', async () => {
    const directory = dir()
    const big = 'y'.repeat(998)
    const chunks = Array(200).fill(`${big}\r\n`)
    await send(directory, ['b@ours.example', 'odd name@ours.example'], pieces('Subject: x\r\n\r\n', ...chunks), '')
    const kept = files(directory, 'new').toSorted()
    const body = `Subject: x\n\n${`${big}\n`.repeat(200)}`
    assert.deepEqual(kept, [
      `Return-Path: <>\nX-Original-To: "odd name"@ours.example\nDelivered-To: "odd name"@ours.example\n${body}`,
      `Return-Path: <>\nX-Original-To: b@ours.example\nDelivered-To: b@ours.example\n${body}`,
    ])
  })

  test('a thousand messages have a thousand names', async () => {
    const directory = dir()
    const { hops } = hopBench(`maildir:${directory}`)
    const all = Array.from({ length: 1000 }, async () => {
      const tx = hops.main.begin(envelope())
      await tx.addRecipient('b@ours.example', PLAIN_RCPT)
      return tx.data(pieces('x\r\n'))
    })
    const results = await Promise.all(all)
    assert.ok(results.every(result => result.outcome === 'taken'))
    assert.equal(fs.readdirSync(path.join(directory, 'new')).length, 1000)
  })

  test('a message that breaks off leaves nothing', async () => {
    const directory = dir()
    async function* broken() {
      yield Buffer.from('Subject: x\r\n')
      throw new Error('client is gone')
    }
    const { result } = await send(directory, ['b@ours.example', 'c@ours.example'], broken())
    assert.equal(result.outcome, 'aborted')
    assert.deepEqual([files(directory, 'new'), files(directory, 'tmp')], [[], []])
  })

  test('an aborted one too', async () => {
    const directory = dir()
    const { hops } = hopBench(`maildir:${directory}`)
    const tx = hops.main.begin(envelope())
    await tx.addRecipient('b@ours.example', PLAIN_RCPT)
    async function* slow() {
      yield Buffer.from('Subject: x\r\n')
      tx.abort()
    }
    assert.equal((await tx.data(slow())).outcome, 'aborted')
    assert.deepEqual(files(directory, 'new'), [])
    await hops.close()
  })

  test('a place that cannot be used defers, and the message is still read', async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'maildir')), 'file')
    fs.writeFileSync(file, '')
    let read = 0
    async function* counted() {
      for (; read < 5; read++) yield Buffer.from('x\r\n')
    }
    const { result, events } = await send(path.join(file, 'mail'), ['b@ours.example'], counted())
    assert.equal(result.outcome, 'refused')
    assert.equal(result.reply, '451 4.3.0 Cannot deliver the message now')
    assert.equal(read, 5)
    assert.match(
      events[0]?.kind === 'warning' ? events[0].text : '',
      /^4F00BA: maildir delivery failed: create maildir file .*: Not a directory$/,
    )
  })

  test('no space left: 452 4.3.1', { skip: fs.existsSync('/dev/full') ? false : 'no /dev/full here' }, async () => {
    const { MaildirFile } = await import('../store/maildir.ts')
    const { open } = await import('node:fs/promises')
    const handle = await open('/dev/full', 'r+')
    const place = { path: '/nonexistent/x', directory: '/nonexistent', hostname: 'h', now: 0 }
    const full = new MaildirFile(handle, place)
    const { makeMaildirHop } = await import('./maildir_hop.ts')
    const maildir = { directory: '/nonexistent', begin: () => Promise.resolve(full), sweep: () => Promise.resolve() }
    const tx = makeMaildirHop(maildir, () => undefined).begin(envelope())
    await tx.addRecipient('b@ours.example', PLAIN_RCPT)
    const result = await tx.data(pieces('x\r\n'))
    assert.equal(result.reply, '452 4.3.1 Insufficient system storage')
    assert.match(result.recipients[0]?.text ?? '', /error writing message: No space left on device$/)
  })
})

test('discard takes everything', async () => {
  const { hops } = hopBench('discard:nobody wants it')
  const tx = hops.main.begin(envelope())
  await tx.addRecipient('b@ours.example', PLAIN_RCPT)
  const result = await tx.data(pieces('x\r\n'))
  assert.deepEqual(result.recipients, [
    { recipient: 'b@ours.example', status: 'sent', relay: 'none', dsn: '2.0.0', text: 'nobody wants it' },
  ])
})
