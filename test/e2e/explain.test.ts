import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { playDialogue } from '../../src/bin/demo_client.ts'
import { demoPlays } from '../../src/bin/demo_plays.ts'
import { FixtureDns } from '../../src/dns/fixture_server.ts'
import type { Zone } from '../../src/dns/fixture_zone.ts'
import { systemClock } from '../../src/util/clock.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess, runPostern } from '../support/postern_process.ts'

const DEMO = path.join(import.meta.dirname, '../../examples/demo')

describe('T7.5 postern explain says what a live session gets', () => {
  // Our own JSON, of that shape.
  const zone = JSON.parse(fs.readFileSync(path.join(DEMO, 'zone.json'), 'utf8')) as Zone

  test('for every dialogue of the demo, text and all', async t => {
    const dns = new FixtureDns(zone)
    const dnsPort = await dns.listen('127.0.0.1', 0)
    t.after(() => dns.close())
    const port = await freePort()
    const demo = fs.readFileSync(path.join(DEMO, 'main.cf'), 'utf8')
    const postern = PosternProcess.start(
      t,
      `${demo}postern_dns_servers = 127.0.0.1:${dnsPort}\npostern_smtp_listen = inet:127.0.0.1:${port}\n`,
      { files: DEMO },
    )
    await postern.ready()
    // Pipelining is nothing that a mail in words can show, and who asks about a greylisted mail later finds that it has waited.
    const plays = demoPlays.filter(each => each.burst !== true && !/^patient@/.test(each.recipient))
    for (const play of plays) {
      const live = await playDialogue(play, { address: '127.0.0.1', port }, systemClock)
      const helo = play.helo === null ? [] : ['--helo', play.helo]
      const words = ['--client', play.from, ...helo, '--from', play.sender, '--to', play.recipient, '--json']
      const explained = await runPostern(['explain', '-c', postern.directory, ...words])
      const told = JSON.parse(explained.stdout)
      const deciding =
        told.exchanges.find((each: { reply: string }) => /^[45]/.test(each.reply)) ?? told.exchanges.at(-1)
      const withoutId = (reply: string): string => reply.replace(/queued as \w+/, 'queued as ID')
      assert.equal(withoutId(deciding.reply), withoutId(live), play.title)
      const status = live.startsWith('2') ? 0 : live.startsWith('4') ? 75 : 1
      assert.equal(explained.code, status, play.title)
      // And the log line of the refusal is the one that explain shows.
      if (!live.startsWith('2')) {
        const line = told.log.find((text: string) => text.startsWith('NOQUEUE: reject: '))
        const log = fs.readFileSync(path.join(postern.directory, 'state/mail.log'), 'utf8')
        if (line !== undefined) assert.ok(log.includes(line), `${play.title}: ${line}`)
      }
    }
  })

  test('the demo itself ends with 0', async () => {
    const { code, stdout, stderr } = await runPostern([], { program: 'src/bin/demo.ts' })
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /19 dialogues in \d+ ms: 14 to be refused, 5 to be delivered; 0 wrong, 5 delivered\.\n$/)
  })
})
