import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inheritedSockets } from './systemd.ts'

// environment                                     descriptors
const cases: readonly [Readonly<Record<string, string>>, readonly number[]][] = [
  [{}, []],
  [{ LISTEN_PID: '42', LISTEN_FDS: '2' }, [3, 4]],
  // Meant for a parent of ours that forgot to take them out.
  [{ LISTEN_PID: '41', LISTEN_FDS: '2' }, []],
  [{ LISTEN_PID: '42' }, []],
  [{ LISTEN_PID: '42', LISTEN_FDS: 'x' }, []],
]
for (const [env, fds] of cases) {
  test(`inheritedSockets() with ${JSON.stringify(env)} are ${JSON.stringify(fds)}`, () => {
    assert.deepEqual(inheritedSockets(env, 42), fds)
  })
}
