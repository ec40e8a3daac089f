/** The shared memory against real servers: one Redis, a cluster, a master behind Sentinels. */
import { after, before, describe } from 'node:test'
import { memoryContract } from '../../../test/contract/memory_contract.ts'
import {
  Redis,
  type RedisCluster,
  redisUnavailable,
  type SentinelSet,
  startRedisCluster,
  startSentinelSet,
} from '../../../test/support/redis.ts'
import { sharedMemories } from '../../../test/support/shared_memories.ts'

const skip = redisUnavailable() ?? false

describe('G17 a shared memory on one Redis', { skip }, () => {
  let redis: Redis
  before(async () => {
    redis = await Redis.start()
  })
  after(() => redis.stop())
  memoryContract(
    sharedMemories(
      'on Redis',
      () => redis.url,
      () => redis.cli('flushall'),
    ),
  )
})

describe('G17 a shared memory on a cluster', { skip }, () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster(0)
  })
  after(() => cluster.stop())
  memoryContract(
    sharedMemories(
      'on a cluster',
      () => cluster.url,
      () => Promise.all(cluster.nodes.map(node => node.cli('flushall'))),
    ),
  )
})

describe('G17 a shared memory behind Sentinels', { skip }, () => {
  let set: SentinelSet
  before(async () => {
    set = await startSentinelSet()
  })
  after(() => set.stop())
  memoryContract(
    sharedMemories(
      'behind Sentinels',
      () => set.url,
      () => set.master.cli('flushall'),
    ),
  )
})
