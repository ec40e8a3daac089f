import type { Duplex } from 'node:stream'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { TableProblem } from './problem.ts'

/** Where a tcp: or socketmap: server listens; what `net.connect` takes. */
export type TableEndpoint = { readonly host: string; readonly port: number } | { readonly path: string }

/** What tables need from outside. */
export interface TableContext {
  /** Relative file names start here. Postfix: the queue directory; absolute names are the rule. */
  readonly directory: string
  readonly clock: Clock
  /** Told once per problem and reading of the source. */
  readonly warn: (problem: TableProblem) => void
  readonly random: Random
  /** Starts a connection, as `net.connect` does; without it tcp: and socketmap: tables cannot be used. */
  readonly connect?: (endpoint: TableEndpoint) => Duplex
  /** alias_maps and alias_database: their text source is in the `name: value` form of aliases(5). */
  readonly aliasMaps?: readonly string[]
  /** As postmap(1) opens tables: duplicate keys of a texthash are warned of. smtpd(8) gives up such a table. */
  readonly asPostmap?: boolean
}
