import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { DIALOGUES } from './lab.ts'
import { makeOld } from './real_postfix.ts'

export interface RenderOptions {
  /** main.cf lines of the dialogue file; what they set replaces base.cf's line. */
  readonly config: string
  /** Existing directory; gets main.cf and tables/. */
  readonly dir: string
  readonly helper: string
  /** Whether to run postmap: Postfix reads indexed files, Postern their text. */
  readonly index: boolean
}

/** Writes the configuration directory of one dialogue file. */
export async function renderConfig(options: RenderOptions): Promise<void> {
  const { dir } = options
  const fill = (text: string): string => text.replaceAll('@dir@', dir).replaceAll('@helper@', options.helper)
  const set = new Set([...options.config.matchAll(/^([a-z0-9_]+)\s*=/gm)].map(match => match[1]))
  const base = fs
    .readFileSync(path.join(DIALOGUES, 'base.cf'), 'utf8')
    .split('\n')
    .filter(line => !set.has(/^([a-z0-9_]+)/.exec(line)?.[1]))
    .join('\n')
  const main = fill(base + options.config.replace(/^# without .*$/gm, ''))
  fs.writeFileSync(path.join(dir, 'main.cf'), main)
  makeOld([path.join(dir, 'main.cf')])
  const tables = path.join(dir, 'tables')
  fs.mkdirSync(tables, { recursive: true })
  for (const [from, to] of [
    [path.join(DIALOGUES, 'tables'), tables],
    [path.join(DIALOGUES, '../testdata'), dir],
  ] as const) {
    for (const name of fs.readdirSync(from)) {
      if (!fs.statSync(path.join(from, name)).isFile()) continue
      fs.writeFileSync(path.join(to, name), fill(fs.readFileSync(path.join(from, name), 'utf8')))
      // Postfix: postmap waits until main.cf and its source are a second old, lest it reads half of it.
      makeOld([path.join(to, name)])
    }
  }
  if (options.index) await indexTables(dir, main)
}

/** Runs postmap on every indexed table that main.cf or another table names. */
async function indexTables(dir: string, main: string): Promise<void> {
  const texts = [
    main,
    ...fs.readdirSync(path.join(dir, 'tables')).map(name => fs.readFileSync(path.join(dir, 'tables', name), 'utf8')),
  ]
  const specs = new Set<string>()
  for (const text of texts)
    for (const match of text.matchAll(/\b(hash|btree|lmdb|cdb):(\/[^\s,{}]+)/g)) specs.add(match[0])
  const existing = [...specs].filter(spec => fs.existsSync(spec.slice(spec.indexOf(':') + 1)))
  // Not spawnSync: the fixture name server lives in this process and must go on answering.
  if (existing.length > 0) {
    const postmap = spawn('postmap', ['-c', dir, ...existing], { stdio: 'ignore' })
    await new Promise(resolve => postmap.once('close', resolve))
  }
}
