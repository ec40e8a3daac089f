import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIp } from '../util/ip.ts'
import { ClientList, RecipientList } from './client_list.ts'
import { parseClientLine, parseRecipientLine } from './list_lines.ts'
import { parseProviders } from './providers.ts'

const OPTIONS = { interruptAfterTimeLimit: 1000, numRuns: 5000 }
/** The alphabet of the lists, so that lines are nearly right. */
const word = (max: number) => fc.string({ unit: fc.constantFrom(...'aB1.@+/-_:*#\\^$()[]'), maxLength: max })

test('any line of a white list is an entry, a problem or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(word(20), fc.string()), line => {
      for (const { entry, problem } of [parseClientLine(line), parseRecipientLine(line)])
        assert.ok(entry === null || problem === null || problem.includes('"') || problem.includes('/'))
    }),
    OPTIONS,
  )
})

/** Postgrey's own patterns, as its source has them, in JavaScript. */
function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

test("a host name matches where Postgrey's pattern (?:^|\\.)NAME$ does", () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'B', '.'), minLength: 1, maxLength: 6 })
  const ip = parseIp('192.0.2.1')
  assert.ok(ip !== null)
  fc.assert(
    fc.property(name, name, (entry, client) => {
      const parsed = parseClientLine(entry).entry
      fc.pre(parsed?.kind === 'name')
      const list = new ClientList([{ entry: parsed, at: 'x' }])
      assert.equal(list.match(client, ip) === 'x', new RegExp(`(?:^|\\.)${quoted(entry)}$`, 'i').test(client))
    }),
    OPTIONS,
  )
})

test('a recipient matches where one of the three patterns of Postgrey does', () => {
  const address = fc.string({ unit: fc.constantFrom('a', 'B', '.', '+', '@'), minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(address, address, (entry, recipient) => {
      const parsed = parseRecipientLine(entry).entry
      assert.ok(parsed !== null)
      const at = entry.indexOf('@')
      const [user, domain] = at < 0 ? [entry, null] : [entry.slice(0, at), entry.slice(at + 1)]
      const source =
        domain === null
          ? `(?:@|\\.)${quoted(user)}$`
          : `^${quoted(user)}(?:\\+[^@]+)?@${domain === '' ? '' : `${quoted(domain)}$`}`
      const list = new RecipientList([{ entry: parsed, at: 'x' }])
      assert.equal(list.match(recipient) === 'x', new RegExp(source, 'i').test(recipient), source)
    }),
    OPTIONS,
  )
})

test('a list of big senders never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), word(60), fc.constant('date: 2026-13-45\nx host:a..b spf:')), text => {
      const { list, problems } = parseProviders(text, 'file')
      assert.ok(list.date !== null || problems.length > 0)
    }),
    OPTIONS,
  )
})
