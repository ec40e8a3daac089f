import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DataDecoder, InputBuffer } from './codec.ts'

/** Bytes squeezed into what matters: dots, line ends, and a little text. */
const smtpBytes = fc
  .array(fc.constantFrom(13, 10, 46, 97, 32, 0, 62), { maxLength: 120 })
  .map(bytes => Buffer.from(bytes))
const anyBytes = fc.oneof(
  smtpBytes,
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
)
const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 10 })

function chunked(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.filter(cut => cut <= bytes.length).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end))
}

/** Everything that can be taken, chunk by chunk. */
function run<T>(chunks: readonly Buffer[], take: (input: InputBuffer) => T | null): T[] {
  const input = new InputBuffer()
  const taken: T[] = []
  for (const chunk of chunks) {
    input.push(chunk)
    for (let one = take(input); one !== null; one = take(input)) taken.push(one)
  }
  return taken
}

test('any chunking of the same bytes gives the same commands', () => {
  fc.assert(
    fc.property(anyBytes, cuts, fc.integer({ min: 1, max: 30 }), fc.boolean(), (bytes, at, limit, detectBareLf) => {
      const take = (input: InputBuffer) => input.takeCommand({ limit, detectBareLf })
      const copy = (lines: ReturnType<typeof take>[]) =>
        lines.map(line => line && { ...line, bytes: line.bytes.toString('hex') })
      assert.deepEqual(copy(run(chunked(bytes, at), take)), copy(run([bytes], take)))
    }),
    { numRuns: 3000 },
  )
})

test('any chunking of the same bytes gives the same message', () => {
  fc.assert(
    fc.property(anyBytes, cuts, fc.integer({ min: 1, max: 30 }), fc.boolean(), (bytes, at, limit, detectBareLf) => {
      const read = (chunks: readonly Buffer[]): string[] => {
        const input = new InputBuffer()
        const decoder = new DataDecoder(input, { limit, detectBareLf })
        const said: string[] = []
        for (const chunk of chunks) {
          input.push(chunk)
          while (said.at(-1) !== 'end') {
            const line = decoder.next()
            if (line === null) break
            said.push(line === 'end' ? 'end' : `${line.bytes.toString('hex')} ${line.partial} ${line.bareLf}`)
          }
        }
        return said.includes('end') ? [...said, input.peek(1000).toString('hex')] : said
      }
      assert.deepEqual(read(chunked(bytes, at)), read([bytes]))
    }),
    { numRuns: 3000 },
  )
})

test('in strict mode only CRLF.CRLF, or a dot line at the start, ends a message', () => {
  fc.assert(
    fc.property(smtpBytes, bytes => {
      const input = new InputBuffer()
      input.push(bytes)
      const decoder = new DataDecoder(input, { limit: 2048, detectBareLf: true })
      let line = decoder.next()
      while (line !== null && line !== 'end') line = decoder.next()
      if (line !== 'end') return
      const before = bytes.subarray(0, bytes.length - input.length).toString('latin1')
      assert.ok(before === '.\r\n' || before.endsWith('\r\n.\r\n'), JSON.stringify(before))
    }),
    { numRuns: 20_000 },
  )
})

test('dot-stuffing and unstuffing give the lines back', () => {
  const line = fc.stringMatching(/^[.a ]{0,10}$/).filter(text => !text.startsWith('From '))
  fc.assert(
    fc.property(fc.array(line), lines => {
      const wire = `${lines.map(text => (text.startsWith('.') ? `.${text}` : text) + '\r\n').join('')}.\r\n`
      const input = new InputBuffer()
      input.push(Buffer.from(wire))
      const decoder = new DataDecoder(input, { limit: 2048, detectBareLf: true })
      const back: string[] = []
      for (let next = decoder.next(); next !== 'end' && next !== null; next = decoder.next())
        back.push(next.bytes.toString())
      assert.deepEqual(back, lines)
    }),
    { numRuns: 2000 },
  )
})
