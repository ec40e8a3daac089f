/**
 * The Sender Rewriting Scheme: mail that is passed on bears a sender of ours, so that SPF at the next station passes, and bounces find
 * back. As Shevek's paper and Mail::SRS have it ("guarded"), so that addresses of several programs with the same secret are the same.
 *
 *     user@a.example                          from a.example, passed on by b.example and by c.example
 *     SRS0=HHHH=TT=a.example=user@b.example   a hash of ours, a day modulo 1024, and where it came from
 *     SRS1=HHHH=b.example==HHHH=TT=a.example=user@c.example   goes back to b.example and no further
 */
import { createHmac } from 'node:crypto'
import { splitAddress } from './address.ts'

const DAY_MS = 86_400_000
/** Two characters of base32. */
const DAYS = 1024
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const HASH_LENGTH = 4

export interface SrsOptions {
  /** The first one signs; addresses that any of them has signed count. Not empty. */
  readonly secrets: readonly string[]
  /** Of the new senders. */
  readonly domain: string
  /** Bounces that come later than so many days are not let back. */
  readonly maxAgeDays: number
}

/** Why an address does not lead back. */
export type SrsReversed =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly reason: 'not_srs' | 'malformed' | 'bad_hash' | 'expired' }

/** The sender under which mail of `sender` is passed on. The null sender, and what has no domain, stay as they are. */
export function srsForward(sender: string, options: SrsOptions, nowMs: number): string {
  const { local, domain } = splitAddress(sender)
  if (domain === '') return sender
  // "SRS1-==" is somebody's name, which would lead nowhere.
  const second = /^SRS1[=+-]([^=]*)=([^=]+)=(.+)$/is.exec(local)
  // A third station and all after it keep the first and the second, else addresses would grow without end.
  if (second !== null) return sealed([second[2] ?? '', second[3] ?? ''], options)
  const first = /^SRS0([=+-].*)$/is.exec(local)
  if (first !== null) return sealed([domain, first[1] ?? ''], options)
  const parts = [timestamp(nowMs), domain, local]
  return `SRS0=${hash(parts, options.secrets[0] ?? '')}=${parts.join('=')}@${options.domain}`
}

/** Whom a bounce to this address of ours is for. */
export function srsReverse(address: string, options: SrsOptions, nowMs: number): SrsReversed {
  const { local } = splitAddress(address)
  const first = /^SRS0[=+-](.*)$/is.exec(local)
  if (first !== null) return reverseFirst(first[1] ?? '', options, nowMs)
  const second = /^SRS1[=+-](.*)$/is.exec(local)
  if (second === null) return { ok: false, reason: 'not_srs' }
  const [given = '', host = '', ...rest] = (second[1] ?? '').split('=')
  const user = rest.join('=')
  if (given === '' || host === '' || user === '') return { ok: false, reason: 'malformed' }
  if (!isSigned([host, user], given, options)) return { ok: false, reason: 'bad_hash' }
  return { ok: true, address: `SRS0${user}@${host}` }
}

function reverseFirst(text: string, options: SrsOptions, nowMs: number): SrsReversed {
  const [given = '', day = '', host = '', ...rest] = text.split('=')
  const user = rest.join('=')
  if (given === '' || day === '' || host === '' || rest.length === 0) return { ok: false, reason: 'malformed' }
  if (!isSigned([day, host, user], given, options)) return { ok: false, reason: 'bad_hash' }
  if (!isFresh(day, options.maxAgeDays, nowMs)) return { ok: false, reason: 'expired' }
  return { ok: true, address: `${user}@${host}` }
}

function sealed(parts: readonly [string, string], { secrets, domain }: SrsOptions): string {
  return `SRS1=${hash(parts, secrets[0] ?? '')}=${parts.join('=')}@${domain}`
}

/** Mail servers on the way may change the case: it counts neither in what is hashed nor in the hash. */
function hash(parts: readonly string[], secret: string): string {
  const hmac = createHmac('sha1', secret)
  for (const part of parts) hmac.update(part.toLowerCase())
  return hmac.digest('base64').slice(0, HASH_LENGTH)
}

function isSigned(parts: readonly string[], given: string, { secrets }: SrsOptions): boolean {
  return secrets.some(secret => hash(parts, secret).toLowerCase() === given.toLowerCase())
}

function timestamp(nowMs: number): string {
  const day = dayOf(nowMs)
  return `${BASE32[day >> 5]}${BASE32[day & 31]}`
}

function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS) % DAYS
}

function isFresh(text: string, maxAgeDays: number, nowMs: number): boolean {
  if (!/^[A-Z2-7]{2}$/i.test(text)) return false
  const [high = '', low = ''] = text.toUpperCase()
  const then = BASE32.indexOf(high) * 32 + BASE32.indexOf(low)
  const age = (dayOf(nowMs) - then + DAYS) % DAYS
  // A clock of ours that is a day ahead.
  return age <= maxAgeDays || age === DAYS - 1
}
