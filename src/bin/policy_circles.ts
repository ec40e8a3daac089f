import type { Config, Endpoint } from '../config/config.ts'
import type { Problem } from '../config/place.ts'
import { policyDoorKey } from './doors.ts'
import { endpointWords, ownEndpointOf } from './policy_endpoints.ts'

/** Policy endpoints whose lists ask each other in a circle: a request would go round until Postfix gives up. One warning for each. */
export function findPolicyCircles(
  config: Pick<Config, 'postern_policy_listen' | 'queue_directory'>,
): readonly Problem[] {
  const { postern_policy_listen: endpoints } = config
  const problems: Problem[] = []
  for (const endpoint of endpoints) {
    for (const { word, asked } of askedBy(endpoint, config)) {
      if (!leadsTo(asked, endpoint, { config, seen: new Set() })) continue
      const text = `check_policy_service ${word.text} leads back to the endpoint ${endpoint.text} that asks it`
      problems.push({ place: word, text })
    }
  }
  return problems
}

function askedBy(endpoint: Endpoint, config: Pick<Config, 'postern_policy_listen' | 'queue_directory'>) {
  const words = endpointWords(endpoint)
  return words.flatMap((word, index) => {
    const isArgument = words[index - 1]?.text.toLowerCase() === 'check_policy_service'
    const asked = isArgument ? ownEndpointOf(word.text, config) : null
    return asked === null ? [] : [{ word, asked }]
  })
}

function leadsTo(
  from: Endpoint,
  to: Endpoint,
  walk: {
    readonly config: Pick<Config, 'postern_policy_listen' | 'queue_directory'>
    readonly seen: Set<string>
  },
): boolean {
  const key = policyDoorKey(from, walk.config)
  if (key === policyDoorKey(to, walk.config)) return true
  if (walk.seen.has(key)) return false
  walk.seen.add(key)
  return askedBy(from, walk.config).some(({ asked }) => leadsTo(asked, to, walk))
}
