import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { DataDecoder, InputBuffer } from './codec.ts'

function bufferOf(...chunks: string[]): InputBuffer {
  const input = new InputBuffer()
  for (const chunk of chunks) input.push(Buffer.from(chunk, 'latin1'))
  return input
}

describe('takeCommand', () => {
  test('lines end in CRLF, LF or any number of CR and LF while nobody looks for bare LF', () => {
    const input = bufferOf('a\r\nb\nc\r\r\n')
    const rules = { limit: 100, detectBareLf: false }
    const said = [1, 2, 3].map(() => input.takeCommand(rules)?.bytes.toString())
    assert.deepEqual(said, ['a', 'b', 'c'])
    assert.equal(input.takeCommand(rules), null)
  })

  test('bare LF is told, and one CR only belongs to the line end', () => {
    const input = bufferOf('a\r\nb\nc\r\r\n')
    const rules = { limit: 100, detectBareLf: true }
    const said = [1, 2, 3].map(() => input.takeCommand(rules))
    assert.deepEqual(
      said.map(line => [line?.bytes.toString(), line?.bareLf]),
      [
        ['a', false],
        ['b', true],
        ['c\r', false],
      ],
    )
  })

  test('a line over the limit is cut and read to its end', () => {
    const input = bufferOf('abcdefghij', 'klm', '\r\nnext\r\n')
    const line = input.takeCommand({ limit: 8, detectBareLf: false })
    assert.deepEqual([line?.bytes.toString(), line?.cut], ['abcdefgh', true])
    assert.equal(input.takeCommand({ limit: 8, detectBareLf: false })?.bytes.toString(), 'next')
  })

  test('while the rest of a cut line is read, it is not kept', () => {
    const input = bufferOf('x'.repeat(8))
    for (let i = 0; i < 100; i++) {
      assert.equal(input.takeCommand({ limit: 8, detectBareLf: false }), null)
      input.push(Buffer.alloc(65_536, 120))
      assert.equal(input.takeCommand({ limit: 8, detectBareLf: false }), null)
      assert.equal(input.length, 0)
    }
  })

  test('the limit does not cut between CR and LF', () => {
    for (const chunks of [['1234567\r\n'], ['1234567\r', '\n']]) {
      const input = new InputBuffer()
      let line = null
      for (const chunk of chunks) {
        input.push(Buffer.from(chunk))
        line = input.takeCommand({ limit: 8, detectBareLf: true })
      }
      assert.deepEqual([line?.bytes.toString(), line?.cut, line?.bareLf], ['1234567', false, false])
    }
  })
})

/** What a server makes of the bytes after DATA: the content lines of the first message, and what it takes for commands then. */
function readMessage(bytes: string, detectBareLf: boolean): { lines: string[]; rest: string } | 'no end' {
  const input = bufferOf(bytes)
  const decoder = new DataDecoder(input, { limit: 2048, detectBareLf })
  const lines: string[] = []
  for (;;) {
    const line = decoder.next()
    if (line === null) return 'no end'
    if (line === 'end') return { lines, rest: input.peek(10_000).toString('latin1') }
    lines.push(line.bytes.toString('latin1'))
  }
}

interface Attack {
  /** What it is, and who would be fooled. */
  readonly why: string
  readonly bytes: string
  /** Ends the first message early with smtpd_forbid_bare_newline = no (recorded from Postfix 3.7)? */
  readonly loose: boolean
  /** And with any other setting? */
  readonly strict: boolean
}

describe('SMTP smuggling', () => {
  const attacks: readonly Attack[] = JSON.parse(
    readFileSync(new URL('testdata/smuggling.json', import.meta.url), 'utf8'),
  )
  for (const { why, bytes, loose, strict } of attacks) {
    for (const [detectBareLf, smuggles] of [
      [false, loose],
      [true, strict],
    ] as const) {
      test(`${why} (${detectBareLf ? 'normalize' : 'no'})`, () => {
        const message = readMessage(`${bytes}MAIL FROM:<evil@x.example>\r\n.\r\n`, detectBareLf)
        assert.notEqual(message, 'no end')
        const rest = message === 'no end' ? '' : message.rest
        assert.equal(rest.includes('evil'), smuggles)
      })
    }
  }
})

describe('DataDecoder', () => {
  // content before the final CRLF.CRLF, lines
  const cases: [string, string[]][] = [
    ['', []],
    ['a\r\n', ['a']],
    ['..\r\n', ['.']],
    ['..a\r\n', ['.a']],
    ['.a\r\n', ['a']],
    ['\r\n\r\n', ['', '']],
    ['From x\r\nSubject: y\r\n', ['X-Mailbox-Line: From x', 'Subject: y']],
    ['>From x\r\n>>From y\r\na\r\nFrom z\r\n', ['X-Mailbox-Line: >From x', 'X-Mailbox-Line: >>From y', 'a', 'From z']],
    ['a\0b\r\n', ['a\0b']],
  ]
  for (const [content, lines] of cases)
    test(JSON.stringify(content), () =>
      assert.deepEqual(readMessage(`${content}.\r\nQUIT\r\n`, true), { lines, rest: 'QUIT\r\n' }),
    )

  test('a long line comes in pieces, a dot at the start of a piece is content', () => {
    const input = bufferOf(`${'x'.repeat(10)}.\r\n.\r\n`)
    const decoder = new DataDecoder(input, { limit: 10, detectBareLf: true })
    const lines = [decoder.next(), decoder.next(), decoder.next()]
    assert.deepEqual(
      lines.map(line => (line === null || line === 'end' ? line : [line.bytes.toString(), line.partial])),
      [['xxxxxxxxxx', true], ['.', false], 'end'],
    )
  })
})
