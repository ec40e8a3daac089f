import { cString, formatPacket, MilterError, uint32 } from './codec.ts'
import { SMFIF, SMFIM, SMFIP } from './flags.ts'

/** Three numbers of an SMFIC_OPTNEG: an offer, or what became of it. */
export interface Options {
  readonly version: number
  /** SMFIF_ bits. */
  readonly actions: number
  /** SMFIP_ bits. */
  readonly protocol: number
}

const OLDEST = 2
const NEWEST = 6

const WANTED_ACTIONS = SMFIF.ADDHDRS | SMFIF.CHGHDRS | SMFIF.QUARANTINE | SMFIF.SETSYMLIST

/**
 * Nothing is decided before the end of the message, so that nothing before needs an answer: without them the MTA can send on. But for
 * DATA over TCP: Postfix's smtpd(8) sends what it has before it hands the connection to cleanup(8), and Nagle would hold the message
 * back until that is acknowledged, which without an answer takes the 40 ms of a delayed ACK. The leading blank of a header is part of
 * what DKIM signs.
 */
const WANTED_PROTOCOL =
  SMFIP.NR_CONN |
  SMFIP.NR_HELO |
  SMFIP.NR_MAIL |
  SMFIP.NR_RCPT |
  SMFIP.NR_UNKN |
  SMFIP.NR_HDR |
  SMFIP.NR_EOH |
  SMFIP.NR_BODY |
  SMFIP.NOUNKNOWN |
  SMFIP.HDR_LEADSPC

/** libmilter: an MTA that offers nothing means what version 1 had (SMFI_V1_ACTS, SMFI_V1_PROT). */
const FIRST_ACTIONS = SMFIF.ADDHDRS | SMFIF.CHGBODY | SMFIF.ADDRCPT | SMFIF.DELRCPT
const FIRST_PROTOCOL = SMFIP.NOCONNECT | SMFIP.NOHELO | SMFIP.NOMAIL | SMFIP.NORCPT | SMFIP.NOBODY | SMFIP.NOHDRS

/** Postfix sends the macros of the end of headers with each header, so the queue id is asked for at the end only. */
const WANTED_MACROS: readonly (readonly [stage: number, names: string])[] = [
  [SMFIM.ENVFROM, '{auth_authen} {auth_type}'],
  [SMFIM.EOM, 'i'],
]

/** What we use of an offer; `isLocal`: behind a Unix socket. Throws MilterError for a version that is too old. */
export function agree(offer: Options, isLocal: boolean): Options {
  if (offer.version < OLDEST) throw new MilterError(`protocol version ${offer.version}, which is too old`)
  const actions = offer.actions === 0 ? FIRST_ACTIONS : offer.actions
  const protocol = offer.protocol === 0 ? FIRST_PROTOCOL : offer.protocol
  return {
    version: Math.min(offer.version, NEWEST),
    actions: actions & WANTED_ACTIONS,
    protocol: (protocol & (isLocal ? WANTED_PROTOCOL | SMFIP.NR_DATA : WANTED_PROTOCOL)) | largestPacket(protocol),
  }
}

/** sendmail: one size is taken, the MTA offers all that it can. */
function largestPacket(protocol: number): number {
  if ((protocol & SMFIP.MDS_1M) !== 0) return SMFIP.MDS_1M
  return protocol & SMFIP.MDS_256K
}

/** Our SMFIC_OPTNEG, with the macros that we want where the MTA lets us choose. */
export function formatOptions({ version, actions, protocol }: Options): Buffer {
  const macros =
    (actions & SMFIF.SETSYMLIST) === 0 ? [] : WANTED_MACROS.flatMap(([stage, names]) => [uint32(stage), cString(names)])
  return formatPacket('O', uint32(version), uint32(actions), uint32(protocol), ...macros)
}
