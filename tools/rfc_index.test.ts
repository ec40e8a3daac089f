import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderRfcIndex } from './rfc_index.ts'
import { makeTree } from './test_support.ts'

test('renderRfcIndex() sorts RFCs and sections by number and names each file once', t => {
  const root = makeTree(t, {
    'src/b.ts': '// RFC 5321 4.5.3.1.10: x\n// RFC 5321 4.5.3.1.8: y\n// RFC 5321 4.5.3.1.8: again\n',
    'src/a.ts': '// RFC 5321 4.5.3.1.8: z\n// RFC 2308: as a whole\n',
  })
  const { text, problems } = renderRfcIndex(root)
  assert.deepEqual(problems, [])
  assert.deepEqual(text.split('\n').slice(4), [
    '',
    '## RFC 2308: Negative caching of DNS queries (yes)',
    '',
    '- as a whole: `src/a.ts`',
    '',
    '## RFC 5321: Simple Mail Transfer Protocol (yes)',
    '',
    '- 4.5.3.1.8: `src/a.ts`, `src/b.ts`',
    '- 4.5.3.1.10: `src/b.ts`',
    '',
    '',
  ])
})

test('renderRfcIndex() names an RFC that is not in the list of titles', t => {
  const root = makeTree(t, { 'src/a.ts': '\n// RFC 9999 1: x\n' })
  assert.deepEqual(renderRfcIndex(root).problems, ['src/a.ts:2: RFC 9999 is not in tools/rfc_titles.ts'])
})
