import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Said } from '../../test/support/facts.ts'
import type { FakeZone } from '../../test/support/fake_resolver.ts'
import type { FakeTable } from '../../test/support/fake_world.ts'
import { tellRestriction } from '../../test/support/restriction_cases.ts'
import { isAuthorizedDestination, splitListArgument } from './dns_list.ts'

const ZONE: FakeZone = {
  PTR: { '1.2.0.192.in-addr.arpa': ['mail.there.example'] },
  A: {
    'mail.there.example': ['192.0.2.1'],
    '1.2.0.192.bl.example': ['127.0.0.2', '127.0.0.9'],
  },
  TXT: { '1.2.0.192.bl.example': ['spam source'] },
}

const SAID: Said = { helo: 'helo.example', sender: 'sender@there.example', recipient: 'user@here.example' }
const DEFAULT = '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; spam source'

interface Setting {
  readonly word?: string
  readonly zone?: FakeZone
  readonly mainCf?: string
  readonly tables?: Record<string, FakeTable>
  readonly notListings?: readonly string[]
}

async function tell(setting: Setting): Promise<[string, ...string[]]> {
  const { word = 'reject_rbl_client bl.example', zone = ZONE, ...world } = setting
  const told = await tellRestriction(word, SAID, { ...world, dns: zone })
  return [told.verdict, ...told.notes]
}

describe('splitListArgument', () => {
  // biome-ignore format: columns
  const cases: readonly [argument: string, zone: string, filter: string | null][] = [
    ['bl.example',            'bl.example', null],
    ['bl.example=127.0.0.2',  'bl.example', '127.0.0.2'],
    ['bl.example=',           'bl.example', ''],
    ['bl.example=a=b',        'bl.example', 'a=b'],
  ]
  for (const [argument, zone, filter] of cases) {
    test(argument, () => {
      assert.deepEqual(splitListArgument(argument), { zone, filter })
    })
  }
})

describe('reply filters', () => {
  const listed = DEFAULT
  // biome-ignore format: columns
  const cases: readonly [filter: string, ...told: string[]][] = [
    ['127.0.0.2',             listed],
    ['127.0.0.9',             listed],
    ['127.0.0.3',             'dunno'],
    ['127.0.0.[1..4]',        listed],
    ['127.0.0.[3;5;9]',       listed],
    ['[127.0.0.2]',           listed],
    ['127.[0..255].0.2',      listed],
    ['127.0.1.[0..255]',      'dunno'],
    ['127.0.0',               'fault 451 4.3.5 Server configuration error', 'RBL reply error: need four fields separated by "." in "127.0.0"'],
    ['',                      'fault 451 4.3.5 Server configuration error', 'RBL reply error: empty address pattern'],
    ['127.0.0.256',           'fault 451 4.3.5 Server configuration error', 'RBL reply error: need decimal number 0..255 or [number;number..number] at "256" in "127.0.0.256"'],
  ]
  for (const [filter, ...told] of cases) {
    test(`bl.example=${filter}: ${told[0]}`, async () => {
      assert.deepEqual(await tell({ word: `reject_rbl_client bl.example=${filter}` }), told)
    })
  }

  test('answers that do not count are passed over before the filter sees them', async () => {
    const notListings = ['bl.example 127.0.0.2']
    assert.deepEqual(await tell({ notListings }), [DEFAULT])
    assert.deepEqual(await tell({ notListings, word: 'reject_rbl_client bl.example=127.0.0.2' }), ['dunno'])
    assert.deepEqual(await tell({ notListings: [...notListings, 'bl.example 127.0.0.9'] }), ['dunno'])
  })
})

describe('texts of lists', () => {
  const start = 'Service unavailable; Client host [192.0.2.1] blocked using bl.example'
  // biome-ignore format: columns
  const cases: readonly [records: readonly (string | readonly string[])[], text: string][] = [
    [[],                               start],
    [['one'],                          `${start}; one`],
    [['one', 'two'],                   `${start}; one / two`],
    // Of one record Postfix shows the first string only.
    [[['one', 'more'], 'two'],         `${start}; one / two`],
    [['x'.repeat(600)],                `${start}; ${'x'.repeat(500)}`],
    [['a\tb\xfcc\x00'],                `${start}; a b c `],
  ]
  for (const [records, text] of cases) {
    test(`${JSON.stringify(records).slice(0, 40)}`, async () => {
      const zone = { ...ZONE, TXT: { '1.2.0.192.bl.example': records } }
      assert.deepEqual(await tell({ zone }), [`554 5.7.1 ${text}`])
    })
  }

  test('a text that cannot be looked up is none', async () => {
    const zone = { ...ZONE, TXT: {}, fail: ['TXT 1.2.0.192.bl.example'] }
    assert.deepEqual(await tell({ zone }), [`554 5.7.1 ${start}`])
  })
})

describe('reply templates', () => {
  // biome-ignore format: columns
  const cases: readonly [template: string, reply: string, ...notes: string[]][] = [
    ['$rbl_code $rbl_reason',                  '554 5.7.1 spam source'],
    ['550 5.7.9 $rbl_txt',                     '550 5.7.9 spam source'],
    ['450 5.7.9 text',                         '450 4.7.9 text'],
    ['521 $rbl_class [$rbl_what]',             '521 5.7.1 Client host [192.0.2.1]'],
    ['554 $rbl_domain',                        '554 5.7.1 bl.example'],
    ['554 $client',                            '554 5.7.1 mail.there.example[192.0.2.1]'],
    ['554 $client_name $client_address $client_port', '554 5.7.1 mail.there.example 192.0.2.1 40000'],
    ['554 $reverse_client_name $helo_name $server_name', '554 5.7.1 mail.there.example helo.example mx.here.example'],
    ['554 $sender $sender_name $sender_domain', '554 5.7.1 sender@there.example sender there.example'],
    ['554 $recipient $recipient_name $recipient_domain', '554 5.7.1 user@here.example user here.example'],
    ['554 $localtime',                         '554 5.7.1 Jan 01 00:00:00'],
    ['554 ${rbl_reason?{why: $rbl_reason}:{no reason}}', '554 5.7.1 why: spam source'],
    ['554',                                    '450 4.7.1 Service unavailable', 'rbl response code configuration error: 554'],
    ['554 ',                                   '554 5.7.1 Service unavailable'],
    ['554 5.7.2',                              '554 5.7.2 Service unavailable'],
    ['250 fine',                               '450 4.7.1 Service unavailable', 'rbl response code configuration error: 250 fine'],
    ['go away',                                '450 4.7.1 Service unavailable', 'rbl response code configuration error: go away'],
    // What cannot be expanded is as good as not there.
    ['554 $nonsense',                          DEFAULT, 'unknown macro name "nonsense" in expansion request', 'bad rbl reply template for domain bl.example: 554 $nonsense'],
    ['554 $constructor',                       DEFAULT, 'unknown macro name "constructor" in expansion request', 'bad rbl reply template for domain bl.example: 554 $constructor'],
    ['554 ${broken',                           DEFAULT, 'bad rbl reply template for domain bl.example: 554 ${broken'],
  ]
  for (const [template, reply, ...notes] of cases) {
    test(`rbl_reply_maps: ${template}`, async () => {
      const told = await tell({
        mainCf: 'rbl_reply_maps = hash:replies',
        tables: { 'hash:replies': { 'bl.example': template } },
      })
      if (template.includes('localtime')) assert.match(told[0], /^554 5\.7\.1 [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d$/)
      else assert.deepEqual(told, [reply, ...notes])
    })
  }

  test('default_rbl_reply is a template as well', async () => {
    const mainCf = 'default_rbl_reply = 550 5.7.9 no mail from $rbl_what'
    assert.deepEqual(await tell({ mainCf }), ['550 5.7.9 no mail from 192.0.2.1'])
  })

  // Postfix: smtpd dies of it.
  test('a bad default_rbl_reply refuses for now', async () => {
    const [reply] = await tell({ mainCf: 'default_rbl_reply = 550 $nonsense' })
    assert.equal(reply, '450 4.7.1 Service unavailable')
  })

  test('rbl_reply_maps is asked with the filter in the key', async () => {
    const mainCf = 'rbl_reply_maps = hash:replies'
    const tables = { 'hash:replies': { 'bl.example=127.0.0.2': '550 5.7.9 own $rbl_domain' } }
    assert.deepEqual(await tell({ word: 'reject_rbl_client bl.example=127.0.0.2', mainCf, tables }), [
      '550 5.7.9 own bl.example',
    ])
    assert.deepEqual(await tell({ mainCf, tables }), [DEFAULT])
  })

  test('rbl_reply_maps that do not answer are our trouble', async () => {
    const told = await tell({ mainCf: 'rbl_reply_maps = hash:away', tables: { 'hash:away': 'failed' } })
    assert.deepEqual(told, ['fault 451 4.3.5 Server configuration error', 'hash:away lookup error for "bl.example"'])
  })

  test('foreign text is held to smtpd_expansion_filter', async () => {
    const zone = { ...ZONE, TXT: { '1.2.0.192.bl.example': ['a$b<c>d'] } }
    const mainCf = 'smtpd_expansion_filter = abcd'
    assert.deepEqual(await tell({ zone, mainCf: `${mainCf}\ndefault_rbl_reply = 550 5.7.1 $rbl_txt` }), [
      '550 5.7.1 a_b_c_d',
    ])
  })

  test('an address status is made fit for the class', async () => {
    const told = await tell({ mainCf: 'default_rbl_reply = 550 5.1.8 no' })
    assert.deepEqual(told, ['550 5.0.0 no', 'mapping DSN status 5.1.8 into Client host status 5.0.0'])
  })
})

test('isAuthorizedDestination', () => {
  const mine = { class: 'local', routed: false, malformed: false }
  assert.equal(isAuthorizedDestination(mine, false), true)
  assert.equal(isAuthorizedDestination({ ...mine, class: 'relay' }, false), true)
  assert.equal(isAuthorizedDestination({ ...mine, class: 'default' }, true), false)
  assert.equal(isAuthorizedDestination({ ...mine, routed: true }, false), false)
  assert.equal(isAuthorizedDestination({ ...mine, routed: true }, true), true)
  assert.equal(isAuthorizedDestination({ ...mine, malformed: true }, true), false)
})
