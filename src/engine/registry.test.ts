import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registry } from '../restrictions/index.ts'
import { Registry } from './registry.ts'
import { restriction } from './restriction.ts'

const one = restriction({
  name: 'one',
  aliases: ['uno'],
  needs: 'moment',
  params: [],
  doc: '',
  check: () => ({ kind: 'dunno' }),
})

test('a name or alias may be used once', () => {
  assert.throws(() => new Registry([one, one]), /restriction "one" is registered twice/)
  assert.throws(
    () => new Registry([one, { ...one, name: 'uno', aliases: [] }]),
    /restriction "uno" is registered twice/,
  )
})

test('restrictions are found by name and alias, without regard to case, and listed in order', () => {
  const two = { ...one, name: 'two', aliases: [] }
  const small = new Registry([one, two])
  assert.equal(small.find('ONE'), one)
  assert.equal(small.find('Uno'), one)
  assert.equal(small.find('three'), undefined)
  assert.equal(small.find('constructor'), undefined)
  assert.deepEqual([...small], [one, two])
  assert.deepEqual(small.names(), ['one', 'uno', 'two'])
})

test('every restriction says what it does, and declares each parameter once', () => {
  for (const { name, doc, params } of registry) {
    assert.match(doc.trim(), /^[A-Z].*\.$/s, name)
    assert.deepEqual([...params], [...new Set(params)], name)
  }
})
