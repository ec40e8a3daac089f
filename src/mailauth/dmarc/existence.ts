import type { Resolver } from '../../dns/resolver.ts'
import { ABSENT, failed, found, type Lookup } from '../../model/lookup.ts'

/** RFC 9989 A.4: any record makes a name exist; only NXDOMAIN says that there is none. */
export async function domainExists(domain: string, resolver: Resolver): Promise<Lookup<true>> {
  const address = await resolver.query(domain, 'A')
  if (address.status === 'failed') return failed(`A ${domain}: ${address.reason}`)
  if (address.status === 'found' || address.reason === 'nodata') return found(true)
  // RFC 6604 3: NXDOMAIN may be that of the target of an alias, which exists itself.
  const alias = await resolver.query(domain, 'CNAME')
  if (alias.status === 'failed') return failed(`CNAME ${domain}: ${alias.reason}`)
  return alias.status === 'found' || alias.reason === 'nodata' ? found(true) : ABSENT
}
