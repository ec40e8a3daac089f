import { ABSENT, found, type Lookup } from '../model/lookup.ts'
import type { TableContext } from './context.ts'
import { failingTable, temporaryFailure } from './failing.ts'
import { foldKey } from './fold_key.ts'
import { constantTable } from './static.ts'
import type { OpenTable } from './table.ts'
import { WatchedFile } from './watched_file.ts'

const UNIX_FILES: Readonly<Record<string, { file: string; fields: number }>> = {
  'passwd.byname': { file: '/etc/passwd', fields: 7 },
  'group.byname': { file: '/etc/group', fields: 4 },
}

/** `environ:`: variables of the process, by name in lower case, as Postfix looks them up. */
export function openEnvironment(name: string): OpenTable {
  return constantTable(name, 'fixed', async (key): Promise<Lookup<string>> => {
    const value = process.env[foldKey(key)]
    return value === undefined ? ABSENT : found(value)
  })
}

/** `unix:passwd.byname` and `unix:group.byname`, from the files in /etc; names from other sources (LDAP) are not known. */
export function openUnix(name: string, body: string, context: TableContext): OpenTable {
  const known = UNIX_FILES[body]
  if (known === undefined) return failingTable(name, context, { text: `unknown table: unix:${body}` })
  const source = new WatchedFile<ReadonlyMap<string, string>>({
    path: known.file,
    clock: context.clock,
    raw: true,
    build: () => {
      const entries = new Map<string, string>()
      return {
        line: ({ text }) => {
          const fields = text.split(':')
          const [user = ''] = fields
          if (user !== '' && fields.length === known.fields && !entries.has(user)) entries.set(user, text)
        },
        finish: () => entries,
      }
    },
    onUnreadable: (text, kept) =>
      context.warn({
        severity: kept ? 'warning' : 'error',
        table: name,
        file: known.file,
        line: null,
        text,
        remedy: null,
      }),
  })
  return {
    name,
    kind: 'fixed',
    lookup: async (key): Promise<Lookup<string>> => {
      const content = await source.current()
      // Postfix: "cannot access UNIX password database" is a retry, not a wrong configuration.
      if (content.kind === 'unreadable') return temporaryFailure(content.text)
      const value = content.value.get(foldKey(key))
      return value === undefined ? ABSENT : found(value)
    },
    ready: () => source.ready(),
    close: () => source.close(),
  }
}
