import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../util/clock.ts'
import { seededRandom } from '../util/random.ts'
import { parseAlias } from './alias_line.ts'
import { LineJoiner, type LogicalLine } from './logical_lines.ts'
import { splitMapLine } from './map_file.ts'
import { openTable } from './open.ts'
import { parseReplacement } from './replacement.ts'

const limits = { interruptAfterTimeLimit: 700, numRuns: 20_000 }

/** Text of table files' own alphabet. */
const ruleText = fc
  .array(
    fc.constantFrom(
      ...'/!{}()[]$\\"#:=,.| \t\nabA019',
      'if ',
      'endif',
      '10.0.0.0/8',
      '::/0',
      '${1}',
      '$(1)',
      'key=value',
      '{/a/ b}',
    ),
    { maxLength: 30 },
  )
  .map(parts => parts.join(''))
const anyText = fc.oneof(ruleText, fc.string())

test('joined lines lose nothing but comments, blank lines and line ends', () => {
  const property = fc.property(fc.array(anyText, { maxLength: 12 }), texts => {
    const physical = texts.flatMap(text => text.split('\n')).filter(line => !line.includes('\0'))
    const logical: LogicalLine[] = []
    const joiner = new LineJoiner(
      line => logical.push(line),
      line => logical.push(line),
    )
    for (const line of physical) joiner.push(line, true)
    joiner.end()
    const kept = physical.filter(line => !/^[ \t\v\f\r]*(?:#|$)/.test(line))
    assert.equal(logical.map(line => line.text).join(''), kept.join(''))
    for (const line of logical)
      assert.ok(physical[line.line - 1] !== undefined && line.text.startsWith(physical[line.line - 1] ?? ''))
  })
  fc.assert(property, limits)
})

test('a map or alias line gives key and value or a complaint', () => {
  const property = fc.property(anyText, text => {
    for (const entry of [splitMapLine(text), parseAlias(text)]) {
      if (typeof entry === 'string') assert.notEqual(entry, '')
      else
        assert.ok(entry.key !== '' && entry.value !== '' && entry.value === entry.value.replace(/^[ \t\n\v\f\r]+/, ''))
    }
  })
  fc.assert(property, limits)
})

test('a replacement without "$" stands for itself', () => {
  const property = fc.property(anyText, text => {
    const parsed = parseReplacement(text)
    if ('problem' in parsed) assert.ok(text.includes('$') && parsed.problem !== '')
    else if (!text.includes('$')) assert.equal(parsed.pieces.join(''), text)
  })
  fc.assert(property, limits)
})

test('any table name opens, answers and closes', async () => {
  const types = [
    'inline',
    'static',
    'cidr',
    'regexp',
    'pcre',
    'unionmap',
    'pipemap',
    'randmap',
    'fail',
    'environ',
    'unix',
    'proxy',
    'x',
    '',
  ]
  const property = fc.asyncProperty(fc.constantFrom(...types), anyText, anyText, async (type, body, key) => {
    // A file name would be read; these have to do without.
    const inner = `{${body.replaceAll(/[\0:]/g, '')}}`
    const context = { directory: '/nonexistent', clock: systemClock, random: seededRandom(1), warn: () => {} }
    const table = openTable(`${type}:${inner}`, context)
    const answer = await table.lookup(key)
    assert.ok(['found', 'absent', 'failed'].includes(answer.status))
    table.close()
  })
  await fc.assert(property, limits)
})
