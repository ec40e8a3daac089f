import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { splitCommand } from './token.ts'

describe('splitCommand', () => {
  // "!" behind a word: quote or bracket not closed.
  const cases: [string, string[]][] = [
    ['', []],
    ['  \t ', []],
    ['NOOP', ['NOOP']],
    ['MAIL FROM:<a@b>', ['MAIL', 'FROM:', '<a@b>']],
    ['MAIL FROM: <a@b> SIZE=1', ['MAIL', 'FROM:', '<a@b>', 'SIZE=1']],
    ['rcpt to:<a b@c>', ['rcpt', 'to:', '<a b@c>']],
    ['MAIL FROM:<"a b"@c>', ['MAIL', 'FROM:', '<"a b"@c>']],
    ['MAIL FROM:<a<b>c>', ['MAIL', 'FROM:', '<a<b>c>']],
    ['MAIL FROM:<a', ['MAIL', 'FROM:', '<a!']],
    ['MAIL FROM:<"a>', ['MAIL', 'FROM:', '<"a>!']],
    ['MAIL FROM:<a\\>b>', ['MAIL', 'FROM:', '<a\\>b>']],
    ['MAIL FROM:a\\ b', ['MAIL', 'FROM:', 'a\\ b']],
    ['EHLO [IPv6:::1]', ['EHLO', '[IPv6:::1]']],
    ['a:b to:c', ['a:b', 'to:', 'c']],
    ['"x y" z', ['"x y"', 'z']],
    ['x\\', ['x\\']],
  ]
  for (const [line, words] of cases)
    test(JSON.stringify(line), () =>
      assert.deepEqual(
        splitCommand(line).map(({ text, broken }) => text + (broken ? '!' : '')),
        words,
      ),
    )
})
