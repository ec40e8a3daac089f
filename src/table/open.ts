import { openCidr } from './cidr.ts'
import { openPipe, openRandom, openUnion } from './combined.ts'
import type { TableContext } from './context.ts'
import { failingTable } from './failing.ts'
import { openInline } from './inline.ts'
import { INDEXED_TYPES, openMapFile } from './map_file.ts'
import { openPcre, openRegexp } from './pattern_table.ts'
import { openSocketmap, openTcp } from './socket_table.ts'
import { openFail, openNis, openStatic } from './static.ts'
import { openEnvironment, openUnix } from './system.ts'
import type { OpenTable } from './table.ts'

const NOT_OFFERED: ReadonlySet<string> = new Set([
  'ldap',
  'memcache',
  'mongodb',
  'mysql',
  'netinfo',
  'nisplus',
  'pgsql',
  'sqlite',
])
const NOT_OFFERED_REMEDY =
  'Postern has no such client: export the table to a text file for hash:, or serve it over socketmap: or tcp:'

type OpenType = (name: string, body: string, context: TableContext) => OpenTable

const TYPES: ReadonlyMap<string, OpenType> = new Map<string, OpenType>([
  ...[...INDEXED_TYPES, 'texthash'].map((type): [string, OpenType] => [type, openMapFile]),
  ['inline', openInline],
  ['static', openStatic],
  ['fail', openFail],
  ['nis', openNis],
  ['cidr', openCidr],
  ['regexp', openRegexp],
  ['pcre', openPcre],
  ['tcp', openTcp],
  ['socketmap', openSocketmap],
  ['unionmap', (name, body, context) => openUnion({ name, body, context }, openTable)],
  ['pipemap', (name, body, context) => openPipe({ name, body, context }, openTable)],
  ['randmap', openRandom],
  ['environ', openEnvironment],
  ['unix', openUnix],
  ['proxy', (name, body, context) => ({ ...openTable(body, context), name })],
])

/** The types that can be opened, in alphabetical order (`postconf -m`). */
export const TABLE_TYPES: readonly string[] = [...TYPES.keys()].sort()

/**
 * Opens `type:name`. Never throws: a table that cannot be opened is told to `context.warn` and its lookups fail as
 * 'unavailable: …', as Postfix does, so that only the mail that needs the table suffers.
 */
export function openTable(spec: string, context: TableContext): OpenTable {
  const colon = spec.indexOf(':')
  const type = spec.slice(0, Math.max(colon, 0))
  const body = spec.slice(colon + 1)
  if (type === '' || body === '') {
    return failingTable(spec, context, {
      text: `open dictionary: expecting "type:name" form instead of "${spec}"`,
    })
  }
  const open = TYPES.get(type)
  if (open !== undefined) return open(spec, body, context)
  const text = `unsupported dictionary type: ${type}`
  return failingTable(spec, context, NOT_OFFERED.has(type) ? { text, remedy: NOT_OFFERED_REMEDY } : { text })
}
