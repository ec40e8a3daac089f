/** Where a message waits that is too big to wait in memory. It is gone with the process, whatever becomes of that. */
export interface Spool {
  /** Resolves when the bytes are written; a text says why they are not ("No space left on device"). Nothing is written after that. */
  write(chunk: Uint8Array): Promise<string | null>
  /** Everything written, from the beginning, in pieces of at most 64 KiB. May be read again. Throws when it cannot be read. */
  read(): AsyncIterable<Uint8Array>
  /** Gives the room back. Safe at any time, also twice. */
  close(): void
}

/** Costs nothing until something is written. */
export type OpenSpool = () => Spool
