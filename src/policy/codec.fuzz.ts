import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRequest, RequestReader } from './codec.ts'
import { PolicySession } from './session.ts'

/** Pieces of the grammar, so that line ends and cuts meet often. */
const wire = fc
  .array(
    fc.constantFrom(
      '\n',
      '\r\n',
      '\r',
      '\n\n',
      '=',
      'request=smtpd_access_policy',
      'sender=ä@b',
      'size=1',
      'x',
      '\xff\0',
    ),
    { maxLength: 80 },
  )
  .map(parts => parts.join(''))
const cuts = fc.array(fc.nat(300), { maxLength: 12 })

function chop(text: string, at: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text)
  const sorted = [0, ...at.map(cut => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
}

function requests(chunks: readonly Buffer[]): readonly string[] {
  const reader = new RequestReader()
  const found: string[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let text = reader.next(); text !== null; text = reader.next()) found.push(text)
  }
  return found
}

/** What the protocol says in the plainest way: lines, and an empty one ends a request. */
function requestsByLine(text: string): readonly string[] {
  const found: string[] = []
  let lines: string[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    if (line !== '' && line !== '\r') lines.push(line)
    else {
      found.push(lines.join('\n'))
      lines = []
    }
  }
  return found
}

test('G17 requests do not depend on the chunks in which they come', () => {
  fc.assert(
    fc.property(wire, cuts, (text, at) => {
      assert.deepEqual(requests(chop(text, at)), requestsByLine(text))
    }),
  )
})

test('any bytes make a request of texts', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const { request, garbage } = parseRequest(text)
      for (const value of Object.values(request)) assert.ok(value === undefined || !value.includes('\n'))
      for (const line of garbage) assert.ok(!line.includes('\n'))
    }),
  )
})

test('T5.2 every request gets one answer in its place, in whatever order they are judged', () => {
  fc.assert(
    fc.property(wire, cuts, fc.array(fc.nat(100), { maxLength: 60 }), (text, at, order) => {
      const session = new PolicySession(() => undefined)
      const open: { number: number; name: string }[] = []
      const picks = [...order]
      let count = 0
      let output = ''
      const answerOne = (): void => {
        const pick = open.splice((picks.pop() ?? 0) % open.length, 1)[0]
        if (pick !== undefined) session.answer(pick.number, pick.name)
        output += session.output()
      }
      const ask = (): void => {
        for (let asked = session.next(); asked !== null; asked = session.next())
          open.push({ number: asked.number, name: `N${count++}` })
        output += session.output()
      }
      for (const chunk of chop(text, at)) {
        session.push(chunk)
        ask()
        if (open.length > 0) answerOne()
        ask()
      }
      while (open.length > 0) {
        answerOne()
        ask()
      }
      const answers = output.split('\n\n').slice(0, -1)
      assert.equal(answers.length, requestsByLine(text).length)
      const judged = answers.filter(answer => answer !== 'action=DUNNO')
      assert.deepEqual(
        judged,
        judged.map((_, index) => `action=N${index}`),
      )
      assert.equal(session.pending, 0)
    }),
  )
})
