/**
 * Installs what the end-to-end tests talk to, where that is possible: as root on Debian or Ubuntu. Elsewhere the tests that need a
 * missing program are skipped and say so. Never starts a service. Run by `npm test`: node test/support/install.ts
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'

const PACKAGES = [
  'postfix',
  'postfix-pcre',
  'postfix-lmdb',
  'postfix-cdb',
  'swaks',
  'unbound',
  'dovecot-core',
  'dovecot-lmtpd',
  'openssl',
  'redis-server',
  'postgrey',
  'postfix-policyd-spf-python',
  'miltertest',
  'opendkim',
  'opendmarc',
  'libxml2-utils',
  'pflogsumm',
  'xz-utils',
  'zstd',
]

/** A browser that looks at the HTML report. By itself: where it is no package, as on Ubuntu, the others are installed all the same. */
const BROWSER = ['chromium', 'fonts-dejavu-core']

/** invoke-rc.d(8) asks this program before it starts a service; 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d'

for (const packages of [PACKAGES, BROWSER]) {
  const missing = missingPackages(packages)
  if (missing === null)
    say('this is no Debian: tests that need Postfix, swaks, Dovecot or a browser are skipped where these are missing')
  else if (missing.length > 0 && process.getuid?.() !== 0)
    say(`not root: cannot install ${missing.join(', ')}; tests that need them are skipped`)
  else if (missing.length > 0) install(missing)
}

/** Null: there is no apt-get here. */
function missingPackages(packages: readonly string[]): readonly string[] | null {
  if (spawnSync('apt-get', ['--version']).status !== 0) return null
  return packages.filter(name => {
    const status = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' }).stdout
    return status.trim() !== 'install ok installed'
  })
}

function install(packages: readonly string[]): void {
  const hadPolicy = fs.existsSync(POLICY)
  if (!hadPolicy) fs.writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    preseed()
    const args = ['-y', '-q', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', 'install', ...packages]
    if (run(args) !== null) {
      run(['-q', 'update'])
      const problem = run(args)
      // The tests say for themselves what they miss.
      if (problem !== null) say(`cannot install ${packages.join(', ')}:\n${problem}`)
    }
  } finally {
    if (!hadPolicy) fs.rmSync(POLICY)
  }
}

/** Postfix's installer asks for the kind of configuration; the private instances bring their own. */
function preseed(): void {
  const input = 'postfix postfix/main_mailer_type select No configuration\npostfix postfix/mailname string localhost\n'
  spawnSync('debconf-set-selections', { input })
}

/** What it said when it failed, or null. */
function run(args: readonly string[]): string | null {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const done = spawnSync('apt-get', args, { encoding: 'utf8', env, maxBuffer: 1 << 26, timeout: 900_000 })
  return done.status === 0 ? null : `${done.stdout ?? ''}${done.stderr ?? ''}`.split('\n').slice(-15).join('\n')
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
