/**
 * Runs one of our TypeScript programs on the Node that package.json pins, and installs that Node and the rest first where
 * they are missing. Plain JavaScript, because it must run on whatever Node the machine has (20 is enough).
 *
 *     node tools/bootstrap.mjs src/bin/postern.ts version
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** npm's binary package brings the program under this name; on Windows the shim has another, but Postern is for Unix. */
const pinnedNode = join(root, 'node_modules/.bin/node')

/** The first package of the lock file that is not installed as it stands there, or null. Exact, unlike comparing times of files. */
export function missingPackage(lock, installed) {
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '') continue
    const have = installed.packages[path]
    // An optional package is there only on the platform that it is for.
    if (have === undefined ? !wanted.optional : have.version !== wanted.version)
      return path.replace(/^.*node_modules\//, '')
  }
  return null
}

/** True when the version text "v24.1.0" is at least the two numbers of "22.19". */
export function isAtLeast(version, floor) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  const [wantedMajor, wantedMinor] = floor.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

function say(text) {
  process.stderr.write(`postern: ${text}\n`)
}

function giveUp(text) {
  say(text)
  process.exit(1)
}

function isInstalled() {
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return false
  return missingPackage(readJson('package-lock.json'), readJson('node_modules/.package-lock.json')) === null
}

/** Runs npm without a shell: the one that runs us, if npm does, else the one on PATH. */
function npm(args, options) {
  const script = process.env.npm_execpath
  const started = script?.endsWith('.js') ? [process.execPath, [script, ...args]] : ['npm', args]
  return spawn(started[0], started[1], { cwd: root, ...options })
}

async function install() {
  say('installing what package-lock.json names (once; about 10 seconds and 350 MB) …')
  const began = Date.now()
  const progress = setInterval(() => say(`still installing, ${Math.round((Date.now() - began) / 1000)} s …`), 5000)
  const child = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', chunk => (output += chunk))
  child.stderr.on('data', chunk => (output += chunk))
  const code = await new Promise(resolve => {
    child.on('error', error => resolve(error.code === 'ENOENT' ? 'npm is not on PATH' : error.message))
    child.on('close', resolve)
  })
  clearInterval(progress)
  if (code !== 0) giveUp(`cannot install (npm ci: ${code}); npm said:\n${output.trim()}`)
  say(`installed in ${((Date.now() - began) / 1000).toFixed(1)} s`)
}

function versionOf(program) {
  const run = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim() : null
}

/** The pinned Node; where npm would not run its install script (ignore-scripts), the script is run here. */
function findNode() {
  const { devDependencies, engines } = readJson('package.json')
  const wanted = `v${devDependencies.node}`
  if (versionOf(pinnedNode) === wanted) return pinnedNode
  const place = join(root, 'node_modules/node')
  const env = { ...process.env, npm_config_ignore_scripts: 'false' }
  spawnSync(process.execPath, ['installArchSpecificPackage.js'], { cwd: place, stdio: 'ignore', env })
  // npm makes no link to a program that was not there yet.
  if (!existsSync(pinnedNode) && existsSync(join(place, 'bin/node'))) symlinkSync('../node/bin/node', pinnedNode)
  if (versionOf(pinnedNode) === wanted) return pinnedNode

  const floor = engines.node.replace('>=', '')
  if (isAtLeast(process.version, floor)) {
    say(
      `cannot install Node ${wanted} from npm (are install scripts switched off?); going on with your own ${process.version}`,
    )
    return process.execPath
  }
  return giveUp(
    `cannot install Node ${wanted} from npm, and your own ${process.version} is older than ${floor}: ` +
      'allow the install script of the npm package "node" (npm config set ignore-scripts false) and try again',
  )
}

/** Same exit status as the program, same signals. */
function run(node, args) {
  // A program that starts "node" or a tool of ours finds the pinned ones first.
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) {
    // A terminal sends ^C to the whole group; the child has it already then.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)))
  }
  child.on('error', error => giveUp(`cannot start ${node}: ${error.message}`))
  child.on('close', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

async function main() {
  const [program, ...args] = process.argv.slice(2)
  if (program === undefined) giveUp('usage: node tools/bootstrap.mjs PROGRAM.ts [ARGUMENT …]')
  if (!isAtLeast(process.version, '20.0')) giveUp(`Node 20 or later is needed to start; this is ${process.version}`)
  if (!isInstalled()) await install()
  run(findNode(), [join(root, program), ...args])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
