import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Debian's postmap(1) with a configuration of its own; starts no Postfix. */
export class Postmap {
  readonly #directory = mkdtempSync(path.join(tmpdir(), 'postern-postmap-'))

  constructor() {
    writeFileSync(path.join(this.#directory, 'main.cf'), 'compatibility_level = 3.6\n')
  }

  /** Null when postmap can be run; else why tests that need it are skipped. */
  static missing(...types: readonly string[]): string | null {
    const listed = spawnSync('postconf', ['-m'], { encoding: 'utf8' })
    if (listed.error !== undefined || spawnSync('postmap', ['-q', 'x', 'static:x']).status !== 0)
      return 'postmap is not installed'
    const absent = types.filter(type => !listed.stdout.split('\n').includes(type))
    return absent.length === 0 ? null : `postmap has no ${absent.join(', ')} tables`
  }

  /** Makes the indexed file of a text source. */
  index(type: string, file: string): void {
    spawnSync('postmap', ['-c', this.#directory, `${type}:${file}`])
  }

  /**
   * What the keys give: the value, null for none, 'failed' when postmap gives up, the first key only when that is
   * a failure `of the table`. No key can have a line feed.
   */
  query(
    spec: string,
    keys: readonly string[],
    failure: 'of the table' | 'of a key' = 'of the table',
  ): { readonly answers: ReadonlyMap<string, string | null>; readonly warnings: readonly string[] } {
    const run = spawnSync('postmap', ['-c', this.#directory, '-q', '-', spec], {
      input: `${keys.join('\n')}\n`,
      encoding: 'utf8',
    })
    const warnings = run.stderr
      .split('\n')
      .filter(line => line !== '' && !/: fatal: |non-UTF-8 value/.test(line))
      .map(line => line.replace(/^postmap: (?:warning|error): /, ''))
    const answers = new Map<string, string | null>()
    const gaveUp = /^postmap: fatal: /m.test(run.stderr)
    // After a failure postmap answers nothing more, and it sleeps a second.
    const [first = ''] = keys
    if (gaveUp && failure === 'of the table') answers.set(first, 'failed')
    else if (gaveUp) for (const key of keys) answers.set(key, this.#queryOne(spec, key))
    if (!gaveUp) {
      for (const key of keys) answers.set(key, null)
      for (const line of run.stdout.split('\n').slice(0, -1)) {
        const key = keys.find(key => line.startsWith(`${key}\t`))
        if (key !== undefined) answers.set(key, line.slice(key.length + 1))
      }
    }
    return { answers, warnings }
  }

  #queryOne(spec: string, key: string): string | null {
    const run = spawnSync('postmap', ['-c', this.#directory, '-q', key, spec], { encoding: 'utf8' })
    if (/^postmap: fatal: /m.test(run.stderr)) return 'failed'
    return run.status === 0 ? run.stdout.replace(/\n$/, '') : null
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
