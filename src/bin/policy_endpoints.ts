/** What each policy endpoint of a configuration decides, for connections and for check_policy_service of our own lists. */
import type { Config, Endpoint } from '../config/config.ts'
import type { PolicyAnswer } from '../engine/ask.ts'
import type { ListJudge } from '../engine/list_judge.ts'
import type { SpfPolicy } from '../mailauth/spf/policyd/policy.ts'
import type { EmitEvent } from '../model/event.ts'
import type { Facts } from '../model/facts.ts'
import type { Greylisting } from '../model/greylist.ts'
import type { ClientName } from '../model/judge.ts'
import { formatPolicyRequest, type PolicyAttribute } from '../net/policy_request.ts'
import { type PolicyServiceSettings, parsePolicyServer } from '../net/policy_server_spec.ts'
import { parseRequest } from '../policy/codec.ts'
import { type Decide, decideByGreylist, decideByList, decideBySpf } from '../policy/endpoints.ts'
import { addressOf, policyDoorKey } from './doors.ts'

export interface PolicyEndpointParts {
  readonly greylisting: Greylisting
  readonly spfPolicy: SpfPolicy
  /** The compiled list of an endpoint. */
  readonly judgeOf: (endpoint: Endpoint) => ListJudge
  readonly emit: EmitEvent
}

/** The restrictions of an endpoint; what Postgrey does where none are named. */
export function endpointWords(endpoint: Endpoint): NonNullable<Endpoint['words']> {
  return endpoint.words ?? [{ text: 'check_greylist', file: '', line: 0, column: 0 }]
}

/** By the keys of their doors. */
export function makePolicyEndpoints(
  config: Pick<Config, 'postern_policy_listen' | 'queue_directory'>,
  parts: PolicyEndpointParts,
): ReadonlyMap<string, Decide> {
  return new Map(
    config.postern_policy_listen.map(endpoint => [policyDoorKey(endpoint, config), makeDecide(endpoint, parts)]),
  )
}

/** Lists of one word that needs no engine take the short way: it is what Postgrey and policyd-spf are asked. */
export function makeDecide(endpoint: Endpoint, parts: PolicyEndpointParts): Decide {
  const { greylisting, spfPolicy, judgeOf, emit } = parts
  const words = endpointWords(endpoint)
  const only = words.length === 1 ? words[0]?.text.toLowerCase() : undefined
  if (only === 'check_greylist') {
    return decideByGreylist({
      greylisting,
      spf: request => () =>
        spfPolicy.spf.check({
          identity: 'mailfrom',
          address: request.client_address ?? '',
          helo: request.helo_name ?? '',
          sender: request.sender ?? '',
        }),
      emit,
    })
  }
  if (only === 'check_spf') return decideBySpf({ decide: request => spfPolicy.decide(request), emit })
  return decideByList(judgeOf(endpoint), emit)
}

export interface OwnPolicies {
  /** The answer of an endpoint of ours; null: the server is somebody else's. */
  ask(server: string, facts: Facts, clientName: ClientName): Promise<PolicyAnswer> | null
}

type PolicyConfig = Pick<Config, 'postern_policy_listen' | 'queue_directory'>

/**
 * Finds the endpoints of ours that a check_policy_service names. They get the request that would have gone over the wire, so
 * that both ways give the same answer.
 */
export function makeOwnPolicies(options: {
  readonly config: PolicyConfig
  readonly settings: PolicyServiceSettings
  readonly endpoints: ReadonlyMap<string, Decide>
  readonly attributes: (facts: Facts, clientName: ClientName, context: string) => readonly PolicyAttribute[]
}): OwnPolicies {
  const { config, settings, attributes, endpoints } = options
  const known = new Map<string, { readonly decide: Decide; readonly context: string } | null>()
  const find = (server: string): { readonly decide: Decide; readonly context: string } | null => {
    const endpoint = ownEndpointOf(server, config)
    const decide = endpoint === null ? undefined : endpoints.get(policyDoorKey(endpoint, config))
    const parsed = parsePolicyServer(server, settings)
    return decide === undefined || !parsed.ok ? null : { decide, context: parsed.server.settings.policyContext }
  }
  return {
    ask(server, facts, clientName) {
      const own = known.has(server) ? (known.get(server) ?? null) : find(server)
      known.set(server, own)
      return own === null ? null : answer(own.decide, attributes(facts, clientName, own.context))
    },
  }
}

async function answer(decide: Decide, attributes: readonly PolicyAttribute[]): Promise<PolicyAnswer> {
  const { request } = parseRequest(formatPolicyRequest(attributes))
  return { status: 'action', action: await decide(request) }
}

/** Only the address of a server matters here. */
const ANY_SETTINGS: PolicyServiceSettings = {
  timeoutMs: 0,
  maxIdleMs: 0,
  maxTtlMs: 0,
  retryDelayMs: 0,
  requestLimit: 0,
  tryLimit: 1,
  defaultAction: '',
  policyContext: '',
}

/** The endpoint of ours that the argument of check_policy_service names; null: it names another server. */
export function ownEndpointOf(server: string, config: PolicyConfig): Endpoint | null {
  const parsed = parsePolicyServer(server, ANY_SETTINGS)
  if (!parsed.ok) return null
  const { address } = parsed.server
  const key =
    address.kind === 'unix'
      ? policyDoorKey({ kind: 'unix', path: address.path, text: '', words: null }, config)
      : `policy ${addressOf({ kind: 'inet', address: address.host.toLowerCase(), port: address.port, text: '', words: null })}`
  return config.postern_policy_listen.find(endpoint => namesOf(endpoint, config).includes(key)) ?? null
}

/** An endpoint on all addresses is also reached by those of this machine. */
function namesOf(endpoint: Endpoint, config: PolicyConfig): readonly string[] {
  const own = policyDoorKey(endpoint, config)
  if (endpoint.kind === 'unix') return [own]
  const { address, port } = endpoint
  const isEvery = address === '' || address === '0.0.0.0' || address === '::'
  const isLocal = isEvery || address === '127.0.0.1' || address === '::1' || address === 'localhost'
  return [
    own,
    ...(isLocal ? [`policy inet:localhost:${port}`] : []),
    ...((isEvery && address !== '::') || address === 'localhost' ? [`policy inet:127.0.0.1:${port}`] : []),
    ...(isEvery && address !== '0.0.0.0' ? [`policy inet:[::1]:${port}`] : []),
  ]
}
