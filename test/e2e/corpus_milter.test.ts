/**
 * Six thousand real messages through a real Postfix, with our milter and without: what the next hop gets differs in what the milter
 * puts in and takes out, and in nothing else; and without a milter it is what Postern's own gateway makes of the same message.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ByteSink } from '../support/byte_sink.ts'
import { expected, firstDifference, splitOff, withBlankLine } from '../support/carried.ts'
import { type CorpusMessage, corpusUnavailable, oddCorpus, readCorpus } from '../support/corpus.ts'
import { FixtureDns } from '../support/fixture_dns.ts'
import { sendMessages } from '../support/message_sender.ts'
import { type MilterFace, startMilterFace } from '../support/milter_face.ts'
import { ACCEPT } from '../support/milter_packets.ts'
import { freePort } from '../support/ports.ts'
import { waitFor } from '../support/postern_program.ts'
import { makeInstanceDir, postfixUnavailable, type RealPostfix, startPostfix } from '../support/real_postfix.ts'

const slow = process.env['POSTERN_SLOW'] === '1'
const skip = corpusUnavailable() ?? postfixUnavailable() ?? false
const HELPER = '127.0.59.1'
const SINK_PORT = 10034
const INSERTED = 'X-Verdict: none;\r\n\tby=a test'
/** A queue that takes longer is stuck. */
const DELIVERY_MS = 120_000

const MAIN_CF = `compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
local_header_rewrite_clients =
local_transport = smtp:[${HELPER}]:${SINK_PORT}
message_drop_headers =
in_flow_delay = 0
smtp_line_length_limit = 0
smtpd_client_restrictions =
smtpd_error_sleep_time = 0
hopcount_limit = 100
`

describe('the corpus through a real Postfix with our milter', { skip }, () => {
  const dns = new FixtureDns({ records: { 'mx.example.com': { A: ['127.0.0.1'] } } })
  const sink = new ByteSink({ keep: true })
  let face: MilterFace
  let postfix: RealPostfix
  let plainPort = 0
  before(async () => {
    await dns.listen(HELPER, 53)
    await sink.listen(HELPER, SINK_PORT)
    face = await startMilterFace(() => ({ ...ACCEPT, insert: [INSERTED], remove: [{ name: 'Received', nth: 2 }] }))
    const dir = makeInstanceDir('pf-corpus-')
    fs.writeFileSync(path.join(dir, 'main.cf'), `${MAIN_CF}smtpd_milters = inet:127.0.0.1:${face.port}\n`)
    plainPort = await freePort()
    const services = `127.0.0.1:${plainPort} inet n - n - - smtpd -o smtpd_milters=\n`
    postfix = await startPostfix({ dir, port: await freePort(), dnsAddress: HELPER, services })
  })
  after(async () => {
    await postfix?.stop()
    await face?.close()
    sink.close()
    dns.close()
  })

  async function carry(messages: readonly CorpusMessage[]): Promise<void> {
    sink.messages.length = 0
    const before = face.judges.length
    const sent = messages.map(({ bytes }) => bytes)
    const [replies] = await Promise.all([
      sendMessages(sent, { port: postfix.port, recipientOf: index => `m${index}@example.com` }),
      sendMessages(sent, { port: plainPort, recipientOf: index => `p${index}@example.com` }),
    ])
    for (const [i, { name }] of messages.entries()) assert.match(replies[i] ?? '', /^250/, name)
    const all = (): true | undefined => (sink.messages.length >= 2 * messages.length ? true : undefined)
    await waitFor(all, 'all mail at the next hop', DELIVERY_MS)
    const carried = new Map(sink.messages.map(({ recipients, bytes }) => [recipients[0], bytes.toString('latin1')]))
    for (const [i, { name, bytes }] of messages.entries()) {
      const text = bytes.toString('latin1')
      const [top = '', , edited = ''] = splitOff(carried.get(`m${i}@example.com`) ?? '')
      const plain = (carried.get(`p${i}@example.com`) ?? '').replace(/^Received:.*\r\n(?:[ \t].*\r\n)*/, '')
      assert.equal(top, `${INSERTED}\r\n`, name)
      assertSame(plain, expected(text, { withoutReceived: 0 }), `${name}: Postfix alone`)
      assertSame(edited, expected(text, { withoutReceived: 2 }), `${name}: with the milter`)
      const judge = face.judges[before + i]
      const seen = `${judge?.fields.map(field => `${field}\r\n`).join('') ?? ''}\r\n${judge?.content.toString('latin1')}`
      assertSame(seen, expected(text, { withoutReceived: 0 }), `${name}: what the judge saw`)
    }
  }

  test('messages that are hard to carry', () => carry(oddCorpus(12)))
  test('all of them', { skip: slow ? false : 'npm run test:slow sends all' }, () => carry([...readCorpus()]))
})

function assertSame(actual: string, wanted: string, what: string): void {
  assert.ok(actual === wanted, `${what} ${actual === wanted ? '' : firstDifference(actual, withBlankLine(wanted))}`)
}
