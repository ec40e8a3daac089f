/** What the supervisor and its workers say to each other. Plain data: it goes through a pipe as JSON. */
import type { RateKind } from '../model/rates.ts'
import type { ConfigSource } from './config_source.ts'

export type ToWorker =
  /** Build everything for this configuration, beside the one in use; answered by `built`. */
  | { readonly kind: 'build'; readonly generation: number; readonly source: ConfigSource }
  /** New connections get this generation from now on; answered by `using`. */
  | { readonly kind: 'use'; readonly generation: number }
  /** It will not be used after all. */
  | { readonly kind: 'drop'; readonly generation: number }
  /** Comes with a socket that was accepted behind that door; answered by `taken`. */
  | { readonly kind: 'connection'; readonly door: string }
  | { readonly kind: 'reopen_logs' }
  /** Finish what runs, in this time at most; answered by `stopped`. */
  | { readonly kind: 'stop'; readonly graceMs: number }
  | { readonly kind: 'rate'; readonly id: number; readonly count: number; readonly rate: number }

export type ToSupervisor =
  /** The process is up and listens to messages. */
  | { readonly kind: 'started' }
  /** `problem`: why it cannot be used; null: all is well. */
  | { readonly kind: 'built'; readonly generation: number; readonly problem: string | null }
  | { readonly kind: 'using'; readonly generation: number }
  | { readonly kind: 'taken' }
  /** A policy or milter connection that was taken has ended. */
  | { readonly kind: 'helper_closed' }
  | { readonly kind: 'stopped' }
  /** The counters of all workers are kept in one place. `count` and `connect` are answered by `rate`. */
  | { readonly kind: 'rate_connect'; readonly id: number; readonly client: string }
  | { readonly kind: 'rate_disconnect'; readonly client: string }
  | {
      readonly kind: 'rate_count' | 'rate_current'
      readonly id: number
      readonly client: string
      readonly what: RateKind
    }
