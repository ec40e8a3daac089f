import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allParams } from './catalogue.ts'
import { renderParameters } from './document.ts'

test('renderParameters() has every parameter once, with type, default and meaning', () => {
  const text = renderParameters()
  const headings = text.split('\n').filter(line => line.startsWith('### '))
  assert.deepEqual(headings.toSorted(), allParams.map(param => `### ${param.name}`).toSorted())
  assert.match(text, /### smtpd_error_sleep_time\n\n\*time; default `1s`\*\n\nThe delay of answers/)
  assert.match(text, /### smtpd_client_restrictions\n\n\*restrictions; default empty\*/)
  assert.ok(text.endsWith('\n') && !text.endsWith('\n\n'))
})
