/** pflogsumm's ways of shortening what it counts. Strings are latin1, and its rules are those of the C locale: letters are ASCII. */

/** Perl's \s on bytes; that of JavaScript knows more blanks. */
const IPV4_IN_BRACKETS = /^([^[]*)\[((?:\d{1,3}\.){3}\d{1,3})\]/
const AFTER_SLASH = /^([^/]*)\/([0-9a-f.:]+)/i
const ANY_PLACE = /^([^[(/]*)[[(/]([^\])]+)[\])]:?\d*$/
/** The last two labels of a host name, or three where the last two are short as in "co.uk". */
const HOST_IN_DOMAIN = /^(.*)\.([^.]+)\.([^.]{3}|[^.]{2,3}\.[^.]{2})$/s

/**
 * The domain of a client "host.domain.example[192.0.2.1]", or the address of one without a name. Empty if it looks like neither.
 * pflogsumm (gimme_domain) takes the first "/" of a line for the bar of "host/address" where the address is IPv6.
 */
export function domainOf(client: string): string {
  const parts = IPV4_IN_BRACKETS.exec(client) ?? AFTER_SLASH.exec(client) ?? ANY_PLACE.exec(client)
  if (parts === null) return ''
  const [, domain = '', address = ''] = parts
  if (domain === '' || domain === 'unknown') return address
  const labels = HOST_IN_DOMAIN.exec(domain)
  return labels === null ? domain : lower(`${labels[2]}.${labels[3]}`)
}

/** Lower-cases A to Z only. */
export function lower(text: string): string {
  return text.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

/** Lower-cases from the first "@" on, if anything follows it. */
export function lowerDomain(address: string): string {
  const at = address.indexOf('@')
  return at < 0 || at === address.length - 1 ? address : address.slice(0, at) + lower(address.slice(at))
}

/** "host!user@domain" → "domain!host!user" … as pflogsumm -m does it; others are left alone. */
export function mungUucp(address: string): string {
  const parts = /^(.*!)*([^!]+)!([^!@]+)@([^.]+)$/s.exec(address)
  if (parts === null) return address
  const [, path = '', host = '', user = '', last = ''] = parts
  return `${last}!${path}${user}@${host}`
}

/** Takes the numbers out of a VERP address: "list-return-36-a=b.example@c.example" → "list-return-ID-a=b.example@c.example". */
export function mungVerp(address: string, thoroughness: number | null): string {
  if (thoroughness === null) return address
  const plain = address.replace(
    /((?:bounce[ds]?|no(?:list|reply|response)|return|sentto|\d+).*?)(?:[+_.*-]\d+\b)+/is,
    (_all, head: string) => `${head}-ID`,
  )
  return thoroughness > 1 ? plain.replace(/[*-](\d+[*-])?[^=*-]+[=*][^@]+@/, '@') : plain
}

/** pflogsumm 1.1.13: "SRS0=HHH=TT=b.example=a@c.example" → "a@b.example"; others are left alone. */
export function mungSrs(address: string): string {
  return address.replace(/^SRS[01][=+-](?:[^=]+=[\w.]+==)*[^=]+=[^=]+=([\w.-]+)=(.+)@[\w.-]+$/is, '$2@$1')
}

/** Longest text of a warning. */
export const WARNING_LENGTH = 66

/** Cuts to `length`, the last three of them dots. */
export function trim(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text
}

/** Shortens the answer of a server to `length`: first by what introduces it ("host x said: "), then by each part before a colon. */
export function trimSaid(text: string, length: number): string {
  let rest = text
  while (rest.length > length) {
    const said = rest.lastIndexOf(' said: ')
    const colon = rest.indexOf(':')
    if (said >= 0) rest = rest.slice(said + ' said: '.length)
    else if (colon >= 0) rest = rest.slice(colon + 1).replace(/^ +/, '')
    else return trim(rest, length)
  }
  return rest
}
