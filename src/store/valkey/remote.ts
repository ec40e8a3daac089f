import type { ScriptName } from './scripts.ts'

/** What the connection tells of itself. A lane is one server: '' where there is only one, else "host:port". */
export interface RemoteEvents {
  /** The connection ended; it is made anew by itself. */
  lost(lane: string, reason: string): void
  /** Connected again, perhaps to another server, which may not have what the last one acknowledged. */
  connected(): void
}

/** A server of Valkey or Redis, or several, without any idea of what they keep. Promises reject with an Error. */
export interface Remote {
  /** For messages; without password. */
  readonly name: string
  /** A cluster: a script may touch the keys of one slot only. */
  readonly isCluster: boolean
  /** To be called once, before anything else. */
  listen(events: RemoteEvents): void
  /** Which server has this key. */
  lane(key: string): string
  /** All that are known now. */
  lanes(): Iterable<string>
  /** Runs a script of scripts.ts. */
  run(script: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** A key as it is. */
  get(key: string): Promise<string | null>
  /** Sets a key that is no record for so long; false when it was there already and `ifAbsent`. */
  mark(key: string, seconds: number, options: { readonly ifAbsent: boolean }): Promise<boolean>
  /** All keys that begin so, with their values, page by page; a key may come twice. */
  scan(prefix: string): AsyncIterable<readonly (readonly [key: string, value: string])[]>
  /** Gives the connection to a server up, on which nothing comes any more; another is made by itself. */
  drop(lane: string): void
  close(): void
}
