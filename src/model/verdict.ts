import type { Facts } from './facts.ts'
import type { Reply, StatusDetail } from './reply.ts'
import type { Subject } from './subject.ts'

/** A reply, or a recipe for one that quotes facts known only when the list is walked (default_rbl_reply's $recipient). */
export type ReplyOf = Reply | ((facts: Facts) => Reply)

/** What one restriction says. The words are those of Postfix access(5). */
export type Verdict =
  | { readonly kind: 'dunno' }
  | {
      readonly kind: 'permit'
      /** The table entry that said so, for smtpd_log_access_permit_actions. */
      readonly access?: { readonly action: string; readonly table: string; readonly subject: Subject }
      /** Something that failed on the way: it makes refusals of later lists temporary. */
      readonly deferIfReject?: Reply
    }
  | { readonly kind: 'reject' | 'defer_if_permit' | 'defer_if_reject'; readonly reply: ReplyOf }
  /** Our own fault (Postfix: MAIL_ERROR_SOFTWARE, MAIL_ERROR_DATA): a 4xx that warn_if_reject cannot soften. The text may name what the list is about. */
  | { readonly kind: 'fault'; readonly reply: Reply | ((subject: Subject) => Reply) }
  /** A table or policy server answered with restriction names, to be walked with this subject. `onPermit`: what becomes of its OK. */
  | {
      readonly kind: 'list'
      readonly words: string
      readonly table: string
      readonly subject: Subject
      readonly onPermit: OnPermit
    }
  /** Noted for the message, then on with the next restriction; DISCARD ends all lists. */
  | {
      readonly kind: 'action'
      readonly action: AccessAction
      readonly text: string
      readonly name: string
      readonly class: string
      readonly table: string
      readonly key: string
    }

/** Some tables may not let anyone in: their OK is a configuration error, or no answer. */
export type OnPermit = 'permit' | 'dunno' | 'forbidden'

export type AccessAction = 'HOLD' | 'DISCARD' | 'FILTER' | 'REDIRECT' | 'BCC' | 'PREPEND' | 'WARN' | 'INFO' | 'HANGUP'

export const DUNNO: Verdict = { kind: 'dunno' }
export const PERMIT: Verdict = { kind: 'permit' }

/** Refuses for good or for now, as `code` says. Takes the class digit of the enhanced status from the code. */
export function reject(code: number, detail: StatusDetail, text: string): Verdict {
  return { kind: 'reject', reply: { code, detail, text } }
}

/** Goes on; a permit at the end becomes this reply. */
export function deferIfPermit(code: number, detail: StatusDetail, text: string): Verdict {
  return { kind: 'defer_if_permit', reply: { code, detail, text } }
}

/** Goes on; a later permanent reject becomes this reply. */
export function deferIfReject(code: number, detail: StatusDetail, text: string): Verdict {
  return { kind: 'defer_if_reject', reply: { code, detail, text } }
}

/** Postfix reject_server_error: the configuration, not the client, is at fault. */
export const SERVER_ERROR: Verdict = {
  kind: 'fault',
  reply: { code: 451, detail: '3.5', text: 'Server configuration error' },
}

/** Postfix reject_dict_retry: a table did not answer. */
export function lookupFailure(name: string): Verdict {
  return { kind: 'fault', reply: temporaryLookupFailure(name) }
}

/** The same of a restriction that is about nothing in particular: the reply names what the list is about. */
export const LIST_LOOKUP_FAILURE: Verdict = { kind: 'fault', reply: ({ name }) => temporaryLookupFailure(name) }

function temporaryLookupFailure(name: string): Reply {
  return { code: 451, detail: '3.0', text: `<${name}>: Temporary lookup failure` }
}
