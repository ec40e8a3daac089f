/**
 * DMARC (RFC 9989) for one author domain. The policy is looked up as soon as the domain is known, while SPF and DKIM are still
 * being worked out; what these found is then held against it.
 */
import type { Resolver } from '../../dns/resolver.ts'
import type { DkimAnswer, DmarcAnswer, DmarcPolicy, DmarcRecord } from '../../model/mail_auth.ts'
import type { SpfAnswer } from '../../model/spf.ts'
import { type Alignment, align } from './alignment.ts'
import { type Discovery, type DmarcMethod, type DomainFinder, makeDomainFinder } from './discovery.ts'
import { domainExists } from './existence.ts'
import { makeRecordLookup } from './record_lookup.ts'

/** What proves who sent the message. */
export interface Identifiers {
  /** RFC 9989 4.4.2: the MAIL FROM identity, which for the null sender is the HELO name (RFC 7208 2.4). Null: not checked. */
  readonly spf: Pick<SpfAnswer, 'result' | 'domain'> | null
  readonly dkim: readonly Pick<DkimAnswer, 'result' | 'domain'>[]
}

/** DMARC of one message. */
export interface Dmarc {
  /** Starts looking for the policy of an author domain; asked again it costs nothing. */
  lookAhead(authorDomain: string): void
  /** Never rejects. `authorDomain` is lower case, in A-labels, without a trailing dot. */
  evaluate(authorDomain: string, identifiers: Identifiers): Promise<DmarcAnswer>
}

export interface DmarcOptions {
  readonly resolver: Resolver
  readonly method: DmarcMethod
}

export function makeDmarc({ resolver, method }: DmarcOptions): Dmarc {
  const finder = makeDomainFinder(method, makeRecordLookup(resolver))
  const started = new Map<string, Promise<Discovery>>()
  const discover = (authorDomain: string): Promise<Discovery> => {
    const known = started.get(authorDomain)
    if (known !== undefined) return known
    const asked = finder.discover(authorDomain)
    started.set(authorDomain, asked)
    return asked
  }
  return {
    lookAhead(authorDomain) {
      void discover(authorDomain)
    },
    async evaluate(authorDomain, identifiers) {
      const discovery = await discover(authorDomain)
      return evaluate(discovery, identifiers, { finder, resolver })
    },
  }
}

/** The answer where there is no record that could be followed. */
export function noDmarc(
  result: 'none' | 'permerror' | 'temperror',
  fromDomain: string,
  problem: string | null,
): DmarcAnswer {
  return {
    result,
    fromDomain,
    organizationalDomain: '',
    policyDomain: '',
    policy: 'none',
    publishedPolicy: 'none',
    testing: false,
    spfAligned: false,
    dkimAligned: false,
    record: null,
    problem,
  }
}

async function evaluate(
  discovery: Discovery,
  identifiers: Identifiers,
  world: { readonly finder: DomainFinder; readonly resolver: Resolver },
): Promise<DmarcAnswer> {
  const { authorDomain, policy, failed } = discovery
  const organizationalDomain = discovery.organizationalDomain ?? ''
  if (policy === null)
    return { ...noDmarc(failed === null ? 'none' : 'temperror', authorDomain, failed), organizationalDomain }
  const { record, problem } = policy.parsed
  if (record === null)
    return {
      ...noDmarc('permerror', authorDomain, `record of ${policy.domain}: ${problem}`),
      organizationalDomain,
      policyDomain: policy.domain,
    }
  const [spf, dkim] = await Promise.all([
    alignSpf(identifiers, record, { discovery, finder: world.finder }),
    alignDkim(identifiers, record, { discovery, finder: world.finder }),
  ])
  const answer = {
    fromDomain: authorDomain,
    organizationalDomain,
    policyDomain: policy.domain,
    testing: record.testing,
    spfAligned: spf === 'aligned',
    dkimAligned: dkim === 'aligned',
    record,
    problem,
  }
  const passed = spf === 'aligned' || dkim === 'aligned'
  const asked = await requestedPolicy(discovery, record, { resolver: world.resolver, isNeeded: !passed })
  const policies = {
    policy: record.testing ? weakened(asked.policy) : asked.policy,
    publishedPolicy: asked.policy,
  }
  if (passed) return { ...answer, ...policies, result: 'pass' }
  const trouble = [spf, dkim].find(alignment => typeof alignment === 'object')?.failed ?? asked.failed
  // RFC 9989 5.3.6: a lookup without an answer leaves it open, and then no policy is applied.
  if (trouble !== null) return { ...answer, ...policies, result: 'temperror', problem: trouble }
  return { ...answer, ...policies, result: 'fail' }
}

interface Aligning {
  readonly discovery: Discovery
  readonly finder: DomainFinder
}

async function alignSpf({ spf }: Identifiers, record: DmarcRecord, context: Aligning): Promise<Alignment> {
  if (spf === null) return 'unaligned'
  return alignResult(spf, 'SPF', { ...context, mode: record.aspf })
}

async function alignDkim({ dkim }: Identifiers, record: DmarcRecord, context: Aligning): Promise<Alignment> {
  const asked = dkim.map(one => alignResult(one, 'DKIM', { ...context, mode: record.adkim }))
  const all = await Promise.all(asked)
  return all.find(one => one === 'aligned') ?? all.find(one => one !== 'unaligned') ?? 'unaligned'
}

/** A check that could not be done matters only where its domain is aligned: nobody shall escape by a broken zone of his own. */
async function alignResult(
  { result, domain }: { readonly result: string; readonly domain: string },
  what: string,
  context: Aligning & { readonly mode: 'r' | 's' },
): Promise<Alignment> {
  if (result !== 'pass' && result !== 'temperror') return 'unaligned'
  const alignment = await align(bareDomain(domain), context)
  return alignment === 'aligned' && result === 'temperror' ? { failed: `${what} of ${domain}: temperror` } : alignment
}

function bareDomain(domain: string): string {
  return (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase()
}

/** RFC 9989 4.10.1: p for the domain itself, sp for those below it, np for those that do not exist. */
async function requestedPolicy(
  discovery: Discovery,
  record: DmarcRecord,
  { resolver, isNeeded }: { readonly resolver: Resolver; readonly isNeeded: boolean },
): Promise<{ readonly policy: DmarcPolicy; readonly failed: string | null }> {
  if (discovery.policy?.domain === discovery.authorDomain) return { policy: record.p, failed: null }
  const forExisting = record.sp ?? record.p
  if (record.np === null || record.np === forExisting || !isNeeded) return { policy: forExisting, failed: null }
  const existing = await domainExists(discovery.authorDomain, resolver)
  if (existing.status === 'failed') return { policy: forExisting, failed: existing.reason }
  return { policy: existing.status === 'found' ? forExisting : record.np, failed: null }
}

/** RFC 9989 4.7 "t": one level below. */
function weakened(policy: DmarcPolicy): DmarcPolicy {
  return policy === 'reject' ? 'quarantine' : 'none'
}
