import type { Lookup } from '../model/lookup.ts'

/**
 * An open lookup table, `type:name` of main.cf (postmap(1), DATABASE_README).
 * Keys are passed as the caller has them; a table folds case where its type does so in Postfix.
 */
export interface Table {
  /** "hash:/etc/postfix/helo_access", as written. */
  readonly name: string
  /**
   * What lookup keys mean to this table (Postfix dict flags). 'fixed': exact keys, the caller tries parent domains, partial
   * addresses and so on. 'pattern': one whole-key try (regexp, pcre, cidr): the caller makes no partial keys.
   */
  readonly kind: 'fixed' | 'pattern'
  lookup(key: string): Promise<Lookup<string>>
  close(): void
}

/** What openTable gives. */
export interface OpenTable extends Table {
  /** Settles when the source has been read once and its problems are told; lookups before wait by themselves. */
  ready(): Promise<void>
  /** All entries in the source's order; only tables of plain keys have it (`postmap -s`). */
  entries?(): Promise<Lookup<Iterable<readonly [key: string, value: string]>>>
}
