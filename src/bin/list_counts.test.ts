import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../../test/support/manual_clock.ts'
import { readConfig } from '../config/read.ts'
import { makeCache } from '../dns/cache.ts'
import { ResolverPool } from '../dns/resolver_pool.ts'
import { type DecisionParts, openDecisionParts } from './gateway.ts'
import { NO_MEMORY } from './memory.ts'

test('a reload does not give the query limit of a DNS list back', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-counts-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(
    join(directory, 'main.cf'),
    `myhostname = mx.example
postern_dns_servers = 192.0.2.53
postern_hosts_file =
postern_state_directory = ${directory}/state
smtpd_client_restrictions = reject_rbl_client list.example, reject
`,
  )
  const read = readConfig({ config: directory })
  assert.ok(read.ok)
  const { config } = read.loaded
  const clock = new ManualClock()
  const resolvers = new ResolverPool(clock, options =>
    makeCache(
      {
        ask: () => Promise.resolve({ status: 'absent', reason: 'nxdomain', ttl: 0 }),
        allGone: () => false,
        stats: () => [],
        close: () => undefined,
      },
      options,
    ),
  )
  const open = (): DecisionParts => {
    const parts = openDecisionParts({
      ...{ config, clock, resolvers, configPath: join(directory, 'main.cf'), memory: NO_MEMORY },
      ...{ emit: () => undefined, pid: 1, processes: 1 },
    })
    assert.ok(!('problem' in parts))
    return parts
  }
  const counted = ({ dnsLists }: DecisionParts): number | undefined =>
    dnsLists.report().find(({ zone }) => zone === 'list.example')?.usage?.queries
  const ask = (parts: DecisionParts, name: string): Promise<unknown> =>
    parts.dnsLists.resolver.query(`${name}.list.example`, 'A')

  const first = open()
  await ask(first, '1.2.0.192')
  await ask(first, '2.2.0.192')
  assert.equal(counted(first), 2)
  const second = open()
  assert.equal(counted(second), 2)
  // Sessions of the old configuration go on for a while.
  await ask(first, '3.2.0.192')
  first.close()
  await ask(second, '4.2.0.192')
  const third = open()
  assert.equal(counted(third), 4)
  second.close()
  third.close()
})
