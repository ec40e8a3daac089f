/** Debian's miltertest plays an MTA: test/e2e/miltertest/*.lua. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { MessageVerdict } from '../../src/model/mail_auth.ts'
import { type MilterFace, startMilterFace } from '../support/milter_face.ts'
import { ACCEPT, type NotingJudge } from '../support/milter_packets.ts'

const SCRIPTS = path.join(import.meta.dirname, 'miltertest')
const skip = spawnSync('miltertest', ['-V']).error === undefined ? false : 'miltertest is not installed'

/** Longer than what miltertest is told to wait, so that only progress keeps it waiting. */
const SLOW_MS = 9000

function decide(judge: NotingJudge): MessageVerdict | Promise<MessageVerdict> {
  const subject = judge.fields
    .find(field => field.startsWith('Subject:'))
    ?.slice(8)
    .trim()
  const insert = [
    'Authentication-Results: mx.example.com; dmarc=pass\r\n\theader.from=client.example',
    'Received-SPF: Pass',
  ]
  switch (subject) {
    case 'insert':
      return { ...ACCEPT, insert }
    case 'replace':
      return { ...ACCEPT, insert, remove: [{ name: 'authentication-results', nth: 1 }] }
    case 'reject':
      return { ...ACCEPT, action: 'reject', reply: '550 5.7.1 rejected by DMARC policy for 100%.example', insert }
    case 'tempfail':
      return { ...ACCEPT, action: 'tempfail', reply: '451 4.7.1 try again later' }
    case 'quarantine':
      return { ...ACCEPT, action: 'quarantine', reply: 'fails DMARC' }
    case 'slow':
      return new Promise(resolve => setTimeout(() => resolve(ACCEPT), SLOW_MS))
    default:
      return ACCEPT
  }
}

describe('G23 miltertest', { skip }, () => {
  let face: MilterFace
  before(async () => {
    face = await startMilterFace(decide)
  })
  after(() => face.close())

  /** What it printed when it failed, or ''. */
  const run = (script: string): Promise<string> => {
    const text = ['common.lua', script].map(name => fs.readFileSync(path.join(SCRIPTS, name), 'utf8')).join('\n')
    return new Promise(resolve => {
      const child = execFile('miltertest', ['-D', `port=${face.port}`], { timeout: 60_000 }, (error, out, err) =>
        resolve(error === null ? '' : `${out}${err}${error.message}`),
      )
      child.stdin?.end(text)
    })
  }

  for (const script of ['negotiation.lua', 'verdicts.lua']) {
    test(script, async () => {
      assert.equal(await run(script), '')
    })
  }

  test('macros.lua', async () => {
    const before = face.judges.length
    assert.equal(await run('macros.lua'), '')
    const [first, second, third] = face.judges.slice(before).map(({ envelope }) => envelope)
    assert.deepEqual(first, {
      clientAddress: '192.0.2.1',
      clientName: 'client.example',
      helo: 'helo.example',
      sender: 'me@client.example',
      recipients: ['you@example.com'],
      authenticated: true,
      queueId: 'QUEUEID1',
    })
    assert.deepEqual([second?.sender, second?.authenticated, second?.queueId], ['', false, null])
    assert.deepEqual([third?.clientAddress, third?.clientName], ['127.0.0.1', 'localhost'])
  })

  test('a script that expects something else fails', async () => {
    fs.accessSync(SCRIPTS)
    assert.match(await runText('want(1, 2, "one")'), /one: 1, not 2/)
  })

  const runText = (text: string): Promise<string> => {
    const common = fs.readFileSync(path.join(SCRIPTS, 'common.lua'), 'utf8')
    const done = spawnSync('miltertest', ['-D', `port=${face.port}`], { input: `${common}\n${text}`, encoding: 'utf8' })
    return Promise.resolve(done.status === 0 ? '' : `${done.stdout}${done.stderr}`)
  }
})
