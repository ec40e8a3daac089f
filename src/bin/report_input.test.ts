import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { LogInputError, openLogPlace } from './report_input.ts'

const TEXT = Buffer.from(
  `${'Nov 24 04:00:00 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]\n'.repeat(20_000)}ü\xff`,
  'latin1',
)

async function readAll(path: string): Promise<{ readonly bytes: Buffer; readonly progress: number }> {
  let progress = 0
  const input = await openLogPlace({
    place: { kind: 'file', path },
    dates: null,
    progress: bytes => {
      progress += bytes
    },
  })
  const chunks: Buffer[] = []
  // A chunk is good until the next one.
  for await (const chunk of input.chunks) chunks.push(Buffer.from(chunk))
  return { bytes: Buffer.concat(chunks), progress }
}

function write(t: TestContext, bytes: Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), 'postern-input-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'mail.log')
  writeFileSync(path, bytes)
  return path
}

describe('T18.1 a log is read', () => {
  const forms: readonly (readonly [string, () => Buffer | null])[] = [
    ['plain', () => TEXT],
    ['gz', () => gzipSync(TEXT)],
    ['gz, in two members', () => Buffer.concat([gzipSync(TEXT.subarray(0, 1000)), gzipSync(TEXT.subarray(1000))])],
    ['zst', () => zstdCompressSync(TEXT)],
    ['xz', () => spawnSync('xz', ['-c'], { input: TEXT, maxBuffer: 1 << 28 }).stdout],
  ]
  for (const [name, pack] of forms)
    test(`${name}, whatever it is called`, async t => {
      const packed = pack()
      if (packed === null) return t.skip('no xz is installed')
      const { bytes, progress } = await readAll(write(t, packed))
      assert.ok(bytes.equals(TEXT))
      assert.equal(progress, packed.length)
    })

  test('an empty one', async t => {
    assert.equal((await readAll(write(t, Buffer.alloc(0)))).bytes.length, 0)
  })
})

describe('what cannot be read is told', () => {
  const failure = async (path: string): Promise<string> => {
    const error = await readAll(path).then(
      () => assert.fail('it was read'),
      (caught: unknown) => caught,
    )
    assert.ok(error instanceof LogInputError, String(error))
    return error.message
  }

  test('no file, a directory', async () => {
    assert.equal(await failure('/nowhere/mail.log'), 'cannot read /nowhere/mail.log: No such file or directory')
    assert.equal(await failure('/'), 'cannot read /: it is a directory')
  })

  test('a packed one that is cut off', async t => {
    for (const packed of [
      gzipSync(TEXT),
      zstdCompressSync(TEXT),
      spawnSync('xz', ['-c'], { input: TEXT, maxBuffer: 1 << 28 }).stdout,
    ]) {
      if (packed === null) continue
      const path = write(t, packed.subarray(0, packed.length - 20))
      assert.match(await failure(path), /^cannot read .+: .+/)
    }
  })
})
