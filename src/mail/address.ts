import { internalForm, parseTokens } from './tok822.ts'

/** How MAIL, RCPT or VRFY may write an address. */
export interface AddressRules {
  /** `<>` is fine (MAIL). */
  readonly emptyAllowed: boolean
  /** strict_rfc821_envelopes: brackets required, no comments, no phrases, no bare domain. */
  readonly strict: boolean
}

/** `address` is in internal form even where `illegal`: replies and log lines quote what there was. */
export interface ExtractedAddress {
  readonly address: string
  readonly illegal: boolean
}

/** Takes the address out of the argument of MAIL FROM, RCPT TO or VRFY (Postfix smtpd extract_addr). Pure syntax: the domain is not looked at. */
export function extractAddress(argument: string, rules: AddressRules): ExtractedAddress {
  const bracketed = argument.startsWith('<') && argument.endsWith('>')
  const text = bracketed ? argument.slice(1, -1) : argument
  const tokens = parseTokens(withoutSourceRoute(text))
  let addresses = 0
  let others = 0
  let address = ''
  for (const token of tokens) {
    if (token.kind === 'address') {
      addresses++
      address = internalForm(token.tokens)
    } else if (token.kind !== 'operator' || (token.text !== '<' && token.text !== '>')) others++
  }
  const untidy = rules.strict && (others > 0 || !argument.startsWith('<') || address.startsWith('@'))
  return { address, illegal: addresses > 1 || untidy || (address === '' && !rules.emptyAllowed) }
}

/** RFC 5321 appendix C: "@one,@two:user@domain" is accepted, the route ignored. */
function withoutSourceRoute(text: string): string {
  const colon = text.indexOf(':')
  return text.startsWith('@') && colon >= 0 ? text.slice(colon + 1) : text
}

/** External form: the local part quoted where RFC 5322 3.4.1 wants it. '' stays ''. For log lines and the Received header. */
export function splitAddress(address: string): { readonly local: string; readonly domain: string } {
  const at = address.lastIndexOf('@')
  return at < 0 ? { local: address, domain: '' } : { local: address.slice(0, at), domain: address.slice(at + 1) }
}

export function quoteAddress(address: string): string {
  if (address === '') return ''
  // Postfix: a source route that is left is no part of the local part.
  const start = address.startsWith('@') ? address.indexOf(':') + 1 : 0
  const at = address.lastIndexOf('@')
  const end = at < start ? address.length : at
  const local = address.slice(start, end)
  if (isDotString(local)) return address
  return `${address.slice(0, start)}"${local.replace(/["\\\r]/g, '\\$&')}"${address.slice(end)}`
}

function isDotString(local: string): boolean {
  return local !== '' && !/^\.|\.\.|\.$|[\x00-\x20\x7f()<>@,;:\\"[\]]/.test(local)
}
