import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeaderEditor, type RemovedField } from './header_editor.ts'

const name = fc.constantFrom('R', 'r', 'R ', 'S', 'Longer-Name')
const field = fc
  .tuple(name, fc.array(fc.constantFrom('', 'x', ':', 'R: no', '\xe4'), { maxLength: 3 }))
  .map(([name, values]) => `${name}:${values.join('\r\n ')}\r\n`)
const body = fc.array(fc.constantFrom('R: body\r\n', '\r\n', ' x\r\n', 'text\r\n'), { maxLength: 4 })
const removed = fc.array(
  fc.record({ name: fc.constantFrom('R', 's', 'LONGER-NAME', 'absent'), nth: fc.integer({ min: 1, max: 4 }) }),
  { maxLength: 5 },
)

/** The same, written so that it is plain: with the whole message at hand. */
function plainly(fields: readonly string[], remove: readonly RemovedField[]): readonly string[] {
  const counts = new Map<string, number>()
  return fields.filter(text => {
    const name = (text.split(':')[0] ?? '').trim().toLowerCase()
    const nth = (counts.get(name) ?? 0) + 1
    counts.set(name, nth)
    return !remove.some(each => each.name.toLowerCase() === name && each.nth === nth)
  })
}

describe('HeaderEditor', () => {
  test('takes out the same fields however the message is cut', () => {
    fc.assert(
      fc.property(
        fc.array(field, { maxLength: 8 }),
        body,
        removed,
        fc.infiniteStream(fc.integer({ min: 1, max: 20 })),
        (fields, lines, remove, sizes) => {
          const head = 'Received: ours\r\n\tfolded\r\nR: ours\r\n'
          const message = Buffer.from(`${head}${fields.join('')}\r\n${lines.join('')}`, 'latin1')
          const editor = new HeaderEditor({ remove, head: head.length, edits: [] })
          const out: Buffer[] = []
          for (let at = 0; at < message.length; ) {
            const size = sizes.next().value ?? 1
            out.push(...editor.push(message.subarray(at, at + size)))
            at += size
          }
          out.push(...editor.end())
          const expected = `${head}${plainly(fields, remove).join('')}\r\n${lines.join('')}`
          assert.equal(Buffer.concat(out).toString('latin1'), expected)
        },
      ),
    )
  })
})
