import { isAscii } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import type { Reply } from '../model/reply.ts'
import type { Subject } from '../model/subject.ts'
import { DUNNO, lookupFailure, PERMIT, type Verdict } from '../model/verdict.ts'
import { isAuthorizedDestination } from './dns_list.ts'
import { addressTypes, lookupAddresses, lookupHost } from './host_lookup.ts'
import type { Check } from './restriction.ts'

type MxCheck = Check<'allow_untrusted_routing' | 'permit_mx_backup_networks' | 'inet_protocols'>

interface Exchanger {
  readonly preference: number
  readonly host: string
}

/** What one search for exchangers met: the first failure makes later refusals temporary, whatever the outcome (Postfix DEFER_IF_REJECT). */
interface Trouble {
  why: string | null
}

/** permit_mx_backup. Postfix: permit_mx_backup. */
export async function findMxBackup(c: MxCheck, subject: Subject): Promise<Verdict> {
  const resolved = await c.ask.resolveAddress(subject.name)
  if (resolved.status !== 'found') return lookupFailure(subject.name)
  const { domain, routed } = resolved.value
  if (!c.config.allow_untrusted_routing && routed) return DUNNO
  if (isAuthorizedDestination(resolved.value, c.config.allow_untrusted_routing)) return PERMIT
  if (domain.startsWith('[') && domain.endsWith(']')) return DUNNO
  const answer = await lookupHost(c.ask, isAscii(domain) ? domain : toAscii(domain), 'MX')
  if (answer.status !== 'ok') {
    if (answer.status !== 'retry') return DUNNO
    const why = `Unable to look up mail exchanger information: ${answer.reason}`
    return { kind: 'defer_if_reject', reply: deferral(subject, why) }
  }
  const all = answer.records.flatMap(r => (r.type === 'MX' ? [{ preference: r.preference, host: r.exchange }] : []))
  return judgeExchangers(c, subject, all)
}

async function judgeExchangers(c: MxCheck, subject: Subject, all: readonly Exchanger[]): Promise<Verdict> {
  const best = Math.min(...all.map(mx => mx.preference))
  const primary = all.filter(mx => mx.preference === best)
  const backup = all.filter(mx => mx.preference !== best)
  const trouble: Trouble = { why: null }
  // Postfix: a primary exchanger must know its domains by configuration.
  const permitted =
    !(await isAnyMine(c, primary, trouble)) &&
    (await isAnyMine(c, backup, trouble)) &&
    (c.config.permit_mx_backup_networks.length === 0 || (await areAllAllowed(c, primary, trouble)))
  if (trouble.why === null) return permitted ? PERMIT : DUNNO
  const reply = deferral(subject, trouble.why)
  return permitted ? { kind: 'permit', deferIfReject: reply } : { kind: 'defer_if_reject', reply }
}

/** Whether one of the hosts is this one, by name or by address. */
async function isAnyMine(c: MxCheck, exchangers: readonly Exchanger[], trouble: Trouble): Promise<boolean> {
  for (const { host } of exchangers) {
    if ((await c.ask.isLocalDomain(host)).status === 'found') return true
  }
  const types = addressTypes(c.config.inet_protocols)
  const answers = exchangers.map(({ host }) => lookupAddresses(c.ask, host, types))
  for (const [at, { host }] of exchangers.entries()) {
    const answer = await answers[at]
    if (answer === undefined) continue
    if (answer.addresses.some(address => c.ask.isOwnAddress(address))) return true
    if (answer.addresses.length === 0) trouble.why ??= `Unable to look up mail exchanger host ${host}: ${answer.reason}`
  }
  return false
}

/** Whether every address of the primary exchangers is in permit_mx_backup_networks. */
async function areAllAllowed(c: MxCheck, exchangers: readonly Exchanger[], trouble: Trouble): Promise<boolean> {
  for (const { host } of exchangers) {
    const answer = await lookupAddresses(c.ask, host, addressTypes(c.config.inet_protocols))
    if (answer.addresses.length === 0) {
      const why = answer.temporary ? 'Host not found, try again' : 'Host not found'
      trouble.why ??= `Unable to look up host ${host} as mail exchanger: ${why}`
      return false
    }
    for (const address of answer.addresses) {
      const listed = await c.ask.addressListed('permit_mx_backup_networks', host, address)
      if (listed.status === 'failed') trouble.why ??= `Unable to verify host ${host} as mail exchanger`
      if (listed.status !== 'found') return false
    }
  }
  return true
}

function deferral(subject: Subject, why: string): Reply {
  return { code: 450, detail: '4.4', text: `<${subject.name}>: ${subject.class} rejected: ${why}` }
}
