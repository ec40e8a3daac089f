/** A folder of small JSON documents, each whole or not there, whatever happens while it is written. */
import fs from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../../util/errno_text.ts'
import { makeDirectories } from '../make_directories.ts'

export interface Documents {
  /** Replaces the document of that name: letters, digits, "-", "_" and "." only. Throws what the system said. */
  put(name: string, value: unknown): void
  /** The value as JSON.parse gives it; undefined: there is none, or it is damaged. */
  get(name: string): unknown
  remove(name: string): void
  /** In alphabetical order. */
  names(): readonly string[]
}

export function openDocuments(directory: string): Documents {
  const pathOf = (name: string): string => {
    if (!/^[\w-][\w.-]*$/.test(name)) throw new RangeError(`Cannot name a document "${name}"`)
    return join(directory, `${name}.json`)
  }
  return {
    put(name, value) {
      const path = pathOf(name)
      makeDirectories(directory, 0o700)
      const fd = fs.openSync(`${path}.new`, 'w', 0o600)
      try {
        fs.writeFileSync(fd, JSON.stringify(value))
        // Else the name may point to nothing after a power cut.
        fs.fdatasyncSync(fd)
      } finally {
        fs.closeSync(fd)
      }
      fs.renameSync(`${path}.new`, path)
    },
    get(name) {
      try {
        return JSON.parse(fs.readFileSync(pathOf(name), 'utf8'))
      } catch (error) {
        if (error instanceof SyntaxError || errnoCode(error) === 'ENOENT') return undefined
        throw error
      }
    },
    remove: name => fs.rmSync(pathOf(name), { force: true }),
    names() {
      try {
        const files = fs.readdirSync(directory)
        return files.flatMap(file => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).sort()
      } catch (error) {
        if (errnoCode(error) === 'ENOENT') return []
        throw error
      }
    },
  }
}
