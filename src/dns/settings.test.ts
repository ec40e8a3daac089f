import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from '../config/config.ts'
import { formatProblem } from '../config/place.ts'
import { formatServerAddress } from './server_address.ts'
import { resolverSettings } from './settings.ts'

const env = { hostname: 'mx.example.org', interfaces: [], readFirstLine: () => null }

function load(text: string) {
  return loadConfig({ mainCf: `compatibility_level = 3.6\n${text}\n`, path: 'main.cf', env })
}

describe('the settings of the resolver', () => {
  const RESOLV_CONF = 'nameserver 192.0.2.53\nnameserver 192.0.2.54\noptions timeout:2 attempts:1 rotate\n'

  test('come from resolv.conf where main.cf says nothing', () => {
    const settings = resolverSettings(load('').config, RESOLV_CONF)
    assert.deepEqual(settings.servers.map(formatServerAddress), ['192.0.2.53', '192.0.2.54'])
    assert.deepEqual([settings.tryMs, settings.attempts, settings.deadlineMs, settings.rotate], [2000, 1, 10_000, true])
  })

  test('are those of the C library without a resolv.conf', () => {
    const settings = resolverSettings(load('').config, null)
    assert.deepEqual(settings.servers.map(formatServerAddress), ['127.0.0.1'])
    assert.deepEqual([settings.tryMs, settings.attempts], [5000, 2])
  })

  test('main.cf wins', () => {
    const { config } = load(
      'postern_dns_servers = 127.0.0.1:5353, [::1]:53\npostern_dns_timeout = 3s\npostern_dns_try_timeout = 1s\n' +
        'postern_dns_attempts = 3\npostern_dns_max_stale = 0\npostern_dns_mix_case = yes',
    )
    const settings = resolverSettings(config, RESOLV_CONF)
    assert.deepEqual(settings.servers.map(formatServerAddress), ['127.0.0.1:5353', '::1'])
    assert.deepEqual([settings.deadlineMs, settings.tryMs, settings.attempts, settings.maxStale], [3000, 1000, 3, 0])
    assert.deepEqual([settings.mixCase, settings.rotate], [true, false])
  })

  test('what is no name server or budget is told with its place', () => {
    const { problems } = load(
      'postern_dns_servers = 127.0.0.1, dns.example:53\npostern_dns_list_budgets = zen.spamhaus.org=many',
    )
    assert.deepEqual(
      problems.map(problem => formatProblem(problem).replace(/: expected.*/, '')),
      [
        'main.cf:2:34: cannot use "dns.example:53" for postern_dns_servers',
        'main.cf:3:28: cannot use "zen.spamhaus.org=many" for postern_dns_list_budgets',
      ],
    )
  })
})
