/** Who may import whom, and who may touch the world (docs/architecture.md, "Who may import whom"). Three tables and their reader. */
import { posix } from 'node:path'
import { blankNonCode } from './source_text.ts'
import { isTest, REPOSITORY, readTree, report, type SourceFile } from './tree.ts'

/** Lowest first. A folder imports itself and lower rows, so no cycle is possible. */
const layers: readonly (readonly string[])[] = [
  ['util'],
  ['mail', 'config'],
  ['model'],
  ['dns', 'table', 'store', 'net', 'event', 'maillog'],
  ['mailauth', 'greylist'],
  ['engine'],
  ['restrictions'],
  ['smtp', 'hop', 'policy', 'milter', 'dnscache', 'dmarc_report', 'report', 'guard', 'dashboard'],
  ['bin'],
]

/** Tighter than the rows. */
const forbidden: Readonly<Record<string, { readonly folders: readonly string[]; readonly because: string }>> = {
  smtp: {
    folders: ['restrictions', 'mailauth'],
    because: 'bin hands the registry in, so that no face depends on a single restriction',
  },
  hop: { folders: ['restrictions', 'mailauth', 'engine'], because: 'the next hop knows nothing about judging' },
  policy: { folders: ['restrictions', 'mailauth'], because: 'bin hands the registry in' },
  milter: { folders: ['restrictions', 'mailauth'], because: 'bin hands the registry in' },
  dmarc_report: { folders: ['engine', 'restrictions'], because: 'it knows only verdicts on messages' },
  report: { folders: ['engine', 'restrictions'], because: 'it knows only events' },
  guard: { folders: ['engine', 'restrictions'], because: 'it knows only events' },
  dashboard: { folders: ['engine', 'restrictions'], because: 'it only reads store, events and configuration' },
}

/** node: modules that touch the world, and the places that may. A place is a folder with "/" or a file. */
const worldModules: readonly { readonly modules: readonly string[]; readonly places: readonly string[] }[] = [
  { modules: ['net', 'tls', 'dgram'], places: ['src/net/', 'src/dns/'] },
  {
    modules: ['fs', 'fs/promises'],
    places: [
      'src/config/read.ts',
      'src/table/',
      'src/store/',
      'src/event/',
      'src/hop/maildir',
      'src/maillog/follow.ts',
      'src/dashboard/',
      'src/bin/',
    ],
  },
  // pipemap is in process, but `unionmap` and the like never start programs; logger(1) and systemd-notify(1) are bin's.
  { modules: ['child_process', 'cluster'], places: ['src/guard/', 'src/bin/', 'src/table/'] },
  // The embedded memory joins its files in a thread, beside the sessions; a long log is read by two.
  {
    modules: ['worker_threads'],
    places: ['src/store/embedded/', 'src/report/pflogsumm/threaded_summary.ts', 'src/report/pflogsumm/scan_thread.ts'],
  },
  { modules: ['dns', 'dns/promises'], places: [] },
]

/** Packages from the registry, and the places that may know them: behind an interface of ours, so that they can be exchanged. */
const packages: readonly { readonly name: string; readonly places: readonly string[] }[] = [
  { name: 'croner', places: ['src/report/schedule/'] },
  { name: 'fast-xml-parser', places: ['src/dmarc_report/'] },
  { name: 'iovalkey', places: ['src/store/valkey/'] },
  { name: 'tldts', places: ['src/mailauth/dmarc/'] },
]

/** Words of the language's own library that read the clock or throw dice. */
const worldWords: readonly { readonly word: RegExp; readonly places: readonly string[]; readonly instead: string }[] = [
  {
    word: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/g,
    places: ['src/util/clock.ts'],
    instead: 'take a Clock',
  },
  { word: /\bset(?:Timeout|Interval)\b/g, places: ['src/util/clock.ts'], instead: 'take a Clock' },
  { word: /\bMath\.random\b/g, places: ['src/util/random.ts'], instead: 'take a Random' },
  { word: /\bconsole\.\w+/g, places: [], instead: 'emit an event, or print through bin/output.ts' },
  {
    word: /\bprocess\.(?:argv|env|exit|on|kill|stdout|stderr)\b/g,
    places: ['src/bin/', 'src/table/system.ts'],
    instead: 'leave it to bin',
  },
]

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const IMPORT = /(?:^(?:import|export)\s+(?:[\w*{},\s$]+?\s+from\s+)?|\bimport\(\s*)['"]([^'"]+)['"]/gm

const rank = new Map(layers.flatMap((row, index) => row.map(folder => [folder, index] as const)))

/** Every breach in the tree under `root`, one sentence each, with file and line. */
export function checkImports(root: string): readonly string[] {
  return readTree(root, ['src/**/*.ts'])
    .filter(file => !isTest(file.path))
    .flatMap(checkFile)
}

function checkFile(file: SourceFile): readonly string[] {
  const folder = file.path.split('/')[1] ?? ''
  if (!rank.has(folder)) return [`${file.path}: the folder "${folder}" has no row in tools/check_imports.ts`]
  const code = blankNonCode(file.text, { strings: 'keep' })
  const problems: string[] = []
  for (const match of code.matchAll(IMPORT)) {
    const target = match[1] ?? ''
    const problem = target.startsWith('.') ? checkRelative(file.path, target) : checkModule(file.path, target)
    if (problem !== null) problems.push(`${place(file, match.index)}: ${problem}`)
  }
  const bare = blankNonCode(file.text, { strings: 'blank' })
  for (const { word, places, instead } of worldWords) {
    if (isAllowed(file.path, places)) continue
    for (const match of bare.matchAll(word))
      problems.push(`${place(file, match.index)}: ${match[0]} is not for ${folder}: ${instead}`)
  }
  return problems
}

function checkRelative(path: string, target: string): string | null {
  const resolved = posix.join(posix.dirname(path), target)
  const [top, to = ''] = resolved.split('/')
  const from = path.split('/')[1] ?? ''
  if (resolved === 'package.json') return from === 'bin' ? null : 'package.json is for bin'
  if (top !== 'src') return `imports ${target}, which is outside src`
  if (from === to) return null
  const fromRank = rank.get(from)
  const toRank = rank.get(to)
  if (toRank === undefined) return `imports ${target}, whose folder has no row in tools/check_imports.ts`
  if (fromRank === undefined || toRank >= fromRank)
    return `${from} may not import ${to} (${target}): it is not in a lower row`
  const ban = forbidden[from]
  return ban?.folders.includes(to) ? `${from} may not import ${to} (${target}): ${ban.because}` : null
}

function checkModule(path: string, target: string): string | null {
  if (!target.startsWith('node:')) return checkPackage(path, target)
  const name = target.slice('node:'.length)
  const ban = worldModules.find(row => row.modules.includes(name))
  if (ban === undefined || isAllowed(path, ban.places)) return null
  return `${target} is only for ${ban.places.join(', ') || 'nobody'}`
}

function checkPackage(path: string, target: string): string | null {
  const known = packages.find(({ name }) => target === name || target.startsWith(`${name}/`))
  if (known === undefined) return `imports the package "${target}", which has no row in tools/check_imports.ts`
  return isAllowed(path, known.places) ? null : `the package "${known.name}" is only for ${known.places.join(', ')}`
}

function isAllowed(path: string, places: readonly string[]): boolean {
  return places.some(allowed => path.startsWith(allowed))
}

function place(file: SourceFile, offset: number): string {
  return `${file.path}:${file.text.slice(0, offset).split('\n').length}`
}

if (import.meta.main) report('imports', checkImports(REPOSITORY))
