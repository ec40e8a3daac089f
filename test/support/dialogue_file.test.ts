import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { DialogueSyntaxError, formatDialogueFile, parseDialogueFile } from './dialogue_file.ts'

const DIALOGUES = path.join(import.meta.dirname, '../e2e/dialogues')

test('parseDialogueFile() and formatDialogueFile() undo each other for every recorded file', () => {
  for (const name of fs.readdirSync(DIALOGUES).filter(file => file.endsWith('.txt') && file !== 'README.txt')) {
    const text = fs.readFileSync(path.join(DIALOGUES, name), 'utf8')
    assert.equal(formatDialogueFile(parseDialogueFile(text)), text, name)
  }
})

test('parseDialogueFile() takes consecutive lines for one group', () => {
  const file = parseDialogueFile(
    'a = b\n---\ndialogue x\nS: 220 hi\nC: NOOP\nC: QUIT\nS: 250 a\nS: 221 b\nL: smtpd: gone\n',
  )
  assert.equal(file.config, 'a = b\n')
  const [dialogue] = file.dialogues
  assert.deepEqual(dialogue?.log, ['smtpd: gone'])
  assert.deepEqual(dialogue?.steps, [
    { kind: 'connect', options: {}, want: ['220 hi'] },
    { kind: 'lines', lines: ['NOOP', 'QUIT'], options: {}, want: ['250 a', '221 b'] },
  ])
})

test('parseDialogueFile() refuses what it does not know', () => {
  assert.throws(() => parseDialogueFile('---\ndialogue x\nQ: what\n'), DialogueSyntaxError)
  assert.throws(() => parseDialogueFile('---\nC: too early\n'), DialogueSyntaxError)
})
