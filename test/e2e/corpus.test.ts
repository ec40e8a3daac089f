/**
 * Six thousand real messages pass through the gateway byte for byte, but for what is put on top and taken out; `npm test` sends
 * those that are odd, `npm run test:slow` all.
 *
 * What does not stay as it was sent, because it does not in Postfix either: a CR that ends no line becomes a blank
 * (cleanup_replace_stray_cr_lf), more than one CR before a line feed are one (smtpd_forbid_bare_newline = no), text in the header that is no field gets the empty line that it lacks, the fields of
 * message_drop_headers are dropped, "From " of a mailbox becomes a field.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { MessageJudging } from '../../src/smtp/doors.ts'
import { ByteSink } from '../support/byte_sink.ts'
import { expected, firstDifference, splitOff, withBlankLine } from '../support/carried.ts'
import { type CorpusMessage, corpusUnavailable, oddCorpus, readCorpus } from '../support/corpus.ts'
import { FakeJudge, verdict } from '../support/fake_judge.ts'
import { sendMessages } from '../support/message_sender.ts'
import { type PosternInside, posternOverrides, startPosternInside } from '../support/postern_inside.ts'

const slow = process.env['POSTERN_SLOW'] === '1'
const INSERTED = 'X-Verdict: none;\r\n\tby=a test'

describe('the corpus through the gateway', { skip: corpusUnavailable() ?? false }, () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-corpus-'))
  const sink = new ByteSink({ keep: true })
  const judges: FakeJudge[] = []
  let postern: PosternInside
  before(async () => {
    const hop = await sink.listen()
    fs.writeFileSync(path.join(dir, 'main.cf'), mainCf(hop))
    // Puts a field on top, and takes the second Received field out.
    const remove = [{ name: 'Received', nth: 2 }]
    const messages: MessageJudging = {
      asMilter: true,
      openMessage() {
        const judge = new FakeJudge(() => verdict({ insert: [INSERTED], remove }))
        judges.push(judge)
        return judge
      },
    }
    postern = await startPosternInside({ dir, overrides: posternOverrides(dir, '127.0.0.1:9'), messages })
  })
  after(async () => {
    await postern.stop()
    sink.close()
    fs.rmSync(dir, { recursive: true, force: true })
  })

  async function carry(messages: readonly CorpusMessage[], chunkSize?: number): Promise<void> {
    sink.messages.length = 0
    judges.length = 0
    const sent = messages.map(({ bytes }) => bytes)
    const replies = await sendMessages(sent, { port: postern.port, ...(chunkSize === undefined ? {} : { chunkSize }) })
    assert.equal(sink.messages.length, messages.length)
    for (const [i, { name, bytes }] of messages.entries()) {
      assert.match(replies[i] ?? '', /^250 2\.0\.0 Ok/, name)
      const text = bytes.toString('latin1')
      const carried = sink.messages[i]?.bytes.toString('latin1') ?? ''
      const [top = '', , rest] = splitOff(carried)
      assert.equal(top, `${INSERTED}\r\n`, name)
      const wanted = expected(text, { withoutReceived: 2 })
      assert.ok(rest === wanted, `${name}: ${firstDifference(rest ?? '', wanted)}`)
      const seen = judges[i]?.text ?? ''
      const asSent = withBlankLine(text.replace(/\r+\n/g, '\r\n'))
      assert.ok(seen === asSent, `${name}, as the judge saw it: ${firstDifference(seen, asSent)}`)
    }
  }

  test('messages that are hard to carry, with DATA', () => carry(oddCorpus(12)))
  test('messages that are hard to carry, with BDAT', () => carry(oddCorpus(12), 1000))
  test('all of them', { skip: slow ? false : 'npm run test:slow sends all' }, () => carry([...readCorpus()]))
})

function mainCf(hop: number): string {
  return `
compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_client_restrictions =
message_drop_headers =
smtpd_error_sleep_time = 0
postern_message_staging_size = 20000
postern_next_hop = smtp:[127.0.0.1]:${hop}
`
}
