import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { answerText, TableBench } from '../../test/support/table_context.ts'
import { splitMapLine } from './map_file.ts'
import { openTable } from './open.ts'

const bench = new TableBench()
after(() => bench.remove())

async function ask(spec: string, keys: readonly string[], more = {}): Promise<string[]> {
  bench.problems.length = 0
  const table = openTable(spec, bench.context(more))
  const answers: string[] = []
  for (const key of keys) answers.push(answerText(await table.lookup(key)))
  table.close()
  return answers
}

describe('splitMapLine', () => {
  const cases: [string, string][] = [
    ['key value', 'key|value'],
    ['key\t  two words \r', 'key|two words'],
    ['"two words"@x value', '"two words"@x|value'],
    ['two\\ words value', 'two\\ words|value'],
    ['a\\"b c', 'a\\"b|c'],
    ['key', 'expected format: key whitespace value'],
    ['key \t', 'expected format: key whitespace value'],
    ['"open value', `unbalanced '"' in '"open value' -- ignoring this line`],
  ]
  for (const [line, expected] of cases) {
    test(line, () => {
      const split = splitMapLine(line)
      assert.equal(typeof split === 'string' ? split : `${split.key}|${split.value}`, expected)
    })
  }
})

test('comments, blank lines and continuation are those of postmap', async () => {
  bench.file('map', '# comment\n\n  # indented comment\nA one\n  two\n# between\n\n\tthree\nb  last')
  assert.deepEqual(await ask('hash:map', ['a', 'B', '#']), ['one  two\tthree', 'last', 'absent'])
  assert.deepEqual(bench.texts, [])
})

test('bad lines are told with their place and skipped', async () => {
  bench.file('map', ' lost\nkey\nx: y\n"q z\nok fine\n')
  assert.deepEqual(await ask('hash:map', ['ok', 'x:', 'key']), ['fine', 'y', 'absent'])
  assert.deepEqual(bench.texts, [
    'map: logical line must not start with whitespace: " lost"',
    'map, line 2: expected format: key whitespace value',
    'map, line 3: record is in "key: value" format; is this an alias file?',
    `map, line 4: unbalanced '"' in '"q z' -- ignoring this line`,
  ])
  assert.deepEqual(
    bench.problems.map(problem => problem.line),
    [1, 2, 3, 4],
  )
})

test('bytes that are not UTF-8 spoil their line only', async () => {
  bench.file('map', Buffer.from('good \xc3\xa9\nbad \xe9\nlast 1\n', 'latin1'))
  assert.deepEqual(await ask('hash:map', ['good', 'bad', 'last']), ['é', 'absent', '1'])
  assert.match(bench.texts[0] ?? '', /^map, line 2: non-UTF-8 input "bad .*" -- ignoring this line$/)
})

test('keys are folded, beyond ASCII too', async () => {
  bench.file('map', 'ÄÖ@Straße.example x\n')
  assert.deepEqual(await ask('btree:map', ['äö@STRASSE.example', 'äö@straße.EXAMPLE']), ['x', 'x'])
})

describe('duplicate keys', () => {
  test('the first counts in an indexed file', async () => {
    bench.file('map', 'a 1\nA 2\n')
    assert.deepEqual(await ask('hash:map', ['a']), ['1'])
    assert.deepEqual(bench.texts, ['map, line 2: duplicate entry: "A"'])
  })
  test('smtpd gives up a texthash', async () => {
    bench.file('map', 'a 1\nA 2\n')
    assert.deepEqual(await ask('texthash:map', ['a']), ['failed: unavailable: map, line 2: duplicate entry: "A"'])
    assert.equal(bench.problems[0]?.severity, 'error')
  })
  test('postmap only warns', async () => {
    bench.file('map', 'a 1\nA 2\n')
    assert.deepEqual(await ask('texthash:map', ['a'], { asPostmap: true }), ['1'])
  })
})

test('alias files have their own form', async () => {
  bench.file(
    'aliases',
    'Postmaster: root\n"two words":\n  a, b\nroot:   admin@example.org # no comment\nnobody@x: y\nempty:\n',
  )
  assert.deepEqual(await ask('hash:aliases', ['postmaster', 'two words', 'ROOT'], { aliasMaps: ['hash:aliases'] }), [
    'root',
    'a, b',
    'admin@example.org # no comment',
  ])
  assert.deepEqual(bench.texts, ['aliases, line 5: name must be local', 'aliases, line 6: need name:value pair'])
})

test('a missing file fails every lookup and is told once', async () => {
  assert.deepEqual(await ask('hash:nowhere', ['a', 'b']), [
    'failed: unavailable: open ' + bench.directory + '/nowhere: No such file or directory',
    'failed: unavailable: open ' + bench.directory + '/nowhere: No such file or directory',
  ])
  assert.equal(bench.problems.length, 1)
  assert.match(bench.problems[0]?.remedy ?? '', /text file/)
})
