import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import { makeFakeWorld } from '../../test/support/fake_world.ts'
import { Door, SessionMemory } from './session_ask.ts'

/** "local u@here.example", with "routed" or "malformed" behind it. */
async function classify(address: string, mainCf: string): Promise<string> {
  const world = makeFakeWorld({ mainCf, tables: { 'hash:away': 'failed' } })
  const resolved = await new Door(new SessionMemory(world), makeFacts()).resolveAddress(address)
  if (resolved.status !== 'found') return resolved.status
  const { value } = resolved
  const marks = [value.routed ? 'routed' : '', value.malformed ? 'malformed' : ''].filter(mark => mark !== '')
  assert.equal(value.domain, value.address.slice(value.address.lastIndexOf('@') + 1))
  return [value.class, value.address, ...marks].join(' ')
}

type ClassCase = readonly [address: string, mainCf: string, expected: string]

function testClasses(title: string, cases: readonly ClassCase[]): void {
  describe(title, () => {
    for (const [address, mainCf, expected] of cases) {
      test(`<${address}>${mainCf === '' ? '' : `, ${mainCf}`}: ${expected}`, async () => {
        assert.equal(await classify(address, mainCf), expected)
      })
    }
  })
}

// biome-ignore format: columns
testClasses('classes', [
  ['u@here.example',             '',  'local u@here.example'],
  ['U@HERE.Example',             '',  'local u@here.example'],
  ['u@alias.example',            '',  'virtual_alias u@alias.example'],
  ['u@box.example',              '',  'virtual_mailbox u@box.example'],
  ['u@relay.example',            '',  'relay u@relay.example'],
  ['u@sub.relay.example',        '',  'relay u@sub.relay.example'],
  ['u@elsewhere.example',        '',  'default u@elsewhere.example'],
  ['u@sub.here.example',         '',  'default u@sub.here.example'],
  ['u@[192.0.2.25]',             '',  'local u@[192.0.2.25]'],
  ['u@[192.0.2.26]',             '',  'default u@[192.0.2.26]'],
  ['u@[203.0.113.25]',           'proxy_interfaces = 203.0.113.25', 'local u@[203.0.113.25]'],
  ['u@[IPv6:2001:db8::1]',       '',  'default u@[ipv6:2001:db8::1]'],
  // The first of the lists wins.
  ['u@here.example',             'virtual_alias_domains = here.example', 'local u@here.example'],
  ['u@two.example',              'virtual_mailbox_domains = two.example\nrelay_domains = two.example', 'virtual_mailbox u@two.example'],
])

// biome-ignore format: columns
testClasses('missing and odd domains', [
  ['u',                          '',                             'local u@here.example'],
  ['u',                          'myorigin = elsewhere.example', 'default u@elsewhere.example'],
  ['u',                          'append_at_myorigin = no\nmydestination = mx.here.example', 'local u@mx.here.example'],
  ['u@host',                     'append_dot_mydomain = yes',    'default u@host.here.example'],
  ['u@host',                     'append_dot_mydomain = no',     'default u@host'],
  ['u@[host]',                   'append_dot_mydomain = yes',    'default u@[host] malformed'],
  ['u@here.example.',            '',                             'local u@here.example'],
  ['u@elsewhere.example.',       '',                             'default u@elsewhere.example'],
  ['u@elsewhere.example..',      '',                             'default u@elsewhere.example.. malformed'],
  ['u@a..b',                     '',                             'default u@a..b malformed'],
  ['u@-a.example',               '',                             'default u@-a.example malformed'],
  ['-u@here.example',            '',                             'default -u@here.example malformed'],
  ['-u@here.example',            'allow_min_user = yes',         'local -u@here.example'],
  ['u@under_score.example',      '',                             'default u@under_score.example'],
  ['u@grün.example',             '',                             'default u@grün.example'],
  ['u@grün.example',             'smtputf8_enable = no',         'default u@grün.example malformed'],
  // resolve_null_domain, resolve_numeric_domain
  ['u@',                         '',                             'default u@ malformed'],
  ['u@',                         'resolve_null_domain = yes',    'default u@mx.here.example'],
  ['u@192.0.2.25',               '',                             'default u@192.0.2.25 malformed'],
  ['u@192.0.2.25',               'resolve_numeric_domain = yes', 'local u@[192.0.2.25]'],
  ['u@192.0.2.26',               'resolve_numeric_domain = yes', 'default u@[192.0.2.26]'],
  ['u@[192.0.2]',                '',                             'default u@[192.0.2] malformed'],
  ['u@[192.0.2.1]x',             '',                             'default u@[192.0.2.1]x malformed'],
])

// biome-ignore format: columns
testClasses('sender-specified routing', [
  // user%domain: behind a domain of ours it is another address, behind one of others it is routed.
  ['u%elsewhere.example@here.example',  '',                        'default u@elsewhere.example'],
  ['u%here.example@here.example',       '',                        'local u@here.example'],
  ['u%a.example%b.example@here.example', '',                       'default u%a.example@b.example routed'],
  ['u%elsewhere.example@relay.example', '',                        'relay u%elsewhere.example@relay.example routed'],
  ['u%elsewhere.example',               '',                        'default u@elsewhere.example'],
  ['u%elsewhere.example@here.example',  'allow_percent_hack = no', 'local u%elsewhere.example@here.example routed'],
  // site!user
  ['elsewhere.example!u@here.example',  '',                        'default u@elsewhere.example'],
  ['elsewhere.example!u',               '',                        'default u@elsewhere.example'],
  ['a.example!b.example!u@here.example', '',                       'default b.example!u@a.example routed'],
  ['elsewhere.example!u@here.example',  'swap_bangpath = no',      'local elsewhere.example!u@here.example routed'],
  ['site!u@relay.example',              '',                        'relay site!u@relay.example routed'],
  // user@elsewhere@here
  ['u@elsewhere.example@here.example',  '',                        'default u@elsewhere.example'],
  ['u@here.example@here.example',       '',                        'local u@here.example'],
  ['u@elsewhere.example@relay.example', '',                        'relay u@elsewhere.example@relay.example routed'],
  ['u@elsewhere.example@here.example',  'resolve_dequoted_address = no', 'local u@elsewhere.example@here.example routed'],
  ['u u%elsewhere.example@here.example', '',                       'default u u@elsewhere.example'],
  ['u u@here.example',                  '',                        'local u u@here.example'],
])

// biome-ignore format: columns
testClasses('empty local parts', [
  ['@here.example',                     '',                                      'local mailer-daemon@here.example'],
  ['@elsewhere.example',                '',                                      'default @elsewhere.example'],
  ['@here.example',                     'empty_address_recipient = a@elsewhere.example', 'default a@elsewhere.example'],
])

// biome-ignore format: columns
testClasses('lists that do not answer', [
  ['u@elsewhere.example',               'mydestination = hash:away',             'failed'],
  ['u@elsewhere.example',               'virtual_alias_domains = hash:away',     'failed'],
  ['u@elsewhere.example',               'virtual_mailbox_domains = hash:away',   'failed'],
  ['u@elsewhere.example',               'relay_domains = hash:away',             'failed'],
  // Not asked where an earlier list has the answer.
  ['u@here.example',                    'relay_domains = hash:away',             'local u@here.example'],
])

test('an address that goes in circles is given up', async () => {
  const mainCf = 'empty_address_recipient = @here.example'
  assert.equal(await classify('@here.example', mainCf), 'failed')
})
