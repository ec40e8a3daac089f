import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseFeatures, ReplyReader, replyLine, type ServerReply } from './codec.ts'
import { LineEnds } from './maildir_hop.ts'
import { DotStuffer } from './transfer.ts'

/** Bytes of the grammar, so that cuts and dots meet often. */
const wire = fc
  .array(fc.constantFrom('\r\n', '\r', '\n', '.', '..', 'a', '250', '550-', '5.1.1 ', '\xe4'), { maxLength: 60 })
  .map(parts => parts.join(''))
const cuts = fc.array(fc.nat(200), { maxLength: 10 })

function chop(text: string, at: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const sorted = [0, ...at.map(cut => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
}

/** What a server makes of stuffed lines. RFC 5321 4.5.2. */
function unstuff(text: string): string {
  return text.replace(/(^|\n)\./g, '$1')
}

test('dot-stuffing does not depend on the chunks, never ends the message, and can be undone', () => {
  fc.assert(
    fc.property(wire, cuts, (text, at) => {
      const run = (chunks: readonly Buffer[]): string => {
        const out: Buffer[] = []
        const stuffer = new DotStuffer(bytes => void out.push(Buffer.from(bytes)))
        for (const chunk of chunks) stuffer.push(chunk)
        stuffer.finish()
        return Buffer.concat(out).toString('latin1')
      }
      const sent = run(chop(text, at))
      assert.equal(sent, run([Buffer.from(text, 'latin1')]))
      assert.ok(!/(^|\n)\.(\r|\n|$)/.test(sent))
      const whole = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`
      assert.equal(unstuff(sent), whole)
    }),
    { numRuns: 2000 },
  )
})

test('line ends of a maildir file do not depend on the chunks', () => {
  fc.assert(
    fc.property(wire, cuts, (text, at) => {
      const converter = new LineEnds()
      const out = Buffer.concat([
        ...chop(text, at).map(chunk => Buffer.from(converter.push(chunk))),
        converter.finish(),
      ])
      const plain = text.replaceAll('\r\n', '\n')
      assert.equal(out.toString('latin1'), plain === '' || plain.endsWith('\n') ? plain : `${plain}\n`)
    }),
    { numRuns: 2000 },
  )
})

test('any line is a piece of a reply or garbage, and a reply makes one clean line', () => {
  const line = fc.oneof(wire, fc.string({ unit: 'binary' }), fc.stringMatching(/^[2-6]\d\d[ -]?.{0,20}$/))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), lines => {
      const reader = new ReplyReader()
      for (const text of lines) {
        const step = reader.push(Buffer.from(text.replaceAll('\n', ''), 'utf8'))
        if (step.kind === 'reply') checkReply(step.reply)
      }
    }),
    { numRuns: 2000 },
  )
})

function checkReply(reply: ServerReply): void {
  assert.ok(reply.code >= 200 && reply.code < 600)
  assert.match(replyLine(reply), /^[2-5]\d\d [2-5]\.\d{1,3}\.\d{1,3} [^\x00-\x1f\x7f]+$/)
  const { sizeLimit } = parseFeatures(reply, new Set())
  assert.ok(sizeLimit === null || sizeLimit > 0)
}
