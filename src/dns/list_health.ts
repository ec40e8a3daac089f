import { listMeaning } from './list_answer.ts'
import { knownList, type ListUse } from './list_zones.ts'
import type { DnsAnswer, Resolver } from './resolver.ts'

/**
 * Whether a DNS list can be believed. RFC 5782 5: a list lists 127.0.0.2 and not 127.0.0.1, a domain list lists "test" and
 * not "invalid". Lists die by listing everything, refuse by answering with codes, and resolvers invent addresses for names
 * that do not exist; each shows in these questions before it shows in refused mail.
 */
export type ListState =
  /** Not asked yet. */
  | 'unchecked'
  | 'healthy'
  /** Answers, but lists nothing, its own test entry included. Harmless and useless. */
  | 'no data'
  /** Does not answer. */
  | 'silent'
  /** Says that we may not ask. */
  | 'refused'
  /** Also lists what no list may list. */
  | 'lists the world'
  /** Its answers are made by the resolver, which has an address for every name. */
  | 'rewritten'

export interface ListHealth {
  readonly state: ListState
  /** One line for the administrator; '' when healthy. */
  readonly reason: string
  readonly remedy: string
}

export const UNCHECKED: ListHealth = { state: 'unchecked', reason: 'not checked yet', remedy: '' }
const HEALTHY: ListHealth = { state: 'healthy', reason: '', remedy: '' }

/** No verdict is taken from a list in these states. */
export function isSetAside(state: ListState): boolean {
  return state === 'refused' || state === 'lists the world' || state === 'rewritten'
}

/** A test question: its label in front of the zone, how a person calls it, and the answer. */
export interface ProbeAnswer {
  readonly what: string
  readonly answer: DnsAnswer
}

export interface ProbeAnswers {
  /** Entries that must be listed; one of them suffices. */
  readonly listed: readonly ProbeAnswer[]
  /** Entries that must not be. */
  readonly unlisted: readonly ProbeAnswer[]
}

/** The verdict on one list from its test questions. */
export function judgeList(zone: string, probes: ProbeAnswers): ListHealth {
  const all = [...probes.listed, ...probes.unlisted]
  return (
    judgeRefusal(zone, all) ??
    judgeWorld(probes.unlisted) ??
    judgeSilence(probes) ??
    (probes.listed.some(probe => addressesOf(probe.answer).length > 0)
      ? HEALTHY
      : {
          state: 'no data',
          reason: `it does not list its own test entry ${probes.listed.map(probe => probe.what).join(', ')}`,
          remedy: 'check the name of the list, or remove it: it has probably been shut down',
        })
  )
}

function judgeRefusal(zone: string, probes: readonly ProbeAnswer[]): ListHealth | null {
  for (const { what, answer } of probes) {
    if (answer.status === 'failed' && /^REFUSED\b/.test(answer.reason))
      return {
        state: 'refused',
        reason: `answer ${answer.reason} for ${what}`,
        remedy: knownList(zone)?.remedy ?? 'ask from another resolver',
      }
    for (const address of addressesOf(answer)) {
      const meaning = listMeaning(zone, address)
      // An answer outside 127/8 is the mark of a parked domain: it lists the world, it does not refuse.
      if (meaning.kind === 'error' && address.startsWith('127.'))
        return { state: 'refused', reason: `answer ${address} for ${what}: ${meaning.reason}`, remedy: meaning.remedy }
    }
  }
  return null
}

function judgeWorld(unlisted: readonly ProbeAnswer[]): ListHealth | null {
  for (const { what, answer } of unlisted) {
    const [address] = addressesOf(answer)
    if (address !== undefined)
      return {
        state: 'lists the world',
        reason: `answer ${address} for ${what}, which no list may list`,
        remedy: 'remove the list',
      }
  }
  return null
}

function judgeSilence({ listed, unlisted }: ProbeAnswers): ListHealth | null {
  const failed = [...listed, ...unlisted].find(probe => probe.answer.status === 'failed')
  if (failed?.answer.status !== 'failed' || listed.some(probe => probe.answer.status === 'found')) return null
  const remedy = 'wait, or remove the list if it stays so'
  return { state: 'silent', reason: `no answer for ${failed.what}: ${failed.answer.reason}`, remedy }
}

function addressesOf(answer: DnsAnswer): string[] {
  if (answer.status !== 'found') return []
  return answer.records.flatMap(record => (record.type === 'A' ? [record.address] : []))
}

/** The test questions of one list. */
export async function probeList(resolver: Resolver, use: ListUse, zone: string): Promise<ProbeAnswers> {
  const listed: [string, string][] = []
  const unlisted: [string, string][] = []
  if (use.addresses) {
    listed.push(['127.0.0.2', '2.0.0.127'])
    unlisted.push(['127.0.0.1', '1.0.0.127'])
  }
  if (use.names) {
    for (const name of ['test', ...(knownList(zone)?.testNames ?? [])]) listed.push([name, name])
    unlisted.push(['invalid', 'invalid'])
  }
  // RFC 5737 3: TEST-NET-1 sends no mail. An allow list has it only when it says yes to everybody; block lists may have it.
  if (use.addresses && use.allows && !use.blocks) unlisted.push(['192.0.2.1', '1.2.0.192'])
  const ask = async ([what, labels]: [string, string]): Promise<ProbeAnswer> => ({
    what,
    answer: await resolver.query(`${labels}.${zone}`, 'A'),
  })
  const [yes, no] = await Promise.all([Promise.all(listed.map(ask)), Promise.all(unlisted.map(ask))])
  return { listed: yes, unlisted: no }
}

/** The address that the resolver invents for names that do not exist; null: it is honest. `label` must be random. */
export async function findInventedAddress(resolver: Resolver, label: string): Promise<string | null> {
  // RFC 6761 6.4 keeps .invalid empty; some resolvers spare it and rewrite only below real domains.
  const answers = await Promise.all(['invalid', 'com'].map(top => resolver.query(`${label}.${top}`, 'A')))
  return answers.flatMap(answer => addressesOf(answer))[0] ?? null
}

/** Asks all lists for their test entries; the result has each zone of `uses`. `zoneToAsk`: where a zone is really asked. */
export async function checkLists(
  resolver: Resolver,
  uses: readonly ListUse[],
  how: { readonly label: string; readonly zoneToAsk: (zone: string) => string },
): Promise<ReadonlyMap<string, ListHealth>> {
  const invented = await findInventedAddress(resolver, how.label)
  const judged = uses.map(async (use): Promise<readonly [string, ListHealth]> => {
    if (invented !== null)
      return [
        use.zone,
        {
          state: 'rewritten',
          reason: `the resolver answers ${invented} for names that do not exist`,
          remedy: 'use a resolver that tells the truth (postern_dns_servers)',
        },
      ]
    return [use.zone, judgeList(use.zone, await probeList(resolver, use, how.zoneToAsk(use.zone)))]
  })
  return new Map(await Promise.all(judged))
}
