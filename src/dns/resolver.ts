/** The record types that Postern asks for. */
export type DnsType = 'A' | 'AAAA' | 'MX' | 'NS' | 'PTR' | 'TXT' | 'SOA' | 'CNAME'

/**
 * One record of an answer section, CNAMEs already followed. Names keep the server's spelling (Postfix shows a PTR name as
 * it came, so compare them case-folded), have no trailing dot, and odd bytes are escaped as in RFC 4343 2.1; the root is ''.
 */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string; readonly ttl: number }
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string; readonly ttl: number }
  | { readonly type: 'NS' | 'PTR' | 'CNAME'; readonly name: string; readonly ttl: number }
  /** The strings of one TXT record, undecoded latin1. */
  | { readonly type: 'TXT'; readonly strings: readonly string[]; readonly ttl: number }
  | { readonly type: 'SOA'; readonly primary: string; readonly minimum: number; readonly ttl: number }

/** Three answers, never two (model/lookup.ts). `secondsLeft` is the rest of the cached life; `stale` marks RFC 8767 data. */
export type DnsAnswer =
  | {
      readonly status: 'found'
      readonly records: readonly DnsRecord[]
      readonly stale: boolean
      readonly secondsLeft: number
    }
  | { readonly status: 'absent'; readonly reason: 'nxdomain' | 'nodata'; readonly secondsLeft: number }
  | { readonly status: 'failed'; readonly reason: string }

/** What engine, SPF and the rest need of a resolver; `dns/cache.ts` makes the real one, `test/support/fake_resolver.ts` the fake. */
export interface Resolver {
  /** Never rejects. `name` in any case, with or without a trailing dot; one that cannot be a name is absent without being asked. */
  query(name: string, type: DnsType): Promise<DnsAnswer>
}
