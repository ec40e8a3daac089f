import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { findProgram } from '../../test/support/daemons.ts'
import type { TlsServerContext, TlsStarted } from './byte_stream.ts'
import { SocketStream } from './socket_stream.ts'
import { makeTlsContext } from './tls.ts'

/** Accepts one connection and gives both ends. */
async function pair(server: Server): Promise<{ ours: SocketStream; client: Socket }> {
  const address = server.address()
  assert.ok(address !== null && typeof address !== 'string')
  const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
  const client = connect({ port: address.port, host: '127.0.0.1' })
  client.on('error', () => undefined)
  return { ours: new SocketStream(await accepted), client }
}

describe('SocketStream over TCP', () => {
  let server: Server
  before(async () => {
    server = createServer({ pauseOnConnect: true })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.close()
  })

  test('reads, polls, and goes on writing after the client has closed its side', async () => {
    const { ours, client } = await pair(server)
    assert.equal(await ours.poll(), null)
    client.end('hello')
    assert.equal(Buffer.from((await ours.read()) ?? []).toString(), 'hello')
    assert.equal(await ours.read(), null)
    const said = new Promise<string>(resolve => client.once('data', data => resolve(data.toString())))
    ours.write(Buffer.from('bye'))
    assert.equal(await said, 'bye')
    await ours.end()
  })

  test('holds the client back instead of piling up what it sends', async () => {
    const { ours, client } = await pair(server)
    let sent = 0
    const chunk = Buffer.alloc(65_536)
    // 64 MiB, far more than any socket buffer.
    for (let i = 0; i < 1024; i++)
      client.write(chunk, () => {
        sent += chunk.length
      })
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`)
    let read = 0
    while (read < 1024 * 65_536) read += (await ours.read())?.length ?? Number.NaN
    assert.equal(read, 1024 * 65_536)
    client.destroy()
  })

  test('a slow reader is noticed, a broken connection too', async () => {
    const { ours, client } = await pair(server)
    client.pause()
    for (let i = 0; i < 200; i++) ours.write(Buffer.alloc(65_536))
    let drained: boolean | null = null
    const waiting = ours.drained().then(open => {
      drained = open
    })
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal(drained, null)
    client.destroy()
    await waiting
    assert.equal(drained, false)
    assert.equal(await ours.drained(), false)
  })
})

describe('STARTTLS', { skip: findProgram('openssl') === null ? 'no openssl' : false }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'postern-tls.'))
  const file = (name: string): string => readFileSync(join(dir, name), 'utf8')
  let server: Server
  let context: TlsServerContext

  function openssl(...args: string[]): void {
    const made = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' })
    assert.equal(made.status, 0, made.stderr)
  }

  before(async () => {
    const fresh = ['-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2']
    openssl('req', ...fresh, '-subj', '/CN=mx.here.example', '-keyout', 'server.key', '-out', 'server.crt')
    openssl('req', ...fresh, '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.crt')
    for (const name of ['client', 'stranger']) {
      openssl(
        'req',
        '-new',
        '-nodes',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-subj',
        `/O=Org/CN=${name}.example`,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
      )
    }
    openssl(
      'x509',
      '-req',
      '-in',
      'client.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      'client.crt',
    )
    openssl('x509', '-req', '-in', 'stranger.csr', '-signkey', 'stranger.key', '-days', '2', '-out', 'stranger.crt')
    context = makeTlsContext({
      chains: [{ cert: file('server.crt'), key: file('server.key') }],
      ca: file('ca.crt'),
      protocols: ['>=TLSv1.2'],
      ciphers: null,
      fingerprintDigest: 'sha256',
    })
    server = createServer({ pauseOnConnect: true })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.close()
    rmSync(dir, { recursive: true, force: true })
  })

  async function handshake(
    client: 'none' | 'client' | 'stranger',
  ): Promise<{ started: TlsStarted; ours: SocketStream; secure: TLSSocket }> {
    const { ours, client: plain } = await pair(server)
    const cert = client === 'none' ? {} : { cert: file(`${client}.crt`), key: file(`${client}.key`) }
    const secure = connectTls({ socket: plain, rejectUnauthorized: false, ...cert })
    secure.on('error', () => undefined)
    return { started: await ours.startTls({ context, askClientCert: true }), ours, secure }
  }

  test('encrypts both ways', async () => {
    const { started, ours, secure } = await handshake('none')
    assert.ok(started.ok)
    assert.deepEqual([started.info.protocol, started.info.keyBits, started.info.clientCert], ['TLSv1.3', 256, null])
    secure.write('secret')
    assert.equal(Buffer.from((await ours.read()) ?? []).toString(), 'secret')
    const said = new Promise<string>(resolve => secure.once('data', data => resolve(data.toString())))
    ours.write(Buffer.from('answer'))
    assert.equal(await said, 'answer')
    secure.destroy()
  })

  test('knows the client by its certificate, and whether our authority vouches for it', async () => {
    for (const [name, trusted] of [
      ['client', true],
      ['stranger', false],
    ] as const) {
      const { started, secure } = await handshake(name)
      assert.ok(started.ok)
      const cert = started.info.clientCert
      assert.deepEqual(
        [cert?.trusted, cert?.subjectCommonName, cert?.issuerCommonName],
        [trusted, `${name}.example`, trusted ? 'Test CA' : `${name}.example`],
      )
      const shown = spawnSync('openssl', ['x509', '-in', `${name}.crt`, '-noout', '-fingerprint', '-sha256'], {
        cwd: dir,
        encoding: 'utf8',
      }).stdout
      assert.ok(shown.trim().endsWith(`=${cert?.certFingerprint}`))
      assert.match(cert?.publicKeyFingerprint ?? '', /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      secure.destroy()
    }
  })

  test('bytes sent before the handshake are forgotten', async () => {
    const { ours, client } = await pair(server)
    client.write('RCPT TO:<injected@x.example>\r\n')
    await new Promise(resolve => setTimeout(resolve, 50))
    const starting = ours.startTls({ context, askClientCert: false })
    const secure = connectTls({ socket: client, rejectUnauthorized: false })
    secure.on('error', () => undefined)
    assert.ok((await starting).ok)
    secure.write('after')
    assert.equal(Buffer.from((await ours.read()) ?? []).toString(), 'after')
    secure.destroy()
  })

  test('garbage instead of a handshake, and a client that goes away', async () => {
    const { ours, client } = await pair(server)
    const starting = ours.startTls({ context, askClientCert: false })
    client.write('EHLO x\r\n')
    assert.equal((await starting).ok, false)
    const second = await pair(server)
    const waiting = second.ours.startTls({ context, askClientCert: false })
    second.client.destroy()
    assert.equal((await waiting).ok, false)
  })

  test('unusable keys are told', () => {
    assert.throws(() =>
      makeTlsContext({
        chains: [{ cert: 'x', key: 'y' }],
        ca: null,
        protocols: [],
        ciphers: null,
        fingerprintDigest: 'sha256',
      }),
    )
  })
})
