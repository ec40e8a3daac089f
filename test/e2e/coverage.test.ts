/** No restriction, access action or list goes without a dialogue with a real Postfix. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parameterNames } from '../../src/config/config.ts'
import { registry } from '../../src/restrictions/index.ts'
import { DIALOGUES } from '../support/lab.ts'

/** access(5), and HANGUP, which Postfix knows but does not tell of. */
const ACTIONS = [
  'OK',
  'RELAY',
  'REJECT',
  'DEFER',
  'DEFER_IF_PERMIT',
  'DEFER_IF_REJECT',
  'DUNNO',
  'BCC',
  'DISCARD',
  'FILTER',
  'HOLD',
  'INFO',
  'PREPEND',
  'REDIRECT',
  'WARN',
  'HANGUP',
]

const files = fs.readdirSync(DIALOGUES).filter(name => name.endsWith('.txt'))
const configs = files.map(name => fs.readFileSync(path.join(DIALOGUES, name), 'utf8').split(/^---$/m)[0] ?? '')
const tables = fs
  .readdirSync(path.join(DIALOGUES, 'tables'))
  .map(name => fs.readFileSync(path.join(DIALOGUES, 'tables', name), 'utf8'))
const text = [...configs, ...tables].join('\n')
const words = new Set(text.match(/[A-Za-z0-9_]+/g))

test('every restriction that Postfix has occurs in a dialogue', () => {
  const names = [...registry.names(), 'warn_if_reject']
  assert.ok(names.length > 60)
  assert.deepEqual(
    // Our own are held to Postgrey and policyd-spf: postgrey.test.ts, policyd_spf.test.ts.
    names.filter(name => !words.has(name) && registry.find(name)?.own !== true),
    [],
  )
})

test('every access action occurs in a table of a dialogue', () => {
  const missing = ACTIONS.filter(action => !new RegExp(`= *${action}\\b|\\t${action}\\b`).test(text))
  assert.deepEqual(missing, [])
  assert.match(text, /[=\t] *4\d\d /)
  assert.match(text, /[=\t] *5\d\d /)
})

test('every restriction list, reply code and tempfail action is set in a dialogue', () => {
  const wanted = parameterNames().filter(name =>
    /^smtpd_\w+_restrictions$|_reject_code$|_defer_code$|_tempfail_action$|^reject_code$|^defer_code$/.test(name),
  )
  assert.ok(wanted.length > 20)
  const missing = wanted.filter(name => !words.has(name) && !name.startsWith('postern_'))
  assert.deepEqual(missing, [])
})
