import { readFileSync } from 'node:fs'
import type { Call } from './command.ts'
import { GOOD } from './exit_status.ts'

/** The release whose behaviour is followed where releases differ, and the last one whose words are known. */
const POSTFIX = { follows: '3.7.11', knows: '3.10' }

/** `postern version`. */
export async function run({ options, terminal }: Call): Promise<number> {
  const version = { postern: ownVersion(), postfix: POSTFIX, node: process.versions.node }
  terminal.out(
    options.has('json')
      ? JSON.stringify(version) + '\n'
      : `postern ${version.postern} (behaves as Postfix ${POSTFIX.follows}, knows the words of ${POSTFIX.knows}; Node ${version.node})\n`,
  )
  return GOOD
}

/** The same place seen from src/bin and from dist/bin. */
export function ownVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown'
}
