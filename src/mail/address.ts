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
export function quoteAddress(address: string): string {
  if (address === '') return ''
  const at = address.lastIndexOf('@')
  const local = at < 0 ? address : address.slice(0, at)
  if (isDotString(local)) return address
  return `"${local.replace(/["\\\r]/g, '\\$&')}"${at < 0 ? '' : address.slice(at)}`
}

function isDotString(local: string): boolean {
  return local !== '' && !/^\.|\.\.|\.$|[\x00-\x20\x7f()<>@,;:\\"[\]]/.test(local)
}
