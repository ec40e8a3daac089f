import { domainToASCII } from 'node:url'

/** A-labels of a domain (RFC 5891 5); '' when it has none. */
export function toAscii(domain: string): string {
  return domainToASCII(domain)
}
