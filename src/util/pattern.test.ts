import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Pattern, PatternError, type PatternOptions } from './pattern.ts'
import { Matcher, maxSteps } from './pattern_matcher.ts'
import { type PerlOptions, parsePerlPattern } from './pattern_perl.ts'
import { compileProgram } from './pattern_program.ts'

const PCRE: PatternOptions = { syntax: 'pcre', flags: { ignoreCase: true, dotAll: true } }
const ERE: PatternOptions = { syntax: 'posix', extended: true, ignoreCase: true, newline: false }
const BRE: PatternOptions = { ...ERE, extended: false }
/** As a pcre: table reads it. */
const PERL: PerlOptions = {
  syntax: 'pcre',
  flags: {
    ignoreCase: true,
    multiline: false,
    dotAll: true,
    extended: false,
    extendedMore: false,
    ungreedy: false,
    duplicateNames: false,
    noCapture: false,
    dollarEndOnly: false,
  },
  anchored: false,
  maxChar: 0xff,
}
const PYTHON: PatternOptions = { syntax: 'python' }

/** Groups from 1 as text, "-" for one that took no part; "none", "overrun", or the complaint. */
function outcome(source: string, options: PatternOptions, subject: string): string {
  try {
    const result = new Pattern(source, options).exec(subject)
    if (result.kind !== 'match') return result.kind
    return `match ${result.groups
      .slice(1)
      .map(group => group ?? '-')
      .join('|')}`.trim()
  } catch (error) {
    assert.ok(error instanceof PatternError, String(error))
    return `${error.offset}: ${error.message}`
  }
}

function cases(options: PatternOptions, rows: readonly (readonly [string, string, string])[]): void {
  for (const [source, subject, expected] of rows) {
    test(`${source} on ${JSON.stringify(subject)}`, () => assert.equal(outcome(source, options, subject), expected))
  }
}

describe('PCRE', () => {
  cases(PCRE, [
    // source                          subject        outcome
    ['^(good)\\.', 'GOOD.example', 'match GOOD'],
    ['(?-i)good', 'GOOD', 'none'],
    ['(?-i:g)ood', 'gOOD', 'match'],
    ['a(?i-s).', 'a\n', 'none'],
    ['^x$', 'x\n', 'match'],
    ['^x\\z', 'x\n', 'none'],
    ['^b', 'a\nb', 'none'],
    ['(?m)^b', 'a\nb', 'match'],
    ['(?m)^$', 'a\n', 'none'],
    ['(?x) a b # comment', 'ab', 'match'],
    ['(?#comment)a', 'a', 'match'],
    ['(?:(a)|b)*', 'ab', 'match a'],
    ['(a*)*', 'aa', 'match'],
    ['(a|b)++c', 'abc', 'match b'],
    ['a++a', 'aaa', 'none'],
    ['(?>a+)a', 'aaa', 'none'],
    ['(a)\\1', 'aA', 'match a'],
    ['(?<n>a)(?P=n)\\k<n>\\k{n}\\g{n}', 'aaaaa', 'match a'],
    ['(a)(b)\\g{-1}', 'abb', 'match a|b'],
    ['(?|(a)|(b))\\1', 'bb', 'match b'],
    ['(?=.*foo)(?!bar)(.)', 'xfoo', 'match x'],
    ['(?<=a|bc)d', 'bcd', 'match'],
    ['(?<!a)d', 'ad', 'none'],
    ['(x)?(?(1)a|b)', 'xa', 'match x'],
    ['^(x)?(?(1)a|b)', 'b', 'match -'],
    ['^(?(?=a)ab|cd)', 'cd', 'match'],
    ['\\Qa.b\\E', 'a.b', 'match'],
    ['\\x41\\x{42}\\o{103}\\104', 'ABCD', 'match'],
    ['[[:^digit:]]\\d\\h', 'a1 ', 'match'],
    ['[\\w.-]+@', 'a.b-c@', 'match'],
    ['[]a]+', ']a', 'match'],
    ['\\bfoo\\b', 'a foo b', 'match'],
    ['[[:<:]]foo[[:>:]]', 'a foo b', 'match'],
    ['a{,2}', 'a{,2}', 'match'],
    ['a{2', 'a{2', 'match'],
    ['\\R$', 'a\r\n', 'match'],
    ['é', 'É', 'none'],
    ['^..$', 'é', 'match'],
    ['(é)', 'xé', 'match é'],
    ['[a-z]{1,63}\\.', 'abc.', 'match'],
    ['(*FAIL)|a', 'a', 'match'],
  ])
  cases({ ...PCRE, anchored: true }, [['b', 'ab', 'none']])
  cases({ syntax: 'pcre', flags: { ungreedy: true } }, [['(a+)(a+?)', 'aaa', 'match a|aa']])
  cases({ syntax: 'pcre', flags: { dollarEndOnly: true } }, [['a$', 'a\n', 'none']])

  // In the words of PCRE2, which Postfix logs.
  cases(PCRE, [
    ['^*a', '', '1: quantifier does not follow a repeatable item'],
    ['a**', '', '2: quantifier does not follow a repeatable item'],
    ['(a', '', '2: missing closing parenthesis'],
    ['a)', '', '1: unmatched closing parenthesis'],
    ['[a', '', '2: missing terminating ] for character class'],
    ['[z-a]', '', '3: range out of order in character class'],
    ['[[:foo:]]', '', '3: unknown POSIX class name'],
    ['a{3,1}', '', '5: numbers out of order in {} quantifier'],
    ['\\y', '', '1: unrecognized character follows \\'],
    ['\\8', '', '1: reference to non-existent subpattern'],
    ['(?<=a+)b', '', '0: lookbehind assertion is not fixed length'],
    ['(?<1a>x)', '', '3: subpattern name must start with a non-digit'],
  ])

  test('what cannot be translated is refused with a remedy', () => {
    for (const source of ['(?R)', '(a)(?1)', '(*UTF)a', '(*COMMIT)a', '(?C1)a', '(?(DEFINE)a)']) {
      assert.throws(
        () => new Pattern(source, PCRE),
        (error: unknown) => error instanceof PatternError && error.remedy !== null,
        source,
      )
    }
  })
})

describe('POSIX', () => {
  cases(ERE, [
    ['(a|ab)(c|bcd)(d*)', 'abcd', 'match a|bcd|'],
    ['(a|ab)(bcd|c)?', 'abcd', 'match a|bcd'],
    ['(a*)*', 'aa', 'match aa'],
    ['((a)|b)*', 'ab', 'match b|a'],
    ['x*', 'aaa', 'match'],
    ['^a$', 'A', 'match'],
    ['a\\d', 'ad', 'match'],
    ['\\<foo\\>', 'a foo b', 'match'],
    ['[]a]', ']', 'match'],
    ['[^]a]', ']', 'none'],
    ['[a\\]', '\\', 'match'],
    ['[[:upper:]]', 'a', 'match'],
    ['[[.a.]][[=b=]]', 'ab', 'match'],
    ['a{,2}b', 'aab', 'match'],
    ['a)', 'a)', 'match'],
    ['a|', '', 'match'],
    ['()', '', 'match'],
    ['(a)\\1', 'aa', 'match a'],
    ['a{2}{2}', 'aaaa', 'match'],
    ['a.b', 'a\nb', 'match'],
    ['^*', '', '2: Invalid preceding regular expression'],
    ['*a', '', '1: Invalid preceding regular expression'],
    ['(a', '', '2: Unmatched ( or \\('],
    ['[a', '', '2: Unmatched [, [^, [:, [., or [='],
    ['[b-a]', '', '4: Invalid range end'],
    ['[_-z]', '', '4: Invalid range end'],
    ['[[:foo:]]', '', '1: Invalid character class name'],
    ['a{2,1}', '', '2: Invalid content of \\{\\}'],
    ['a{x', '', '2: Unmatched \\{'],
    ['\\1', '', '2: Invalid back reference'],
    ['a(b)\\2', '', '6: Invalid back reference'],
  ])
  cases({ ...ERE, newline: true }, [
    ['^b$', 'a\nb\nc', 'match'],
    ['a.b', 'a\nb', 'none'],
    ['a[^x]b', 'a\nb', 'none'],
  ])
  cases(BRE, [
    ['\\(a\\)\\1', 'aa', 'match a'],
    ['a+', 'a+', 'match'],
    ['a\\+b\\?', 'aab', 'match'],
    ['a\\{2\\}', 'aa', 'match'],
    ['*a', '*a', 'match'],
    ['a^b$c', 'a^b$c', 'match'],
    ['\\(^a\\|b$\\)', 'cb', 'match b'],
    ['a**', '', '2: Invalid preceding regular expression'],
  ])
})

describe('Python', () => {
  cases(PYTHON, [
    ['(?P<host>\\S+) x', 'h x', 'match h'],
    ['a\\Z', 'a\n', 'none'],
    ['a$', 'a\n', 'match'],
    ['^\\w+$', 'größe', 'match'],
    ['a{,2}b', 'aab', 'match'],
    ['(?i)É', 'é', 'match'],
    ['[[:alpha:]', 'a', 'match'],
    ['\\y', '', '1: bad escape \\y'],
    ['(?P<a>x)(?P<a>y)', '', "14: redefinition of group name 'a'"],
  ])

  test('names tell the number of their group', () => {
    const pattern = new Pattern('(a)(?P<host>b)', PYTHON)
    assert.deepEqual([...pattern.names], [['host', [2]]])
    assert.equal(pattern.groupCount, 2)
  })
})

describe('no pattern runs for ever', () => {
  const long = (text: string) => text.repeat(Math.ceil(4096 / text.length)).slice(0, 4095) + '!'
  // Each takes more than the age of the universe when every possibility is tried.
  const regular = [
    ['(a+)+$', 'a'],
    ['^(a|aa)+$', 'a'],
    ['(x+x+)+y', 'x'],
    ['(.*)(.*)(.*)(.*)(.*)(.*)(.*)=', 'y'],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
    ['([a-z]{1,16}\\.)+x', 'a'],
    ['((a|b)*)*c', 'ab'],
  ] as const
  for (const [source, text] of regular) {
    for (const options of [PCRE, ERE]) {
      test(`${options.syntax} ${source} is answered`, () => {
        const found = new Pattern(source, options).exec(long(text))
        assert.equal(found.kind === 'overrun' ? 'overrun' : 'answered', 'answered')
      })
    }
  }
  const beyond = [
    ['^(?=(a|aa)+$)', 'a'],
    ['(a*)*\\1b', 'a'],
    ['(?>a+)+b', 'a'],
    ['(?:a++b?)*c', 'ab'],
    ['((a+)+)+(b\\1)?c', 'a'],
    ['(?=a{1,4000}b)', 'a'],
    ['(a|b|ab)*(?!c)c', 'ab'],
    ['^(([a-z0-9]+[.-])*)*\\1$', 'a.'],
    ['.*?.*?.*?.*?=(?!x)', 'x'],
    ['(?<=a)(a|aa)*b', 'a'],
    ['([a-z]{1,40}\\.)+x', 'a'],
  ] as const
  for (const [source, text] of beyond) {
    test(`${source} is given up`, () => {
      // It would never come back otherwise: this test ends only because the matcher does.
      const found = new Pattern(source, PCRE).test(long(text))
      assert.equal(found.kind, 'overrun')
    })
  }

  test('T8.6 a search ends within its bound, by steps', () => {
    for (const [source, text] of [...beyond, ...regular]) {
      const matcher = new Matcher(compileProgram(parsePerlPattern(source, PERL), 'accept'))
      const subject = long(text)
      matcher.search(subject)
      // The step that goes beyond may be a long run.
      assert.ok(matcher.stepsTaken <= maxSteps(subject) + subject.length, `${source}: ${matcher.stepsTaken}`)
    }
    assert.ok(maxSteps('x'.repeat(4096)) <= 50_000)
  })

  // Such as people write for header_checks, body_checks and client names, on lines as they come.
  const written = [
    [
      '^(?!.*\\.example\\.org).*(?:dsl|dyn(?:amic)?|pool|cable|ppp|dial).*\\d',
      'dynamic-adsl-84-12-33-221.pool.example.net',
    ],
    ['(\\d{1,3})[.-]\\1', '84-12-33-33.pool.example.net'],
    [
      '^Content-(?:Type|Disposition):.*(?:file)?name\\s*=\\s*"?(.{0,200}\\.(?:exe|scr|pif|com|bat|vbs))"?\\s*$',
      `Content-Type: application/octet-stream; name="${'invoice_2026_'.repeat(12)}.pdf.zip"`,
    ],
    [
      '^(?=.*<a\\s)(?=.*href)(?:[^<]{1,500}<){3,20}',
      '<p>lorem ipsum <a href="http://example.com/x?y=z">dolor</a> sit amet </p>'.repeat(12),
    ],
    ['(?<!\\w)[A-Z]{20,}(?!\\w)', 'Subject: A VERY LOUD MESSAGE ABOUT SOMETHING THAT NOBODY WANTS TO KNOW '.repeat(8)],
    ['^(?:[A-Za-z0-9+/]{60,76})$', 'QUJD'.repeat(19)],
    [
      '(?:https?://[^/\\s]{1,253}/[^\\s]{0,500}\\.(?:php|cgi)){1,3}',
      'see http://www.example.com/a/b/c/d/index.html and https://example.net/x.php '.repeat(10),
    ],
  ] as const
  for (const [source, subject] of written) {
    test(`T8.6 ${source} is far below the bound`, () => {
      const matcher = new Matcher(compileProgram(parsePerlPattern(source, PERL), 'accept'))
      assert.notEqual(matcher.search(subject).kind, 'overrun')
      assert.ok(matcher.stepsTaken < maxSteps(subject) / 4, `${matcher.stepsTaken} steps`)
    })
  }

  test('a look-ahead over a long line is no overrun', () => {
    assert.equal(new Pattern('(?=.*foo)(?=.*bar)x', PCRE).test(long('y')).kind, 'none')
    assert.equal(new Pattern('^(?!.*(?:foo|bar)).*!$', PCRE).test(long('y')).kind, 'match')
  })

  test('counts that would take all memory are refused', () => {
    assert.throws(() => new Pattern('(?:(?:(?:a{1,900}){1,900}){1,900}){1,900}', PCRE), PatternError)
  })
})
