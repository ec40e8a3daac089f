import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeFacts } from '../../test/support/facts.ts'
import { type Endpoint, parseEndpoint } from '../config/types.ts'
import type { ClientName } from '../model/judge.ts'
import { policyAttributes } from '../net/policy_request.ts'
import type { PolicyRequest } from '../policy/codec.ts'
import type { Decide } from '../policy/endpoints.ts'
import { policyDoorKey, policyDoors } from './doors.ts'
import { findPolicyCircles } from './policy_circles.ts'
import { makeOwnPolicies, ownEndpointOf } from './policy_endpoints.ts'

const endpoint = (text: string, words?: string): Endpoint => {
  const parsed = parseEndpoint(text)
  assert.ok(parsed)
  const placed = words?.split(' ').map(each => ({ text: each, file: 'main.cf', line: 1, column: 1 }))
  return { ...parsed, words: placed ?? null }
}
const configOf = (...endpoints: readonly Endpoint[]) => ({
  postern_policy_listen: endpoints,
  queue_directory: '/var/spool/postfix',
})
const NO_OTHER_DOORS = {
  postern_smtp_listen: [],
  postern_policy_socket_mode: 0,
  postern_milter_listen: [],
  postern_milter_socket_mode: 0,
}

const NAME: ClientName = {
  name: 'unknown',
  reverseName: 'unknown',
  nameStatus: 'permanent',
  reverseNameStatus: 'permanent',
  warnings: [],
}
const SETTINGS = {
  timeoutMs: 0,
  maxIdleMs: 0,
  maxTtlMs: 0,
  retryDelayMs: 0,
  requestLimit: 0,
  tryLimit: 1,
  defaultAction: '',
  policyContext: 'of all',
}

describe('endpoints of our own', () => {
  // biome-ignore format: columns
  const cases: readonly [listen: string, server: string, own: boolean][] = [
    ['inet:127.0.0.1:10023',                       'inet:127.0.0.1:10023', true],
    ['inet:127.0.0.1:10023',                       'inet:localhost:10023', true],
    ['inet:127.0.0.1:10023',                       'inet:10023', true],
    ['inet:127.0.0.1:10023',                       '{ inet:127.0.0.1:10023, timeout=10s }', true],
    ['inet:127.0.0.1:10023',                       'inet:127.0.0.1:10024', false],
    ['inet:127.0.0.1:10023',                       'inet:192.0.2.1:10023', false],
    ['inet:0.0.0.0:10023',                         'inet:127.0.0.1:10023', true],
    ['inet:0.0.0.0:10023',                         'inet:[::1]:10023', false],
    ['inet:[::]:10023',                            'inet:[::1]:10023', true],
    ['inet:[::1]:10023',                           'inet:[::1]:10023', true],
    ['inet:192.0.2.1:10023',                       'inet:localhost:10023', false],
    ['unix:private/policyd-spf',                   'unix:private/policyd-spf', true],
    ['unix:private/policyd-spf',                   'unix:/var/spool/postfix/private/policyd-spf', true],
    ['unix:/var/spool/postfix/postgrey/socket',    'unix:postgrey/socket', true],
    ['unix:private/policyd-spf',                   'unix:private/other', false],
    ['unix:private/policyd-spf',                   'no server at all', false],
  ]
  for (const [listen, server, own] of cases) {
    test(`check_policy_service ${server} is ${own ? '' : 'not '}${listen}`, () => {
      assert.equal(ownEndpointOf(server, configOf(endpoint(listen))) !== null, own)
    })
  }

  test('G17 get the request that would have gone over the wire, with the context of the call', async () => {
    const config = configOf(endpoint('inet:127.0.0.1:10023'))
    const asked: PolicyRequest[] = []
    const decide: Decide = request => {
      asked.push(request)
      return Promise.resolve('REJECT told')
    }
    const own = makeOwnPolicies({
      config,
      settings: SETTINGS,
      endpoints: new Map(policyDoors({ ...config, ...NO_OTHER_DOORS }).map(door => [door.key, decide])),
      attributes: (facts, name, context) =>
        policyAttributes(facts, name, { stress: '', compatibilityLevel: '3.6', mailVersion: '3.10.0', context }),
    })
    const facts = makeFacts({ recipient: 'you@here.example' })
    assert.deepEqual(await own.ask('inet:127.0.0.1:10023', facts, NAME), { status: 'action', action: 'REJECT told' })
    await own.ask('{ inet:localhost:10023, policy_context=mine }', facts, NAME)
    assert.equal(own.ask('inet:127.0.0.1:1', facts, NAME), null)
    assert.deepEqual(
      asked.map(request => [request.request, request.recipient, request.policy_context]),
      [
        ['smtpd_access_policy', 'you@here.example', 'of all'],
        ['smtpd_access_policy', 'you@here.example', 'mine'],
      ],
    )
  })

  test('doors are the same whatever the queue directory is called, and another list does not change them', () => {
    const config = { queue_directory: '/q' }
    assert.equal(policyDoorKey(endpoint('unix:private/a', 'check_spf'), config), 'policy unix:/q/private/a')
    assert.equal(policyDoorKey(endpoint('unix:/q/private/a'), config), 'policy unix:/q/private/a')
  })

  test('circles are found, through others too', () => {
    const asks = (server: string): string => `check_policy_service ${server}`
    const [a, b, c] = ['inet:127.0.0.1:1', 'inet:127.0.0.1:2', 'unix:c']
    const texts = (...endpoints: readonly Endpoint[]) =>
      findPolicyCircles(configOf(...endpoints)).map(({ text }) => text)
    assert.deepEqual(texts(endpoint(a, asks(b)), endpoint(b, asks(c)), endpoint(c, 'reject')), [])
    assert.deepEqual(texts(endpoint(a, asks(a))), [
      `check_policy_service ${a} leads back to the endpoint ${a} that asks it`,
    ])
    assert.equal(texts(endpoint(a, asks(b)), endpoint(b, asks(c)), endpoint(c, asks(b))).length, 2)
  })
})
