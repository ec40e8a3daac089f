/** Big messages that wait for a verdict, in a real `postern serve`: what they cost, and what is left of them afterwards. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type BigMessage, bigMessage, sendBig } from '../support/big_message.ts'
import { ByteSink } from '../support/byte_sink.ts'
import { freePort } from '../support/ports.ts'
import { PosternProcess } from '../support/postern_process.ts'

const slow = process.env['POSTERN_SLOW'] === '1'
const MB = 1_000_000
/** Garbage that Node has not collected yet, and buffers on their way. A message in memory would be more. */
const ALLOWED_GROWTH = 60 * MB

interface Lab {
  readonly postern: PosternProcess
  readonly sink: ByteSink
  readonly port: number
  /** The one worker. */
  worker(): number
  spoolFiles(): readonly string[]
}

async function lab(t: TestContext, more = ''): Promise<Lab> {
  const sink = new ByteSink({ keep: false })
  t.after(() => sink.close())
  const hop = await sink.listen()
  const port = await freePort()
  const postern = PosternProcess.start(
    t,
    `
postern_smtp_listen = inet:127.0.0.1:${port}
postern_milter_listen =
postern_workers = 1
postern_next_hop = smtp:[127.0.0.1]:${hop}
mydestination = example.org
message_size_limit = 200000000
smtpd_end_of_data_restrictions = check_dmarc
postern_dmarc_ignore_hosts =
${more}`,
  )
  await postern.ready()
  return {
    postern,
    sink,
    port,
    worker: () => postern.workers()[0] ?? 0,
    spoolFiles: () => {
      const directory = path.join(postern.directory, 'state/spool')
      return fs.existsSync(directory) ? fs.readdirSync(directory) : []
    },
  }
}

/** Bytes of VmRSS or VmHWM. */
function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
}

/** Spool files that a process has open. */
function openSpools(pid: number): number {
  return fs.readdirSync(`/proc/${pid}/fd`).filter(fd => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/state/spool/')
    } catch {
      return false
    }
  }).length
}

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!what()) {
    assert.ok(performance.now() < end, `never came true: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

async function carry(at: Lab, message: BigMessage, bdat: boolean): Promise<number> {
  const before = memory(at.worker(), 'VmRSS')
  const seen = at.sink.messages.length
  assert.match(await sendBig(at.port, message, { bdat }).reply, /^250 2\.0\.0 Ok/)
  const sunk = at.sink.messages[seen]
  assert.equal(sunk?.bodySha256, message.bodySha256)
  const header = sunk?.bytes.toString('latin1') ?? ''
  assert.match(header, /^Authentication-Results: mx\.example\.com/)
  assert.ok(header.endsWith(`\r\n${message.header}\r\n`), header)
  assert.deepEqual(at.spoolFiles(), [])
  await until(() => openSpools(at.worker()) === 0)
  return memory(at.worker(), 'VmHWM') - before
}

describe('whole messages', { skip: process.platform === 'linux' ? false : 'this reads /proc' }, () => {
  test('10 MB by DATA and by BDAT: unchanged, not in memory, no spool file afterwards', async t => {
    const at = await lab(t)
    const message = bigMessage(10 * MB)
    await carry(at, bigMessage(MB), false)
    for (const bdat of [false, true]) {
      const growth = await carry(at, message, bdat)
      assert.ok(growth < ALLOWED_GROWTH, `grew by ${growth} bytes`)
      t.diagnostic(`${bdat ? 'BDAT' : 'DATA'}: memory grew by ${(growth / MB).toFixed(1)} MB at most`)
    }
  })

  test('100 MB by DATA and by BDAT', { skip: slow ? false : 'npm run test:slow sends it' }, async t => {
    const at = await lab(t)
    const message = bigMessage(100 * MB)
    await carry(at, bigMessage(MB), false)
    for (const bdat of [false, true]) {
      const growth = await carry(at, message, bdat)
      assert.ok(growth < ALLOWED_GROWTH, `grew by ${growth} bytes`)
      t.diagnostic(`${bdat ? 'BDAT' : 'DATA'}: memory grew by ${(growth / MB).toFixed(1)} MB at most`)
    }
  })

  test('kill -9 in the middle of a message leaves no file, and nothing is delivered', async t => {
    const at = await lab(t)
    const worker = at.worker()
    const sender = sendBig(at.port, bigMessage(10 * MB), { stopAfter: 100 })
    await until(() => openSpools(worker) === 1)
    process.kill(worker, 'SIGKILL')
    await until(() => at.worker() !== 0 && at.worker() !== worker)
    sender.destroy()
    assert.deepEqual(at.spoolFiles(), [])
    assert.deepEqual(at.sink.messages, [])
    assert.match(await sendBig(at.port, bigMessage(MB)).reply, /^250/)
  })

  test('a client that leaves in the middle of a message gives the room back', async t => {
    const at = await lab(t, 'postern_message_spool_limit = 3000000')
    for (let i = 0; i < 3; i++) {
      const sender = sendBig(at.port, bigMessage(10 * MB), { stopAfter: 30 })
      await until(() => openSpools(at.worker()) === 1)
      sender.destroy()
      await until(() => openSpools(at.worker()) === 0)
    }
    assert.match(await sendBig(at.port, bigMessage(2 * MB)).reply, /^250/)
    assert.match(await sendBig(at.port, bigMessage(4 * MB)).reply, /^452 4\.3\.1 Insufficient system storage/)
    assert.equal(at.sink.messages.length, 1)
  })
})
