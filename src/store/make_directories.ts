import fs from 'node:fs'
import { dirname } from 'node:path'
import { errnoCode } from '../util/errno_text.ts'

/**
 * mkdir -p. True: it was not there. Throws what mkdir(2) says. Node's own recursive mkdir never ends where a parent neither is there
 * nor can be made, as below /proc (it answers ENOENT to both).
 */
export function makeDirectories(path: string, mode: number): boolean {
  try {
    fs.mkdirSync(path, mode)
    return true
  } catch (error) {
    if (errnoCode(error) === 'EEXIST' && fs.statSync(path).isDirectory()) return false
    const parent = dirname(path)
    if (errnoCode(error) !== 'ENOENT' || parent === path) throw error
    if (!makeDirectories(parent, mode)) throw error
    fs.mkdirSync(path, mode)
    return true
  }
}
