/**
 * V8's code and the stripped types of our sources, kept beside the packages of the checkout: a start takes half as long. Never in
 * the directory for temporary files, Node's default, where another user could have put code for us. The built package has no need.
 */
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Null: not run from sources. */
const DIRECTORY = import.meta.filename.endsWith('.ts')
  ? fileURLToPath(new URL('../../node_modules/.cache/postern', import.meta.url))
  : null

/** For this process; what is imported before does not profit. Where nothing can be written, nothing is kept. */
export function keepCompiled(): void {
  if (DIRECTORY !== null) enableCompileCache(DIRECTORY)
}

/** For a process that we start. */
export function compileCacheEnvironment(): Readonly<Record<string, string>> {
  return DIRECTORY === null ? {} : { NODE_COMPILE_CACHE: DIRECTORY }
}
