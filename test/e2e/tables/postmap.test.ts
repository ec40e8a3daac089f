/** Every table type against Debian's postmap(1): the same keys, the same answers, the same complaints. */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { openTable } from '../../../src/table/open.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { Postmap } from '../../support/postmap.ts'
import { TableBench } from '../../support/table_context.ts'

const DATA = path.join(import.meta.dirname, 'data')
const missing = Postmap.missing('pcre', 'lmdb', 'cdb')
const bench = new TableBench()
const postmap = new Postmap()
after(() => {
  bench.remove()
  postmap.remove()
})

/** Our answers in the form of Postmap.query. */
async function ours(spec: string, keys: readonly string[]) {
  const warnings: string[] = []
  const context = bench.context({ clock: systemClock, asPostmap: true, warn: problem => warnings.push(problem.text) })
  const table = openTable(spec, context)
  await table.ready()
  const answers = new Map<string, string | null>()
  for (const key of keys) {
    const answer = await table.lookup(key)
    answers.set(key, answer.status === 'found' ? answer.value : answer.status === 'absent' ? null : 'failed')
  }
  table.close()
  return { answers, warnings }
}

async function same(spec: string, keys: readonly string[], options: { readonly warnings: boolean }): Promise<void> {
  const wanted = postmap.query(spec, keys)
  const have = await ours(spec, [...wanted.answers.keys()])
  assert.deepEqual(Object.fromEntries(have.answers), Object.fromEntries(wanted.answers), spec)
  if (options.warnings) assert.deepEqual(comparable(have.warnings), comparable(wanted.warnings), spec)
}

/** Without what postmap says about answers, and about a broken reference, where it does not name the line. */
function comparable(warnings: readonly string[]): readonly string[] {
  return warnings.filter(text => !/truncated macro reference|empty string result|should return NO RESULT/.test(text))
}

function copied(name: string): string {
  const file = path.join(bench.directory, name)
  copyFileSync(path.join(DATA, name), file)
  // texthash waits for a file that was written just now.
  utimesSync(file, 1e9, 1e9)
  return file
}

/** Keys worth asking of a file: its own in several spellings, their parts, and strangers. */
function keysOf(file: string): string[] {
  const keys = new Set(['nothing', 'example.com', 'SUB.example.com', 'user@example.com', '127.0.0.1', '#', ':', '"'])
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const key = /^(?:"[^"]*"|\\.|[^\s])*/.exec(line)?.[0] ?? ''
    for (const part of [
      key,
      key.toUpperCase(),
      key.toLowerCase(),
      key.replace(/^[^@]*@/, ''),
      key.replace(/@.*/, ''),
      line.trim(),
    ]) {
      if (part !== '' && part !== '-') keys.add(part)
    }
  }
  return [...keys]
}

const WORDS = [
  ...'exact EXACT abc ac dollar dollars 123 ... case CASE m dot.all dotxall extended xtended anchored nchored unchored uuu end extra'.split(
    ' ',
  ),
  ...'bad unclosed paren group nega empty word zero trunc pipe/slash equals if- if-one if-two if-three if-two-three if-zero'.split(
    ' ',
  ),
  ...'extra-x tight-x user@host.example continued lookahead lookx named nocapture captures nos a.b axb aa ab 1.2.3.4 1.2.3.400'.split(
    ' ',
  ),
  ...'host.dyn.example open-x basics basic(s) star ** bra cl back brace both both-no bothNO foobar foobarx foo xxy y a-b-c é éé'.split(
    ' ',
  ),
]
const ADDRESSES = [
  ...'10.0.0.1 10.1.0.1 192.0.2.0 192.0.2.127 192.0.2.128 192.0.2.255 192.0.3.0 198.51.100.7 198.51.100.8 198.51.100.9'.split(
    ' ',
  ),
  ...'198.51.100.10 198.51.100.11 198.51.100.99 198.51.100.200 198.51.200.1 198.51.1.1 203.0.113.5 2001:db8::1 2001:DB8:0:0::1'.split(
    ' ',
  ),
  ...'2001:db9::1 2001:db9::2 2001:db9::3 ::ffff:203.0.113.5 ::1 1.2.3 01.2.3.4 example.com 127.1.0.4 127.1.0.3 127.1.0.200'.split(
    ' ',
  ),
  ...'127.2.0.1 127.2.0.2 127.3.0.1 127.3.0.2 126.1.1.1 127.0.0.1 [10.0.0.1] 10.0.0.1/32'.split(' '),
]

describe('files', { skip: missing ?? false }, () => {
  const maps = [
    ...'actions client_access helo_access local_recipients mx_access rbl_override rbl_reply rcpt_actions recipient_access'.split(
      ' ',
    ),
    ...'relay_recipients sender_access virtual_alias virtual_mailbox weird orphan'.split(' '),
  ]
  for (const name of maps) {
    for (const type of ['hash', 'btree', 'lmdb', 'cdb', 'texthash']) {
      test(`${type}:${name}`, async () => {
        const file = copied(name)
        if (type !== 'texthash') postmap.index(type, file)
        // The indexing postmap has told what is wrong with the lines already.
        await same(`${type}:${file}`, keysOf(file), { warnings: type === 'texthash' })
      })
    }
  }
  for (const name of ['client.cidr', 'weird.cidr']) {
    test(name, () => same(`cidr:${copied(name)}`, ADDRESSES, { warnings: true }))
  }
  for (const name of ['client.pcre', 'weird.pcre', 'client.regexp', 'weird.regexp']) {
    test(name, () =>
      same(`${path.extname(name).slice(1)}:${copied(name)}`, [...WORDS, ...ADDRESSES], { warnings: true }),
    )
  }
  test('missing', async () => {
    for (const type of ['texthash', 'cidr', 'regexp', 'pcre']) {
      const spec = `${type}:${bench.directory}/nowhere`
      assert.deepEqual((await ours(spec, ['x'])).answers.get('x'), 'failed')
      assert.equal(postmap.query(spec, ['x']).answers.get('x'), 'failed')
    }
  })
})

describe('tables without a file', { skip: missing ?? false }, () => {
  const specs = [
    'inline:{a=b}',
    'inline:{ a=b, C=d, {e = f g}, a=last, {"q k"=x}, {k="v"} }',
    'inline:{{a=b}{c=d}}',
    'inline:{a = b}',
    'inline:{a}',
    'inline:{=b}',
    'inline:{}',
    'inline:{ }',
    'inline:{a=b',
    'inline:{a=b} ',
    'inline:{{a=b}x}',
    'static:text',
    'static:{two words}',
    'static:{ spaced }',
    'static:{open',
    'static:{a}b',
    'fail:x',
    'cidr:{{10.0.0.0/8 ten},{!192.0.2.0/24 other}}',
    'cidr:{ {if 10.0.0.0/8} {10.0.0.1 one}, {endif} {0.0.0.0/0 all} }',
    'cidr:{10.0.0.0/8 ten}',
    'pcre:{{/^(a)b/ $1} {!/x/ no x}}',
    'pcre:{{/a{2,3}/ counted}}',
    'pcre:{{/a}/ brace}}',
    'regexp:{{/^(a)b/ $1} {!/x/ no x}}',
    'regexp:{}',
    'unionmap:{inline:{a=1},inline:{a=2,b=3},static:s}',
    'unionmap:{inline:{a=1} inline:{b=2}}',
    'unionmap:{inline:{a=1},fail:x}',
    'unionmap:{static:{a b},static:c}',
    'unionmap:{}',
    'unionmap:{word}',
    'unionmap:inline:{a=1}',
    'pipemap:{inline:{a=b},inline:{b=c}}',
    'pipemap:{inline:{a=10.0.0.1},cidr:{{10.0.0.0/8 ten}}}',
    'pipemap:{inline:{a=b},fail:x}',
    'pipemap:{inline:{a=b},pcre:{{/(.)/ <$1>}}}',
    'randmap:{only}',
    'randmap:{{two words}}',
    'randmap:{}',
    'unix:passwd.byname',
    'unix:group.byname',
    'unix:shadow',
    'nosuchtype:x',
  ]
  const keys = [
    'a',
    'A',
    'b',
    'c',
    'e',
    'k',
    'q k',
    '"q k"',
    'x',
    'ab',
    'xab',
    'aaa',
    'a}',
    '10.0.0.1',
    '10.0.0.2',
    '192.0.2.1',
    '::1',
    'root',
    'ROOT',
    'daemon',
    'z',
  ]
  for (const spec of specs) test(spec, () => same(spec, keys, { warnings: false }))
})
