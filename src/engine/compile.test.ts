import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SubjectClass } from '../model/subject.ts'
import { registry } from '../restrictions/index.ts'
import { type CompiledList, type Item, ListCompiler } from './compile.ts'

interface Compiled {
  readonly list: CompiledList
  readonly problems: readonly string[]
  readonly opened: readonly string[]
}

function compile(
  text: string,
  classes: Record<string, string> = {},
  subject: SubjectClass = 'Recipient address',
): Compiled {
  const problems: string[] = []
  const opened: string[] = []
  const compiler = new ListCompiler({
    registry,
    classes: new Map(
      Object.entries(classes).map(([name, words]) => [name, words.split(' ').map(word => ({ text: word }))]),
    ),
    openTable(spec) {
      opened.push(spec)
      return { name: spec, kind: 'fixed', lookup: () => Promise.resolve({ status: 'absent' }), close: () => {} }
    },
    problem: (word, message) => problems.push(`${word.text}: ${message}`),
  })
  return { list: compiler.compileText('test', text, subject), problems, opened }
}

/** The list as one line: "check_client_access(hash:t) [class …] !fault ~skip". */
function show(list: CompiledList): string {
  return list.items.map(showItem).join(' ')
}

function showItem(item: Item): string {
  switch (item.kind) {
    case 'warn_if_reject':
      return 'warn_if_reject'
    case 'class':
      return `[${item.name}: ${show(item.list)}]`
    case 'skip':
      return `~${item.name}`
    case 'fault':
      return `!${item.name}`
    case 'check': {
      const ignored = item.ignored === null ? '' : `, ignores ${item.ignored}`
      return `${item.restriction.name}(${item.table?.name ?? item.argument}${ignored})`
    }
  }
}

describe('words', () => {
  // biome-ignore format: columns
  const cases: readonly [text: string, shown: string, ...problems: string[]][] = [
    ['',                                          ''],
    ['permit_mynetworks, reject_unauth_destination', 'permit_mynetworks() reject_unauth_destination()'],
    ['Permit_MyNetworks\n REJECT',                'permit_mynetworks() reject()'],
    ['reject_rbl_client a.example reject_rbl_client b.example', 'reject_rbl_client(a.example) reject_rbl_client(b.example)'],
    ['check_client_access hash:/a/b',             'check_client_access(hash:/a/b)'],
    ['check_ccert_access { hash:c { search_order = cert_fingerprint } }', 'check_ccert_access(hash:c)'],
    ['check_policy_service { unix:p, timeout=3s } reject', 'check_policy_service({ unix:p, timeout=3s }) reject()'],
    ['sleep 3',                                   'sleep(3)'],
    ['warn_if_reject reject',                     'warn_if_reject reject()'],
    ['WARN_IF_REJECT',                            'warn_if_reject'],
    // Older spellings stay what they are in the log, but mean the new ones.
    ['reject_unknown_client reject_invalid_hostname reject_non_fqdn_hostname reject_unknown_hostname check_recipient_maps reject_rbl x',
     'reject_unknown_client_hostname() reject_invalid_helo_hostname() reject_non_fqdn_helo_hostname() reject_unknown_helo_hostname() reject_unlisted_recipient() reject_rbl_client(x)'],
    ['permit reject',                             'permit(, ignores reject) reject()'],
    ['defer permit',                              'defer(, ignores permit) permit()'],
    ['reject_unauth_destinaton',                  '!reject_unauth_destinaton', 'reject_unauth_destinaton: unknown restriction "reject_unauth_destinaton": did you mean "reject_unauth_destination"?'],
    ['check_client_access',                       '!check_client_access', 'check_client_access: cannot use check_client_access without a table: expected type:name after it'],
    ['check_client_access reject',                '!check_client_access', 'check_client_access: cannot use check_client_access without a table: expected type:name after it'],
    ['check_policy_service 10023',                '!check_policy_service', 'check_policy_service: cannot use check_policy_service without a server: expected inet:host:port or unix:path after it'],
    ['sleep long',                                '!sleep', 'sleep: cannot use sleep without a number of seconds after it'],
    ['sleep',                                     '!sleep', 'sleep: cannot use sleep without a number of seconds after it'],
    ['permit_dnswl_client',                       '~permit_dnswl_client', 'permit_dnswl_client: cannot use permit_dnswl_client without a domain: expected a DNS list such as zen.spamhaus.org after it'],
    // As in Postfix, the next word is the domain, whatever it is.
    ['reject_rbl_client permit',                  'reject_rbl_client(permit)'],
  ]
  for (const [text, shown, ...problems] of cases) {
    test(`"${text}" is ${shown}`, () => {
      const compiled = compile(text)
      assert.equal(show(compiled.list), shown)
      assert.deepEqual(compiled.problems, problems)
    })
  }
})

describe('a bare table is the access check of its list', () => {
  // biome-ignore format: columns
  const cases: readonly [subject: SubjectClass, shown: string][] = [
    ['Client host',       'check_client_access(hash:t)'],
    ['Helo command',      'check_helo_access(hash:t)'],
    ['Sender address',    'check_sender_access(hash:t)'],
    ['Recipient address', 'check_recipient_access(hash:t)'],
    ['Etrn command',      'check_etrn_access(hash:t)'],
    ['Data command',      '!hash:t'],
    ['End-of-data',       '!hash:t'],
  ]
  for (const [subject, shown] of cases) {
    test(`${subject}: ${shown}`, () => {
      assert.equal(show(compile('hash:t', {}, subject).list), shown)
      assert.equal(show(compile('own', { own: 'hash:t' }, subject).list), `[own: ${shown}]`)
    })
  }

  test('the fault says what to write instead', () => {
    const { list, problems } = compile('hash:t', {}, 'Data command')
    const [item] = list.items
    assert.ok(item?.kind === 'fault')
    assert.deepEqual(item.warnings, [
      'specify one of (check_client_access, check_reverse_client_hostname_access, check_helo_access, check_sender_access, check_recipient_access, check_etrn_access) before Data command restriction "hash:t"',
    ])
    assert.equal(problems.length, 1)
  })
})

describe('restriction classes', () => {
  test('stand for their list', () => {
    const { list, problems } = compile('permit_mynetworks strict reject', {
      strict: 'reject_unknown_sender_domain hash:t',
      empty: '',
    })
    assert.equal(
      show(list),
      'permit_mynetworks() [strict: reject_unknown_sender_domain() check_recipient_access(hash:t)] reject()',
    )
    assert.deepEqual(problems, [])
  })

  test('may name each other', () => {
    assert.equal(
      show(compile('a', { a: 'b permit', b: 'reject_unauth_destination' }).list),
      '[a: [b: reject_unauth_destination()] permit()]',
    )
  })

  // Postfix: htable_find, where every other name is compared by strcasecmp.
  test('are the only names whose case counts', () => {
    assert.equal(show(compile('Strict', { strict: 'reject' }).list), '!Strict')
    assert.equal(show(compile('Strict', { Strict: 'reject' }).list), '[Strict: reject()]')
  })

  test('do not hide a restriction of the same name', () => {
    assert.equal(show(compile('permit', { permit: 'reject' }).list), 'permit()')
  })

  // Postfix runs until its stack is used up.
  for (const classes of [{ a: 'a' }, { a: 'b', b: 'a' }, { a: 'a a a', b: 'reject' }] as Record<string, string>[]) {
    test(`that lead to themselves end in a fault: ${JSON.stringify(classes)}`, () => {
      const { list, problems } = compile('a', classes)
      assert.match(problems.join('\n'), /^\w: cannot use restriction class \w: it leads to itself/)
      let item: Item | undefined = list.items[0]
      let depth = 0
      while (item?.kind === 'class') {
        depth++
        item = item.list.items[0]
      }
      assert.equal(item?.kind, 'fault')
      assert.ok(depth <= 101)
    })
  }
})

test('warnings are those of Postfix', () => {
  // biome-ignore format: columns
  const cases: readonly [text: string, warning: string][] = [
    ['nonsense',                     'unknown smtpd restriction: "nonsense"'],
    ['check_helo_access',            'restriction check_helo_access: bad argument "check_helo_access": need maptype:mapname'],
    ['CHECK_HELO_ACCESS permit',     'restriction check_helo_access: bad argument "permit": need maptype:mapname'],
    ['check_policy_service x',       'restriction check_policy_service must be followed by transport:server'],
    ['sleep 3s',                     'restriction sleep must be followed by number'],
    ['Reject_RBL',                   'restriction Reject_RBL requires domain name argument'],
  ]
  for (const [text, warning] of cases) {
    const [item] = compile(text).list.items
    assert.ok(item?.kind === 'fault' || item?.kind === 'skip')
    assert.equal(item.kind === 'skip' ? item.warning : item.warnings.join('\n'), warning)
  }
})

test('each place of a restriction has its own answer to keep', () => {
  const ids = compile('permit_mynetworks permit_mynetworks').list.items.map(item =>
    item.kind === 'check' ? item.id : 0,
  )
  assert.equal(new Set(ids).size, 2)
})
