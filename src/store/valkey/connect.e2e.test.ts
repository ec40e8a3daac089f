/** The ways to a server: socket, TLS, user and password, database number. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import tls from 'node:tls'
import { LIFETIMES } from '../../../test/contract/memory_contract.ts'
import { freePort } from '../../../test/support/ports.ts'
import { Redis, redisUnavailable } from '../../../test/support/redis.ts'
import { startHost } from '../../../test/support/shared_memories.ts'

const skip = redisUnavailable() ?? false
const USER = ['user postern on >se:cr@et ~postern:* +@all', 'user default off']

describe('a shared memory is reached', { skip }, () => {
  test('on a socket, in a database of its own', async t => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'postern-socket-'))
    t.after(() => fs.rmSync(directory, { recursive: true }))
    const redis = await Redis.start([`unixsocket ${directory}/s`])
    t.after(() => redis.stop())
    const { memory, told } = await startHost(`valkey+unix:${directory}/s?db=3`, LIFETIMES)
    t.after(() => memory.close())
    assert.equal((await memory.touch('client', 'c', 5_000_000_000)).status, 'found')
    assert.equal(await redis.cli('-n', '3', 'get', 'postern:c:c'), '5000000000 5000000000 1')
    assert.deepEqual(told, [])
  })

  test('with user and password', async t => {
    const redis = await Redis.start(USER)
    t.after(() => redis.stop())
    const { memory, told } = await startHost(`valkey://postern:se%3Acr%40et@127.0.0.1:${redis.port}`, LIFETIMES)
    t.after(() => memory.close())
    assert.equal((await memory.touch('client', 'c', 5_000_000_000)).status, 'found')
    assert.equal((await memory.find('client', 'c')).status, 'found')
    assert.deepEqual(told, [])
  })

  test('not with a wrong password, of which nothing is told; mail goes on', async t => {
    const redis = await Redis.start(USER)
    t.after(() => redis.stop())
    const { memory, told } = await startHost(`valkey://postern:hush@127.0.0.1:${redis.port}`, LIFETIMES)
    t.after(() => memory.close())
    const rules = { delay: 300, retryWindow: 600, maxAge: 6000, autoAllow: 5 }
    const answer = await memory.note({ triplet: 't', client: 'c', now: 5_000_000_000, rules })
    assert.equal(answer.status, 'failed')
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /WRONGPASS/)
    assert.doesNotMatch(JSON.stringify([told, answer]), /hush/)
  })

  test('by TLS, if its certificate is good for the name', async t => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'postern-tls-'))
    t.after(() => fs.rmSync(directory, { recursive: true }))
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const files = ['-keyout', key, '-out', certificate]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...files, ...subject], {
      stdio: 'ignore',
    })
    const port = await freePort()
    const redis = await Redis.start([
      `tls-port ${port}`,
      `tls-cert-file ${certificate}`,
      `tls-key-file ${key}`,
      'tls-auth-clients no',
    ])
    t.after(() => redis.stop())
    const distrusted = await startHost(`valkeys://localhost:${port}`, LIFETIMES)
    await distrusted.memory.close()
    assert.match(distrusted.told[0] ?? '', /self-signed certificate/)

    const before = tls.getCACertificates('default')
    tls.setDefaultCACertificates([...before, fs.readFileSync(certificate, 'utf8')])
    t.after(() => tls.setDefaultCACertificates(before))
    const trusted = await startHost(`valkeys://localhost:${port}`, LIFETIMES)
    t.after(() => trusted.memory.close())
    assert.equal((await trusted.memory.touch('client', 'c', 5_000_000_000)).status, 'found')
    assert.deepEqual(trusted.told, [])

    const misnamed = await startHost(`valkeys://127.0.0.1:${port}`, LIFETIMES)
    await misnamed.memory.close()
    assert.match(misnamed.told[0] ?? '', /altnames|does not match/i)
  })
})
