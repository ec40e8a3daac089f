import { isAscii } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import type { Lookup } from '../model/lookup.ts'
import type { StatusDetail } from '../model/reply.ts'
import type { Subject } from '../model/subject.ts'
import { DUNNO, deferIfPermit, lookupFailure, reject, type Verdict } from '../model/verdict.ts'
import { fixDetail, mapsFault } from './access.ts'
import type { AddressClass } from './address_class.ts'
import type { Ask, MapsParam } from './ask.ts'
import { lookupFirst } from './host_lookup.ts'
import type { Check } from './restriction.ts'

export const UNKNOWN_DOMAIN_PARAMS = ['unknown_address_reject_code', 'unknown_address_tempfail_action'] as const

/** Whether it is about a sender; else about a recipient. */
function isSender(subject: Subject): boolean {
  return subject.class === 'Sender address'
}

/** reject_unknown_sender_domain, reject_unknown_recipient_domain. Postfix: reject_unknown_address. */
export async function rejectUnknownDomain(
  c: Check<(typeof UNKNOWN_DOMAIN_PARAMS)[number]>,
  subject: Subject,
): Promise<Verdict> {
  const resolved = await c.ask.resolveAddress(subject.name)
  if (resolved.status !== 'found') return lookupFailure(subject.name)
  const { domain, class: destination, malformed } = resolved.value
  const ours = destination !== 'default' && destination !== 'relay'
  if ((ours && !malformed) || (domain.startsWith('[') && domain.endsWith(']'))) return DUNNO
  const name = isAscii(domain) ? domain : toAscii(domain)
  const { status } = await lookupFirst(c.ask, name, ['MX', 'A', 'AAAA'])
  if (status === 'ok') return DUNNO
  const text = (why: string) => `<${subject.name}>: ${subject.class} rejected: ${why}`
  if (status === 'nullmx') {
    const why = text(`Domain ${name} does not accept mail (nullMX)`)
    // RFC 7505 4.1 and 4.2; the reject code parameter does not apply.
    return isSender(subject) ? reject(550, '7.27', why) : reject(556, '1.10', why)
  }
  const detail: StatusDetail = isSender(subject) ? '1.8' : '1.2'
  if (status !== 'retry') {
    const why = status === 'invalid' ? 'Malformed DNS server reply' : 'Domain not found'
    return reject(c.config.unknown_address_reject_code, detail, text(why))
  }
  const defers = c.config.unknown_address_tempfail_action === 'defer'
  return (defers ? reject : deferIfPermit)(450, detail, text('Domain not found'))
}

export const UNLISTED_PARAMS = [
  'local_recipient_maps',
  'virtual_alias_maps',
  'virtual_mailbox_maps',
  'relay_recipient_maps',
  'canonical_maps',
  'sender_canonical_maps',
  'recipient_canonical_maps',
  'unknown_local_recipient_reject_code',
  'unknown_virtual_alias_reject_code',
  'unknown_virtual_mailbox_reject_code',
  'unknown_relay_recipient_reject_code',
  'show_user_unknown_table_name',
  'double_bounce_sender',
  'receive_override_options',
] as const

type UnlistedCheck = Check<(typeof UNLISTED_PARAMS)[number]>

/** reject_unlisted_sender, reject_unlisted_recipient. Postfix: check_rcpt_maps. */
export async function rejectUnlisted(c: UnlistedCheck, subject: Subject): Promise<Verdict> {
  if (c.config.receive_override_options.includes('no_unknown_recipient_checks')) return DUNNO
  const resolved = await c.ask.resolveAddress(subject.name)
  if (resolved.status !== 'found') return lookupFailure(subject.name)
  const { address } = resolved.value
  const rewritten = await isRewritten(c, address, subject)
  if (rewritten.status === 'failed') return mapsFault(rewritten.reason, subject.name)
  if (rewritten.status === 'found') return DUNNO
  return rejectByClass(c, resolved.value, subject)
}

/** An address that canonical or virtual alias maps turn into another is known, whatever becomes of the other. */
async function isRewritten(c: UnlistedCheck, address: string, subject: Subject): Promise<Lookup<string>> {
  const maps: MapsParam[] = ['recipient_canonical_maps', 'canonical_maps', 'virtual_alias_maps']
  if (isSender(subject)) maps.splice(1, 0, 'sender_canonical_maps')
  for (const parameter of maps) {
    const found = await c.ask.mapsAddress(parameter, address)
    if (found.status !== 'absent') return found
  }
  return { status: 'absent' }
}

async function rejectByClass(c: UnlistedCheck, resolved: AddressClass, subject: Subject): Promise<Verdict> {
  const { config } = c
  switch (resolved.class) {
    case 'virtual_alias':
      // No mailbox can have it: such domains have aliases only.
      // Postfix says 5.1.1 here, made fit for what is rejected, where it says 5.1.0 of senders in the other classes.
      return userUnknown(c, subject, {
        code: config.unknown_virtual_alias_reject_code,
        table: 'virtual alias table',
        detail: fixDetail({ class: '5', detail: '1.1' }, subject, c.ask),
      })
    case 'local':
      if (isSystemAddress(resolved.address, config.double_bounce_sender)) return DUNNO
      return inMaps(c, resolved.address, {
        subject,
        maps: 'local_recipient_maps',
        code: config.unknown_local_recipient_reject_code,
        table: 'local recipient table',
      })
    case 'virtual_mailbox':
      return inMaps(c, resolved.address, {
        subject,
        maps: 'virtual_mailbox_maps',
        code: config.unknown_virtual_mailbox_reject_code,
        table: 'virtual mailbox table',
      })
    case 'relay':
      return inMaps(c, resolved.address, {
        subject,
        maps: 'relay_recipient_maps',
        code: config.unknown_relay_recipient_reject_code,
        table: 'relay recipient table',
      })
    case 'default':
      return DUNNO
  }
}

interface ListedIn {
  readonly subject: Subject
  readonly maps: 'local_recipient_maps' | 'virtual_mailbox_maps' | 'relay_recipient_maps'
  readonly code: number
  readonly table: string
}

async function inMaps(c: UnlistedCheck, address: string, where: ListedIn): Promise<Verdict> {
  // Postfix: no maps, no check.
  if (c.config[where.maps].length === 0) return DUNNO
  const found = await c.ask.mapsAddress(where.maps, address)
  if (found.status === 'failed') return mapsFault(found.reason, where.subject.name)
  return found.status === 'found' ? DUNNO : userUnknown(c, where.subject, where)
}

interface Unknown {
  readonly code: number
  readonly table: string
  readonly detail?: StatusDetail
}

function userUnknown(c: UnlistedCheck, subject: Subject, why: Unknown): Verdict {
  const table = c.config.show_user_unknown_table_name ? ` in ${why.table}` : ''
  const text = `<${subject.name}>: ${subject.class} rejected: User unknown${table}`
  return reject(why.code, why.detail ?? (isSender(subject) ? '1.0' : '1.1'), text)
}

/** Addresses that the mail system itself uses: RFC 5321 4.5.1 postmaster, bounces, verification probes. */
function isSystemAddress(address: string, doubleBounceSender: string): boolean {
  const local = address.slice(0, Math.max(0, address.indexOf('@'))).toLowerCase()
  return ['postmaster', 'mailer-daemon', doubleBounceSender.toLowerCase()].includes(local)
}

export interface UnverifiedConfig {
  readonly rejectCode: number
  readonly deferCode: number
  /** Told instead of the probe's answer; ''. */
  readonly reason: string
  readonly tempfailAction: string
}

/** reject_unverified_sender, reject_unverified_recipient. Postfix: reject_unverified_address. */
export async function rejectUnverified(ask: Ask, subject: Subject, config: UnverifiedConfig): Promise<Verdict> {
  const answer = await ask.verify(subject.name)
  if (answer.status === 'ok') return DUNNO
  const detail: StatusDetail = isSender(subject) ? '1.7' : '1.1'
  const tempfail = config.tempfailAction === 'defer' ? reject : deferIfPermit
  const text = (what: string) => `<${subject.name}>: ${subject.class} rejected: ${what}`
  if (answer.status === 'service failure') {
    ask.warn('verify service failure')
    return tempfail(450, detail, text('address verification problem'))
  }
  const code = answer.status === 'undeliverable' ? config.rejectCode : config.deferCode
  const why = code >= 400 && config.reason !== '' ? config.reason : answer.text
  if (code < 400) return DUNNO
  if (code < 500) return tempfail(code, detail, text(`unverified address: ${why.slice(0, 250)}`))
  return reject(code, detail, text(`undeliverable address: ${why}`))
}
