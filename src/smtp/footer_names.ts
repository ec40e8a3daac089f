import type { ClientName } from '../model/judge.ts'
import { formatLocalTime } from '../util/local_time.ts'
import type { Dialogue } from './dialogue.ts'
import type { FooterLookup } from './footer.ts'

/** The names that smtpd_reject_footer may use (Postfix smtpd_expand_lookup). No main.cf parameter: replies must not give those away. */
export function footerLookup(dialogue: Dialogue, name: ClientName | null): FooterLookup {
  return word => {
    switch (word) {
      case 'server_name':
        return dialogue.config.myhostname
      case 'client':
        return name === null ? '' : dialogue.formatNamaddr(name)
      case 'client_name':
        return name?.name ?? ''
      case 'reverse_client_name':
        return name?.reverseName ?? ''
      case 'client_address':
        return dialogue.client.address
      case 'client_port':
        return dialogue.client.port === null ? 'unknown' : String(dialogue.client.port)
      case 'helo_name':
        return dialogue.helo?.name ?? ''
      case 'localtime':
        return formatLocalTime(dialogue.doors.clock.now())
      default:
        return addressPart(word, 'sender', dialogue.tx.sender) ?? addressPart(word, 'recipient', dialogue.tx.recipient)
    }
  }
}

/** `sender`, `sender_name`, `sender_domain`. */
function addressPart(word: string, prefix: string, address: string | null): string | undefined {
  if (!word.startsWith(prefix)) return undefined
  if (address === null) return ''
  const at = address.lastIndexOf('@')
  switch (word.slice(prefix.length)) {
    case '':
      return address === '' ? '<>' : address
    case '_name':
      return address === '' ? '<>' : at < 0 ? address : address.slice(0, at)
    case '_domain':
      return at < 0 ? '' : address.slice(at + 1)
    default:
      return undefined
  }
}
