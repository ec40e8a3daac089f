import type { AuthEnvelope } from '../../model/mail_auth.ts'
import { parseIp } from '../../util/ip.ts'
import type { MessageSettings } from './settings.ts'

/** Whether nobody wants the mail of this client looked at. */
export function isIgnored(envelope: AuthEnvelope, settings: MessageSettings): boolean {
  if (envelope.authenticated && settings.ignoreAuthenticatedClients) return true
  const { networks, names } = settings.ignoreHosts
  const address = parseIp(envelope.clientAddress)
  if (address !== null && networks.has(address)) return true
  return envelope.clientName !== 'unknown' && names.has(envelope.clientName)
}
