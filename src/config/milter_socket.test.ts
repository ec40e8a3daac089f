import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfig } from './config.ts'
import { inOurWords } from './milter_socket.ts'
import { hostEnv } from './read.ts'
import { parseEndpoint } from './types.ts'

describe('T24.1 a socket in the words of OpenDMARC', () => {
  const cases: readonly (readonly [text: string, ours: string | null])[] = [
    ['local:/run/opendmarc/opendmarc.sock', 'unix:/run/opendmarc/opendmarc.sock'],
    ['/run/opendmarc.sock', 'unix:/run/opendmarc.sock'],
    ['inet:8893@localhost', 'inet:127.0.0.1:8893'],
    ['inet:8893@[192.0.2.1]', 'inet:192.0.2.1:8893'],
    ['inet:8893@mx.example.org', 'inet:mx.example.org:8893'],
    ['inet:8893', 'inet:0.0.0.0:8893'],
    ['inet6:8893@localhost', 'inet:[::1]:8893'],
    ['inet6:8893@[2001:db8::1]', 'inet:[2001:db8::1]:8893'],
    ['inet6:8893', 'inet:[::]:8893'],
    ['local:relative', null],
    ['inet:localhost', null],
    ['tcp:8893', null],
  ]
  for (const [text, ours] of cases)
    test(text, () => {
      assert.equal(inOurWords(text), ours)
      if (ours !== null) assert.notEqual(parseEndpoint(ours), null)
    })

  test('is told in our own where it is not understood', () => {
    const mainCf = 'compatibility_level = 3.6\npostern_milter_listen = unix:/run/a, inet:8893@localhost\n'
    const { problems } = loadConfig({ mainCf, path: 'main.cf', env: hostEnv() })
    assert.deepEqual(problems, [
      {
        place: { file: 'main.cf', line: 2, column: 38 },
        text: 'cannot use "inet:8893@localhost" for postern_milter_listen: expected inet:127.0.0.1:8893, which is the same in the syntax of main.cf',
      },
    ])
  })
})
