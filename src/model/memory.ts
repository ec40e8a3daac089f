/** What Postern remembers between sessions, and across hosts when the memory is shared. Times are whole seconds since 1970. */
import type { Lookup } from './lookup.ts'

/**
 * 'triplet': who may send to whom (greylisting); `key` as Postgrey's "net/sender/recipient".
 * 'client': how often a client has passed the delay (Postgrey's auto-whitelist-clients).
 * 'correspondent': an address that a user of ours wrote to.
 */
export type MemoryKind = 'triplet' | 'client' | 'correspondent'

export interface MemoryEntry {
  readonly kind: MemoryKind
  /** At most 1,000 characters. */
  readonly key: string
  readonly first: number
  readonly last: number
  /** Of a client: the successes counted. Otherwise how often it was seen. */
  readonly count: number
}

/** Postgrey's numbers; seconds. */
export interface GreylistRules {
  readonly delay: number
  readonly retryWindow: number
  readonly maxAge: number
  /** After so many successes a client is not delayed any more; 0: never. */
  readonly autoAllow: number
}

/** One attempt to deliver, to be noted. */
export interface GreylistAttempt {
  /** Key of the triplet. */
  readonly triplet: string
  /** Key of the client's counter. */
  readonly client: string
  readonly now: number
  readonly rules: GreylistRules
}

/** What the memory knows after noting an attempt, as Postgrey 1.37 smtpd_access_policy computes it. */
export type GreylistNoted =
  /** The client has passed often enough: the triplet was not looked at. */
  | { readonly kind: 'client'; readonly count: number }
  | {
      readonly kind: 'triplet'
      /** When the attempts that count began; `now` of the attempt for a new triplet, or one beyond the retry window. */
      readonly first: number
      /** An earlier attempt had passed the delay already. */
      readonly passedBefore: boolean
      /** The client's counter when this attempt increased it, else null. */
      readonly clientCount: number | null
    }

/**
 * The memory, embedded or shared; both pass test/contract/memory_contract.ts. Every answer may be `failed` (disk full,
 * server gone): callers go on without it, no session is refused for it. Nothing here ever rejects.
 */
export interface Memory {
  /** Notes one attempt atomically. Settles when the note would outlive our process (postern_store_sync: a power cut). */
  note(attempt: GreylistAttempt): Promise<Lookup<GreylistNoted>>
  find(kind: MemoryKind, key: string): Promise<Lookup<MemoryEntry>>
  /** Sees the key now: a new entry, or `last` = now and `count` one more. */
  touch(kind: MemoryKind, key: string, now: number): Promise<Lookup<MemoryEntry>>
  /** Takes an entry over (import, `greylist allow`): where both know the key, the earlier first, the later last and the higher count stay. */
  put(entry: MemoryEntry): Promise<Lookup<true>>
  /** `absent`: there was none. */
  forget(kind: MemoryKind, key: string): Promise<Lookup<true>>
  /** Everything that has not expired, in no order; it takes a while and disturbs nobody. Ends early, telling `failed`, never throwing. */
  entries(kind: MemoryKind): AsyncIterable<MemoryEntry>
  /** Settles when all that was answered is where it should be. */
  close(): Promise<void>
}

/** How long entries are kept, seconds: a triplet that never passed by `retryWindow`, one that passed and a client by `maxAge`. */
export interface MemoryLifetimes {
  readonly delay: number
  readonly retryWindow: number
  readonly maxAge: number
  readonly correspondent: number
}
