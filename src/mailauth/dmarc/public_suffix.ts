import { getDomain } from 'tldts'

/** RFC 7489 3.2: one label below the public suffix; a suffix itself, or a name without one, is its own. */
export function registeredDomain(domain: string): string {
  // OpenDMARC takes the whole list, the suffixes that private owners put on it included.
  return getDomain(domain, { allowPrivateDomains: true, extractHostname: false, validateHostname: false }) ?? domain
}
