import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseMainCf, parseOverride } from './main_cf.ts'
import { formatProblem } from './place.ts'

function read(text: string) {
  const { settings, problems, warnings } = parseMainCf(text, 'main.cf')
  return {
    settings: settings.map(({ name, value }) => [name, value.text]),
    problems: problems.map(formatProblem),
    warnings: warnings.map(formatProblem),
  }
}

describe('parseMainCf', () => {
  const cases: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
    ['nothing', '', []],
    ['one setting', 'a = b\n', [['a', 'b']]],
    ['no line end at the end', 'a=b', [['a', 'b']]],
    ['blanks around', 'a \t= \t b c \t\n', [['a', 'b c']]],
    [
      'an empty value',
      'a =\nb=\n',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['an equals sign in the value', 'a = b=c = d', [['a', 'b=c = d']]],
    ['a continued line keeps its blanks', 'a = b,\n  c\n\td\n', [['a', 'b,  c\td']]],
    [
      'comments and empty lines',
      '# x\n\na = b\n#y\n  # z\n \t\nc = d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a continuation behind a comment', 'a = b\n# x\n c\n', [['a', 'b c']]],
    [
      'a continuation behind an empty line',
      'a = b\n\n c\n\n\nd = e',
      [
        ['a', 'b c'],
        ['d', 'e'],
      ],
    ],
    ['a continuation behind an indented comment', 'a = b\n   # x\n c\n', [['a', 'b c']]],
    ['a value that begins on the next line', 'a =\n b\n', [['a', 'b']]],
    ['"#" within a line is no comment', 'a = b # c\n', [['a', 'b # c']]],
    [
      'several settings of a name',
      'a = b\na = c\n',
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
    ],
    ['form feed and vertical tab are blanks', 'a\f=\v b\f\n', [['a', 'b']]],
  ]
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(read(text).settings, expected))

  test('every character of a value has its place', () => {
    const [setting] = parseMainCf('# x\nname = one,\n # y\n   two\n\tthree\n', 'main.cf').settings
    assert.ok(setting)
    assert.deepEqual(setting.at, { file: 'main.cf', line: 2, column: 1 })
    for (const [word, line, column] of [
      ['one', 2, 8],
      ['two', 4, 4],
      ['three', 5, 2],
    ] as const) {
      assert.deepEqual(setting.value.place(setting.value.text.indexOf(word)), { file: 'main.cf', line, column }, word)
    }
  })

  // Postfix: the texts of readllines(3), split_nameval(3) and dict_load_fp(3).
  const faults: readonly (readonly [string, string])[] = [
    ['a = b\nc d e\n', `main.cf:2:1: missing '=' after attribute name: "c d e"`],
    ['= b\n', 'main.cf:1:1: missing attribute name: "= b"'],
    ['\uFEFFa = b\n', 'main.cf:1:1: the file begins with a UTF-8 byte order mark: save it as "UTF-8 without BOM"'],
    ['a = b\nc = d\0e', 'main.cf:2:6: a NUL byte: the file is no plain text, or UTF-16; save it as UTF-8'],
  ]
  for (const [text, expected] of faults) {
    test(`problem: ${JSON.stringify(text)}`, () => assert.deepEqual(read(text).problems, [expected]))
  }

  test('a fault does not hide what follows', () => {
    const { settings, problems } = read('\uFEFFx\na = b\ny z\nc = d\n')
    assert.deepEqual(settings, [
      ['a', 'b'],
      ['c', 'd'],
    ])
    assert.equal(problems.length, 3)
  })

  test('an indented first line is ignored and told', () => {
    const { settings, warnings } = read('  a = b\n c\nd = e\n')
    assert.deepEqual(settings, [['d', 'e']])
    assert.match(warnings.join(), /^main\.cf:1:1: logical line must not start with whitespace: " {2}a = b c"/)
  })

  test('a second setting with another value is told, at the second', () => {
    assert.deepEqual(read('a = b\na = b\na = c\n').warnings, ['main.cf:3:1: overriding earlier entry: a=b'])
  })

  test('CR LF is read like LF and told once', () => {
    const { settings, warnings } = read('a = b,\r\n c\r\n\r\n# x\r\nd = e\r\n')
    assert.deepEqual(settings, [
      ['a', 'b, c'],
      ['d', 'e'],
    ])
    assert.equal(warnings.length, 1)
    assert.match(warnings.join(), /^main\.cf:1:7: lines end in CR LF .*"sed -i/)
  })
})

describe('parseOverride', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a=b', 'a', 'b'],
    ['a = b c', 'a', 'b c'],
    ['a=', 'a', ''],
    ['{ a = b { c } }', 'a', 'b { c }'],
    ['{a=b}', 'a', 'b'],
  ]
  for (const [text, name, value] of cases) {
    test(text, () => {
      const setting = parseOverride(text)
      assert.ok('name' in setting)
      assert.deepEqual([setting.name, setting.value.text], [name, value])
      assert.equal(setting.at.file, `-o ${text}`)
    })
  }

  test('without "="', () => {
    const problem = parseOverride('smtpd_delay_reject')
    assert.ok('text' in problem)
    assert.equal(formatProblem(problem), "-o smtpd_delay_reject: missing '=' after attribute name")
  })
})
