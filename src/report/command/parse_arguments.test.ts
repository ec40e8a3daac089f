import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseArguments, type ReportArguments } from './parse_arguments.ts'

function parse(...words: readonly string[]): ReportArguments {
  const parsed = parseArguments(words)
  if (!parsed.ok) assert.fail(parsed.message)
  return parsed.args
}

function refusal(...words: readonly string[]): string {
  const parsed = parseArguments(words)
  if (parsed.ok) assert.fail('was understood')
  return parsed.message
}

describe('G25 the command line is read as pflogsumm reads it', () => {
  test("the guide's lines", () => {
    const args = parse('-d', 'today', '/var/log/mail.log', '--rej-add-from', '--verbose-msg-detail')
    assert.deepEqual([args.text('date-range'), args.files], ['today', ['/var/log/mail.log']])
    assert.ok(args.has('rej-add-from') && args.has('verbose-msg-detail') && !args.has('quiet'))
    const cron = parse(
      ...'-d gestern /var/log/mail.log --problems-first --rej-add-from --verbose-msg-detail -q'.split(' '),
    )
    assert.ok(cron.has('quiet') && cron.has('problems-first'))
  })

  test('names: underscores, one dash, any case, beginnings', () => {
    for (const word of ['--problems-first', '--problems_first', '-problems-first', '--PROBLEMS-First', '--prob', '-p'])
      assert.ok(parse(word).has('problems-first'), word)
    // Clear in 1.1.5, which had no --rej-add-to, no --mail-to and no --smtpd-warning-detail under another name.
    assert.ok(parse('--rej-add').has('rej-add-from'))
    assert.ok(parse('--mail').has('mailq'))
    assert.match(refusal('--no'), /^--no is the beginning of --no-no-msg-size, .* and --no-smtpd-warnings$/)
  })

  test('values: behind "=", in the next word, or with the letter', () => {
    assert.equal(parse('--detail=5').number('detail'), 5)
    assert.equal(parse('--detail', '5').number('detail'), 5)
    assert.equal(parse('-h', '-1').number('host-cnt'), -1)
    assert.equal(parse('-h5').number('host-cnt'), 5)
    assert.equal(parse('-H=5').number('host-cnt'), 5)
    assert.equal(parse('-d=today').text('date-range'), 'today')
    assert.equal(parse('--syslog-name=my_postfix').text('syslog-name'), 'my_postfix')
    assert.equal(parse('-u', '3', '-u', '4').number('user-cnt'), 4)
    assert.deepEqual(parse('--mail-to', 'a@example.com', '--mail-to=b@example.com').texts('mail-to').length, 2)
  })

  test('--verp-mung takes a number only if there is one', () => {
    assert.deepEqual([parse('--verp-mung', '2').number('verp-mung'), parse('--verp-mung', '2').files], [2, []])
    assert.deepEqual([parse('--verp-mung', 'log').number('verp-mung'), parse('--verp-mung', 'log').files], [0, ['log']])
    assert.equal(parse('--verp-mung=2').number('verp-mung'), 2)
    assert.equal(parse('--detail=1').number('verp-mung'), null)
  })

  test('switches in one word, as the usage of pflogsumm has them', () => {
    const args = parse('-eq', '-mi')
    assert.ok(args.has('extended-detail') && args.has('quiet') && args.has('uucp-mung') && args.has('ignore-case'))
  })

  test('files: "-", and everything behind "--"', () => {
    assert.deepEqual(parse('-', 'a', '-q', '--', '-q', '--x').files, ['-', 'a', '-q', '--x'])
  })

  test('what is wrong is said in one sentence', () => {
    assert.equal(refusal('--problem-frist'), 'unknown option --problem-frist: did you mean --problems-first?')
    assert.equal(refusal('--xyzzyxyzzy'), 'unknown option --xyzzyxyzzy')
    assert.equal(refusal('-z9'), 'unknown option -z9')
    assert.equal(refusal('--detail=x'), 'cannot use "x" for --detail: expected a whole number')
    assert.equal(refusal('-d'), '-d needs a value: -d DATE')
    assert.equal(refusal('--quiet=yes'), '--quiet takes no value')
  })
})
