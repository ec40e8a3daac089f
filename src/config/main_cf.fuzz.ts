import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadConfig } from './config.ts'
import { parseMainCf } from './main_cf.ts'

const piece = fc.constantFrom(
  'a',
  'smtpd_timeout',
  'mynetworks',
  ' ',
  '\n',
  '\t',
  '=',
  '#',
  '$',
  '{',
  '}',
  ',',
  '\r\n',
  '\0',
  '\uFEFF',
  'yes',
  '30s',
  '$a',
  ':',
)
const mainCfText = fc.string({ unit: piece, maxLength: 60 })
const env = { hostname: 'mx.example.org', interfaces: [], readFirstLine: () => null }

test('parseMainCf() never throws, and places point at what they name', () => {
  fc.assert(
    fc.property(mainCfText, text => {
      const lines = text
        .replace(/^\uFEFF/, '')
        .replaceAll('\0', '')
        .split('\n')
      for (const { name, at, value } of parseMainCf(text, 'f').settings) {
        assert.ok((lines[at.line - 1] ?? '').slice(at.column - 1).startsWith(name))
        for (let offset = 0; offset < value.text.length; offset++) {
          const { line, column } = value.place(offset)
          assert.equal((lines[line - 1] ?? '').charAt(column - 1), value.text.charAt(offset))
        }
      }
    }),
    { numRuns: 3000 },
  )
})

test('loadConfig() never throws, and gives a value for every parameter', () => {
  fc.assert(
    fc.property(mainCfText, fc.array(mainCfText, { maxLength: 2 }), (mainCf, overrides) => {
      const { config } = loadConfig({ mainCf, path: 'main.cf', overrides, env })
      for (const [name, value] of Object.entries(config)) assert.notEqual(value, undefined, name)
    }),
    { numRuns: 60 },
  )
})
