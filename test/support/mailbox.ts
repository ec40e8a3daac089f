import fs from 'node:fs'
import path from 'node:path'
import { waitFor } from './postern_program.ts'

/** Every message in the `new` folders below a directory, with LF line ends, as latin1 text (a character per octet). */
export function readMailboxes(dir: string): readonly string[] {
  if (!fs.existsSync(dir)) return []
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter(name => path.basename(path.dirname(name)) === 'new')
    .map(name => fs.readFileSync(path.join(dir, name), 'latin1').replaceAll('\r\n', '\n'))
}

/** Waits until as many messages are there. */
export async function waitForMail(dir: string, count: number): Promise<readonly string[]> {
  const enough = (): readonly string[] | undefined => {
    const mails = readMailboxes(dir)
    return mails.length >= count ? mails : undefined
  }
  return waitFor(enough, `${count} messages in ${dir}`, 30_000)
}
