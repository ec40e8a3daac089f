import type { Config } from '../config/config.ts'
import type { Facts } from '../model/facts.ts'
import type { Subject } from '../model/subject.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Table } from '../table/table.ts'
import type { Ask } from './ask.ts'

export type ParamName = keyof Config & string

/**
 * The facts on which a restriction's answer depends. Once they are known the answer is asked ahead and kept until one of
 * them changes. 'moment': it depends on the list, the stage or on side effects, and is asked only when the walk gets there.
 */
export type Needs = 'client' | 'helo' | 'sender' | 'recipient' | 'moment'

export interface Check<P extends ParamName> {
  readonly facts: Facts
  readonly ask: Ask
  /** Only the declared `params`. */
  readonly config: Pick<Config, P>
  /** The word after the name: a domain with reply filter, a server, seconds; '' without one. */
  readonly argument: string
  /** The open table of a check_…_access restriction; a table that cannot be opened answers `failed`. */
  readonly table: Table | null
  readonly subject: Subject
}

export interface Restriction<P extends ParamName = ParamName> {
  readonly name: string
  /** Older spellings that Postfix still takes. */
  readonly aliases?: readonly string[]
  readonly needs: Needs
  /** Asks nothing but memory and files: cheap enough to decide whether looking further ahead in the list is worth it. */
  readonly local?: boolean
  /** What follows the name in the list, if anything. */
  readonly argument?: 'domain' | 'table' | 'server' | 'seconds'
  /** The parameters it reads; `config` has these and no others. */
  readonly params: readonly P[]
  readonly doc: string
  /** Has a time limit of its own (policy services, probes), so that postern_check_timeout does not apply. */
  readonly ownTimeout?: boolean
  /** Ends the list whatever comes after it, which is worth a warning. */
  readonly final?: boolean
  /** Postfix has no such restriction. */
  readonly own?: boolean
  /** Other facts' questions that can start earlier than `needs` allows; answers are kept by `ask`. */
  readonly ahead?: { readonly needs: Needs; ask(c: Check<P>): Promise<unknown> | undefined }
  check(c: Check<P>): Promise<Verdict> | Verdict
}

/** Keeps the literal types of `params`, so that reading another parameter does not compile. */
export function restriction<const P extends ParamName>(r: Restriction<P>): Restriction<P> {
  return r
}
