/**
 * `postern report` beside the real pflogsumm on generated logs, with every option: the same bytes, but for the order of rows that
 * pflogsumm leaves to chance.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { hostKey } from '../../src/report/pflogsumm/text/order.ts'
import { generateLog, type LogOptions } from '../support/log_generator.ts'

const POSTERN = path.join(import.meta.dirname, '../../bin/postern')
const DAY_MS = 86_400_000
const SEED = Number(process.env['SEED'] ?? 5)
const LINES = Number(process.env['LINES'] ?? 12_000)

function run(program: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, {
    maxBuffer: 1 << 30,
    // pflogsumm lower-cases and sorts by the locale; cron has this one.
    env: { ...process.env, LC_ALL: 'C' },
  })
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stderr}`)
  return stdout.toString('latin1')
}

/** Options that cut lists off after so many rows. */
const LIMITS = /-[hu] [1-9]|detail[ =][1-9]/

/**
 * Sorts neighbours that are equal to pflogsumm: rows of the same count whose names have the same key, or that differ in nothing
 * before their name. Their order is that of a Perl hash, which is another one at each run. Where lists are cut off (`options`), so is
 * which of these are left at the end: then only their figures are compared.
 */
function withoutChance(text: string, options: string): string {
  const lines = text.split('\n')
  for (let from = 0; from < lines.length; ) {
    let to = from + 1
    const key = tieKey(lines[from] ?? '')
    while (key !== null && to < lines.length && tieKey(lines[to] ?? '') === key) to++
    const group = lines.slice(from, to).sort()
    const isLast = tieKey(lines[to] ?? '') === null
    if (key !== null) lines.splice(from, to - from, ...(isLast && LIMITS.test(options) ? group.map(figuresOf) : group))
    from = to
  }
  return lines.join('\n')
}

function figuresOf(line: string): string {
  const figures = tieKey(line)?.startsWith('domain') === true ? /^ +\d+[ km] +[\d:]+[ km]?/ : /^ +\d+[ km]/
  return figures.exec(line)?.[0] ?? ''
}

/** Null: no row of a list. */
function tieKey(line: string): string | null {
  const domain = /^ +(\d+[ km]) +(?:(\d+[ km]) {2}|(\d+:\d\d:\d\d) )/.exec(line)
  // Tables of domains: by count and size, or time.
  if (domain !== null) return `domain ${domain[1]} ${domain[2] ?? domain[3]}`
  const row = /^( +\d+[ km]) {2}(.*)$/s.exec(line)
  return row === null ? null : `row ${row[1]} ${hostKey(row[2] ?? '')}`
}

/** Every option by itself, and some together. */
const OPTIONS = [
  '',
  '-e',
  '-e -i',
  '-h 3 -u 4',
  '-h 0',
  '-u 0',
  '-i',
  '--ignore-case --smtpd-stats',
  '-m',
  '--uucp-mung -i -e',
  '--iso-date-time',
  '--no-no-msg-size',
  '--problems-first',
  '--rej-add-from',
  '--verbose-msg-detail',
  '--rej-add-from --verbose-msg-detail --problems-first -q',
  '--bounce-detail 1',
  '--deferral-detail=2',
  '--reject-detail 3',
  '--smtp-detail 1',
  '--smtpd-warning-detail 0',
  '--bounce-detail 0 --deferral-detail 0 --reject-detail 0 --smtp-detail 0',
  '--no-bounce-detail --no-deferral-detail --no-reject-detail --no-smtpd-warnings',
  '--detail 2',
  '--detail 0 -u 2',
  '--smtpd-stats',
  '--smtpd-stats --iso-date-time -h 2',
  '--verp-mung',
  '--verp-mung=2 --rej-add-from',
  '--verp-mung=1 -i -m -e',
  '--zero-fill',
  '--zero-fill --smtpd-stats -q',
  '--syslog-name=postfix-out',
  '--syslog-name=postfix(?:-out)?',
  '--syslog-name=dovecot|opendkim',
  '-d today',
  '-d yesterday --iso-date-time',
  '-d yesterday --problems-first --rej-add-from --verbose-msg-detail -q',
] as const

const LOGS: Readonly<Record<string, Partial<LogOptions>>> = {
  'a common log': { odd: 0.03 },
  'an odd log': { odd: 0.7, lines: LINES / 2 },
  'RFC 3339': { form: 'rfc3339', odd: 0.2, lines: LINES / 2 },
  'forty days': { odd: 0.1, pace: (40 * 86_400) / LINES },
  'one day': { odd: 0.1, pace: 0.5, lines: LINES / 3 },
}

describe('G25 T18.2 the report beside pflogsumm', {
  skip: spawnSync('pflogsumm', ['--version']).status === 0 ? false : 'no pflogsumm is installed',
}, () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pflogsumm-'))
  before(() => {
    for (const [index, [name, options]] of Object.entries(LOGS).entries()) {
      const pace = options.pace ?? (2.5 * 86_400) / LINES
      const lines = options.lines ?? LINES
      const log = generateLog({
        ...{ seed: SEED + index, form: 'rfc3164', odd: 0.05 },
        ...options,
        ...{ lines, pace, start: new Date(Date.now() - Math.min(pace * lines * 1000, 45 * DAY_MS)) },
      })
      fs.writeFileSync(path.join(dir, name), [...log].join(''), 'latin1')
    }
  })
  after(() => fs.rmSync(dir, { recursive: true, force: true }))

  for (const name of Object.keys(LOGS))
    test(name, () => {
      const log = path.join(dir, name)
      for (const line of name === 'a common log' || name === 'an odd log' ? OPTIONS : OPTIONS.filter(mattersToDays)) {
        const args = [...line.split(' ').filter(Boolean), log]
        const [theirs, ours] = [run('pflogsumm', args), run(POSTERN, ['report', ...args])].map(text =>
          withoutChance(text, line),
        )
        // The whole of it would be unreadable.
        if (ours !== theirs) assert.fail(`${line}: ${firstDifference(theirs ?? '', ours ?? '')}`)
      }
    })

  test('several files, one after the other', () => {
    const logs = Object.keys(LOGS).map(name => path.join(dir, name))
    for (const line of ['', '--zero-fill', '-e --smtpd-stats']) {
      const args = [...line.split(' ').filter(Boolean), ...logs]
      const [theirs, ours] = [run('pflogsumm', args), run(POSTERN, ['report', ...args])].map(text =>
        withoutChance(text, line),
      )
      if (ours !== theirs) assert.fail(`${line}: ${firstDifference(theirs ?? '', ours ?? '')}`)
    }
  })
})

function mattersToDays(options: string): boolean {
  return /^$|-d |zero|iso|stats|-e$/.test(options)
}

function firstDifference(theirs: string, ours: string): string {
  const [a, b] = [theirs.split('\n'), ours.split('\n')]
  const at = a.findIndex((line, index) => line !== b[index])
  return `line ${at + 1}\npflogsumm:\n${a.slice(at - 2, at + 4).join('\n')}\nPostern:\n${b.slice(at - 2, at + 4).join('\n')}\n`
}
