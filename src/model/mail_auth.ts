/** Message authentication: what is found out about one message, and what is to be done about it. Plain data, but for the verifier. */
import type { SpfAnswer } from './spf.ts'

/** RFC 8601 2.7.1. 'policy': sound, but not acceptable to us (weak key, l=). */
export type DkimResult = 'none' | 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror'

/** One DKIM-Signature (RFC 6376, 8301, 8463), in the order of the header. */
export interface DkimAnswer {
  readonly result: DkimResult
  /** d= and s=, lower case; '' where the tag is missing. */
  readonly domain: string
  readonly selector: string
  /** i=, or "@" and d=. */
  readonly identity: string
  /** "rsa-sha256", "ed25519-sha256", … as written. */
  readonly algorithm: string
  /** Of the public key; null: not known, or ed25519. */
  readonly keyBits: number | null
  /** First 8 characters of b= (RFC 6008 header.b). */
  readonly tag: string
  /** t=y in the key record. */
  readonly testing: boolean
  /** Why it is not a pass; null for one. */
  readonly problem: string | null
}

/** RFC 8617. */
export interface ArcAnswer {
  readonly result: 'none' | 'pass' | 'fail'
  /** Number of sets; the instances in order, with who sealed each and what its ARC-Authentication-Results says. */
  readonly sets: readonly ArcSet[]
  /** Oldest instance whose message signature still verifies (RFC 8617 5.2 oldest-pass); 0: none, or all. */
  readonly oldestPass: number
  readonly problem: string | null
}

export interface ArcSet {
  readonly instance: number
  /** d= and s= of the ARC-Seal. */
  readonly domain: string
  readonly selector: string
  /** cv= of the ARC-Seal. */
  readonly chainValidation: string
  /** The ARC-Authentication-Results after "i=N;", unfolded. */
  readonly authResults: string
}

/** What streaming verification of one message gives. */
export interface SignatureAnswer {
  readonly dkim: readonly DkimAnswer[]
  readonly arc: ArcAnswer
}

/** RFC 9989 (DMARC). */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

export interface DmarcAnswer {
  /** RFC 8601 2.7; 'permerror': From header that cannot be judged; 'temperror': DNS. */
  readonly result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror'
  /** Author domain of the From header; '' where there is none. */
  readonly fromDomain: string
  /** Organizational domain, and the domain whose record counts ('' without a record). */
  readonly organizationalDomain: string
  readonly policyDomain: string
  /** What the record asks for this message: p=, sp= or np=, weakened by t=y; 'none' without a record. */
  readonly policy: DmarcPolicy
  /** The same before t=y weakens it. */
  readonly publishedPolicy: DmarcPolicy
  readonly testing: boolean
  readonly spfAligned: boolean
  readonly dkimAligned: boolean
  /** The record as published, for reports; null without one. */
  readonly record: DmarcRecord | null
  readonly problem: string | null
}

/** The tags of a record that reports and policy need. */
export interface DmarcRecord {
  readonly p: DmarcPolicy
  readonly sp: DmarcPolicy | null
  readonly np: DmarcPolicy | null
  readonly adkim: 'r' | 's'
  readonly aspf: 'r' | 's'
  readonly fo: string
  readonly testing: boolean
  readonly psd: 'y' | 'n' | 'u'
  /** URIs of rua=, as written. */
  readonly rua: readonly string[]
  /** URIs of ruf=, as written. */
  readonly ruf: readonly string[]
  readonly text: string
}

/** Why a published policy was not followed (RFC 9990 PolicyOverrideReason). */
export interface PolicyOverride {
  readonly type: 'forwarded' | 'local_policy' | 'mailing_list' | 'other' | 'policy_test_mode' | 'trusted_forwarder'
  readonly comment: string
}

/** What was said in the session about the message that is judged. */
export interface AuthEnvelope {
  readonly clientAddress: string
  /** Forward-confirmed name, or "unknown". */
  readonly clientName: string
  readonly helo: string
  /** '' is the null sender. */
  readonly sender: string
  readonly recipients: readonly string[]
  readonly authenticated: boolean
  /** For log lines; null: none yet. */
  readonly queueId: string | null
}

/** Everything found out, as header, log, report and `explain` show it. */
export interface MessageAuth {
  readonly spf: { readonly helo: SpfAnswer | null; readonly mailfrom: SpfAnswer | null }
  readonly dkim: readonly DkimAnswer[]
  readonly arc: ArcAnswer
  readonly dmarc: DmarcAnswer
  readonly override: PolicyOverride | null
  /** What was done about a failure (RFC 9990 disposition); 'quarantine' also where the message is only marked. */
  readonly disposition: DmarcPolicy
}

/** What is to be done with a message. */
export interface MessageVerdict {
  readonly action: 'accept' | 'reject' | 'tempfail' | 'quarantine'
  /** "550 5.7.1 rejected by DMARC policy for example.org", "451 4.7.1 …"; '' with accept; the reason with quarantine. */
  readonly reply: string
  /** Header fields to put on top, the first one topmost: "Name: value", folded with CRLF and a tab. */
  readonly insert: readonly string[]
  /** Header fields to take away: forged Authentication-Results. The nth (from 1) of that name, compared without regard to case. */
  readonly remove: readonly { readonly name: string; readonly nth: number }[]
  /** Log lines of opendmarc and opendkim, without queue id. */
  readonly log: readonly { readonly daemon: 'opendkim' | 'opendmarc'; readonly text: string }[]
  readonly auth: MessageAuth
}

/**
 * Looks at one message as it streams by; keeps no more of it than the header. Never throws: hostile bytes give results, and our own
 * faults a verdict that lets the message pass unjudged (logged).
 */
export interface MessageJudge {
  /** What is known of the envelope before the header comes: its lookups start at once. May be left out. */
  start?(envelope: AuthEnvelope): void
  /** One header field as it came: "Name: value" with its folded lines, CRLF between them, none at the end. In order, before the body. */
  header(field: Uint8Array): void
  /** The next piece of the body, of any size, lines ending in CRLF, no dot-stuffing. */
  body(chunk: Uint8Array): void
  /** After the last piece, once. Settles in bounded time. */
  end(envelope: AuthEnvelope): Promise<MessageVerdict>
  /** What is to be taken out of a message for which nobody waits for a verdict. At any time, about the header so far. May be left out. */
  removals?(): MessageVerdict['remove']
}
