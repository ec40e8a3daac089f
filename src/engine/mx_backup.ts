import { isAscii } from '../mail/hostname.ts'
import { toAscii } from '../mail/idna.ts'
import type { Subject } from '../model/subject.ts'
import { DUNNO, deferIfReject, lookupFailure, PERMIT, type Verdict } from '../model/verdict.ts'
import { isAuthorizedDestination } from './dns_list.ts'
import { lookupAddresses, lookupHost } from './host_lookup.ts'
import type { Check } from './restriction.ts'

type MxCheck = Check<'allow_untrusted_routing' | 'permit_mx_backup_networks' | 'inet_protocols'>

interface Exchanger {
  readonly preference: number
  readonly host: string
}

/** A question about mail exchangers: yes, no, or a verdict because it could not be answered. */
type YesNo = boolean | Verdict

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
    return tryLater(subject, `Unable to look up mail exchanger information: ${answer.reason}`)
  }
  const all = answer.records.flatMap(r => (r.type === 'MX' ? [{ preference: r.preference, host: r.exchange }] : []))
  return judgeExchangers(c, subject, all)
}

async function judgeExchangers(c: MxCheck, subject: Subject, all: readonly Exchanger[]): Promise<Verdict> {
  const best = Math.min(...all.map(mx => mx.preference))
  const primary = all.filter(mx => mx.preference === best)
  const backup = all.filter(mx => mx.preference !== best)
  const mineFirst = await isAnyMine(c, subject, primary)
  if (typeof mineFirst !== 'boolean') return mineFirst
  // Postfix: a primary exchanger must know its domains by configuration.
  if (mineFirst || backup.length === 0) return DUNNO
  const mineLater = await isAnyMine(c, subject, backup)
  if (typeof mineLater !== 'boolean') return mineLater
  if (!mineLater) return DUNNO
  if (c.config.permit_mx_backup_networks.length === 0) return PERMIT
  const allowed = await areAllAllowed(c, subject, primary)
  if (typeof allowed !== 'boolean') return allowed
  return allowed ? PERMIT : DUNNO
}

/** Whether one of the hosts is this one, by name or by address. */
async function isAnyMine(c: MxCheck, subject: Subject, exchangers: readonly Exchanger[]): Promise<YesNo> {
  for (const { host } of exchangers) {
    if ((await c.ask.isLocalDomain(host)).status === 'found') return true
  }
  const answers = exchangers.map(({ host }) => lookupAddresses(c.ask, host, families(c)))
  for (const [at, { host }] of exchangers.entries()) {
    const answer = await answers[at]
    if (answer === undefined) continue
    if (answer.addresses.some(address => c.ask.isOwnAddress(address))) return true
    if (answer.addresses.length === 0)
      return tryLater(subject, `Unable to look up mail exchanger host ${host}: ${answer.reason}`)
  }
  return false
}

/** Whether every address of the primary exchangers is in permit_mx_backup_networks. */
async function areAllAllowed(c: MxCheck, subject: Subject, exchangers: readonly Exchanger[]): Promise<YesNo> {
  for (const { host } of exchangers) {
    const answer = await lookupAddresses(c.ask, host, families(c))
    if (answer.addresses.length === 0) {
      const why = answer.temporary ? 'Host not found, try again' : 'Host not found'
      return tryLater(subject, `Unable to look up host ${host} as mail exchanger: ${why}`)
    }
    for (const address of answer.addresses) {
      const listed = await c.ask.addressListed('permit_mx_backup_networks', host, address)
      if (listed.status === 'failed') return tryLater(subject, `Unable to verify host ${host} as mail exchanger`)
      if (listed.status === 'absent') return false
    }
  }
  return true
}

function families(c: MxCheck): readonly ('A' | 'AAAA')[] {
  return c.config.inet_protocols.includes('ipv4') ? ['A'] : ['A', 'AAAA']
}

/** Goes on; a refusal further down becomes temporary. */
function tryLater(subject: Subject, why: string): Verdict {
  return deferIfReject(450, '4.4', `<${subject.name}>: ${subject.class} rejected: ${why}`)
}
