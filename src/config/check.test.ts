import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findFalseComments, formatFindings } from './check.ts'
import { formatProblem } from './place.ts'

test('formatFindings() sorts by place, marks warnings, drops repetitions', () => {
  const at = (line: number, text: string) => ({ place: { file: 'main.cf', line, column: 1 }, text })
  assert.deepEqual(formatFindings({ problems: [at(3, 'c'), at(1, 'a'), at(3, 'c')], warnings: [at(2, 'b')] }), [
    'main.cf:1:1: a',
    'main.cf:2:1: warning: b',
    'main.cf:3:1: c',
  ])
})

describe('findFalseComments', () => {
  const find = (text: string, type = 'hash') =>
    findFalseComments(text, { type, file: 'rbl_override' }).map(formatProblem)
  const remedy = 'put the comment on a line of its own that begins with "#"'

  test('the table of the guide', () => {
    const text =
      'dripemail2.com OK //Diese Domain gehört zu drip.com\nmlsend.com OK //Diese Domain gehört zum E-Mail-Marketingdienst mailerlite\n'
    assert.deepEqual(find(text), [
      `rbl_override:1:19: "//" begins no comment here: "//Diese Domain gehört zu drip.com" is part of the value; ${remedy}`,
      `rbl_override:2:15: "//" begins no comment here: "//Diese Domain gehört zum E-Mail-Marketi" is part of the value; ${remedy}`,
    ])
  })

  const cases: readonly (readonly [string, string, number])[] = [
    ['good comments', '# x // y\n  # z\na OK\n', 0],
    ['a line that begins with it', '// mine\n', 1],
    ['"#" behind a value', 'a REJECT # spam', 1],
    ['behind a continued line', 'a REJECT\n  // spam', 1],
    ['an address on the web', 'a REJECT see http://example.org/ or //example', 1],
    ['an address on the web alone', 'a REJECT see http://example.org/#why', 0],
    ['a number', 'a REJECT ticket #17', 0],
  ]
  for (const [name, text, count] of cases) test(name, () => assert.equal(find(text).length, count))

  test('tables of patterns are left alone', () => assert.deepEqual(find('/a b//c/ OK // x', 'pcre'), []))
})
