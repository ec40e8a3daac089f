import { DUNNO, lookupFailure, reject, type Verdict } from '../model/verdict.ts'
import { splitWords } from '../util/words.ts'
import { mapsFault } from './access.ts'
import type { Check } from './restriction.ts'

export const LOGIN_PARAMS = ['smtpd_sasl_auth_enable', 'smtpd_sender_login_maps'] as const
type LoginCheck = Check<(typeof LOGIN_PARAMS)[number]>

/** Runs `check` for a sender that can have an owner. `names`: what is told to be ignored without SASL. */
export async function checkLogin(
  c: LoginCheck,
  names: readonly string[],
  check: (sender: string) => Promise<Verdict>,
): Promise<Verdict> {
  if (!c.config.smtpd_sasl_auth_enable) {
    for (const name of names) c.ask.warn(`restriction \`${name}' ignored: no SASL support`)
    return DUNNO
  }
  const { sender } = c.facts
  return sender === null || sender === '' ? DUNNO : check(sender)
}

/** The owners of a sender address; null: nobody; a verdict: could not be found out. */
async function findOwners(c: LoginCheck, sender: string): Promise<readonly string[] | null | Verdict> {
  const resolved = await c.ask.resolveAddress(sender)
  if (resolved.status !== 'found') return lookupFailure(sender)
  const owners = await c.ask.mapsAddress('smtpd_sender_login_maps', resolved.value.address)
  if (owners.status === 'failed') return mapsFault(owners.reason, sender)
  return owners.status === 'found' ? splitWords(owners.value) : null
}

/** Refuses what does not belong to the signed-in user. */
export async function rejectForeignSender(
  c: LoginCheck,
  sender: string,
  unknown: 'unknown sender is foreign' | 'unknown sender is free',
): Promise<Verdict> {
  const username = c.facts.sasl?.username
  // Postfix: without smtpd_sender_login_maps nobody owns anything.
  if (username === undefined) return DUNNO
  const owners = await findOwners(c, sender)
  if (owners === null && unknown === 'unknown sender is free') return DUNNO
  if (owners !== null && 'kind' in owners) return owners
  if (owners?.some(owner => owner.toLowerCase() === username.toLowerCase()) === true) return DUNNO
  return reject(553, '7.1', `<${sender}>: Sender address rejected: not owned by user ${username}`)
}

/** Refuses what belongs to somebody while nobody is signed in. */
export async function rejectOwnedSender(c: LoginCheck, sender: string): Promise<Verdict> {
  if (c.facts.sasl !== null) return DUNNO
  const owners = await findOwners(c, sender)
  if (owners === null) return DUNNO
  if ('kind' in owners) return owners
  return reject(553, '7.1', `<${sender}>: Sender address rejected: not logged in`)
}
