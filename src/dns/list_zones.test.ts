import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectListsOf } from './list_zones.ts'

const words = (text: string): { text: string }[] => text.split(' ').map(word => ({ text: word }))

test('lists are found wherever restrictions name them, once each, without filter', () => {
  const lists = collectListsOf([
    words('permit_mynetworks reject_rbl_client ZEN.spamhaus.org=127.0.0.[2..11] reject_rbl_client zen.spamhaus.org.'),
    words(
      'warn_if_reject reject_rhsbl_helo dbl.spamhaus.org permit_dnswl_client list.dnswl.org=127.0.[0..255].[1..3] permit',
    ),
    words('reject_rhsbl_sender zen.spamhaus.org permit_rhswl_client w.example'),
    words('reject_rbl_client'),
  ])
  assert.deepEqual(
    lists.map(({ zone, addresses, names, blocks, allows }) => [zone, { addresses, names, blocks, allows }]),
    [
      ['zen.spamhaus.org', { addresses: true, names: true, blocks: true, allows: false }],
      ['dbl.spamhaus.org', { addresses: false, names: true, blocks: true, allows: false }],
      ['list.dnswl.org', { addresses: true, names: false, blocks: false, allows: true }],
      ['w.example', { addresses: false, names: true, blocks: false, allows: true }],
    ],
  )
})
