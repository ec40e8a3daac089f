import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDmarcRecord } from './record.ts'

const POLICIES = ['none', 'quarantine', 'reject']
/** Bytes in the alphabet of the grammar. */
const grammar = fc
  .array(fc.constantFrom(...'vpsnadkimtrufo=;:,! \tDMARC1rejctquabeyxn@.é'), { maxLength: 80 })
  .map(chars => chars.join(''))
const tag = fc.record({
  name: fc.constantFrom('p', 'sp', 'np', 'adkim', 'aspf', 't', 'psd', 'rua', 'ruf', 'fo', 'pct', 'x'),
  value: fc.oneof(fc.constantFrom(...POLICIES, 'r', 's', 'y', 'n', 'u', 'mailto:a@b.example', '1:d'), grammar),
})

test('any text is a record, an unusable record or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        grammar,
        grammar.map(text => `v=DMARC1;${text}`),
      ),
      text => {
        const parsed = parseDmarcRecord(text)
        if (parsed === null) return
        assert.match(text, /^\s*[vV]\s*=\s*DMARC1/)
        if (parsed.record !== null) assert.ok(POLICIES.includes(parsed.record.p))
        else assert.notEqual(parsed.problem, null)
      },
    ),
  )
})

test('the order of different tags and the blanks around them do not matter', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(tag, { selector: one => one.name, maxLength: 8 }),
      fc.constantFrom('', ' ', '\t '),
      (tags, blank) => {
        const values = tags.filter(({ value }) => !value.includes(';'))
        const one = values.map(({ name, value }) => `;${name}=${value}`).join('')
        const other = values
          .toReversed()
          .map(({ name, value }) => `${blank};${blank}${name}${blank}=${blank}${value}${blank}`)
          .join('')
        const seen = (text: string) => {
          const parsed = parseDmarcRecord(`v=DMARC1${text}`)
          return parsed?.record === null ? parsed.psd : { ...parsed?.record, text: '' }
        }
        assert.deepEqual(seen(one), seen(other))
      },
    ),
  )
})
