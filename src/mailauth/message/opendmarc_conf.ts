import { inOurWords } from '../../config/milter_socket.ts'
import { type Cidr, parseCidr } from '../../util/cidr.ts'
import { nearest } from '../../util/edit_distance.ts'
import { findBadPercent } from '../../util/percent_text.ts'
import { DomainList } from './domain_list.ts'
import { type MessageSettings, opendmarcDefaults, othersThan, toCidrSet } from './settings.ts'

/** Something to know about a line of an opendmarc.conf, or of a file that it names. */
export interface ConfProblem {
  readonly file: string
  /** What opendmarc does not start with (its exit status 78 or 65) is an error; what only does nothing here is none. */
  readonly severity: 'error' | 'warning'
  /** From 1; 0: the file as a whole. */
  readonly line: number
  /** From 1, in UTF-16 units; 0 as above. */
  readonly column: number
  readonly text: string
  readonly remedy: string | null
}

export interface ConfSource {
  readonly file: string
  readonly text: string
  readonly hostname: string
  /** The settings of main.cf, for what opendmarc.conf has no name for. */
  readonly base: MessageSettings
  /** Another file by its path; null: it cannot be read. */
  readFile(path: string): string | null
}

export interface ParsedConf {
  readonly settings: MessageSettings
  readonly problems: readonly ConfProblem[]
}

/** One value. `refuse` and `warn` tell something about it. */
interface Value {
  readonly text: string
  readonly source: ConfSource
  readonly settings: MessageSettings
  refuse(text: string): void
  warn(text: string): void
  /** The lines of a file that the value names, without comments; with their numbers. */
  lines(): readonly { readonly text: string; readonly warn: (text: string) => void }[]
}
type Reader = (value: Value) => Partial<MessageSettings>

const MAX_MISSPELT = 3

const READERS: Readonly<Record<string, Reader>> = {
  AuthservID: ({ text, source }) => ({ authservId: hostOr(text, source) }),
  AuthservIDWithJobID: truth(authservIdWithJobId => ({ authservIdWithJobId })),
  DomainWhitelist: ({ text, settings }) => ({ trustedSealers: added(settings.trustedSealers, items(text)) }),
  DomainWhitelistFile: value => ({
    trustedSealers: added(
      value.settings.trustedSealers,
      value.lines().flatMap(line => items(line.text)),
    ),
  }),
  HoldQuarantinedMessages: truth(holdQuarantined => ({ holdQuarantined })),
  IgnoreAuthenticatedClients: truth(ignoreAuthenticatedClients => ({ ignoreAuthenticatedClients })),
  IgnoreHosts: readIgnoreHosts,
  IgnoreMailFrom: ({ text }) => ({ ignoreMailFrom: new DomainList(items(text)) }),
  // opendmarc.conf(5): "rejected if they fail …, or temp-failed if evaluation could not be completed".
  RejectFailures: truth(rejectFailures => ({ rejectFailures, temperror: rejectFailures ? 'defer' : 'accept' })),
  RejectMultiValueFrom: truth(rejectMultiValueFrom => ({ rejectMultiValueFrom })),
  RejectString: value => {
    const percent = findBadPercent(value.text)
    if (value.text.replaceAll('%%', '').split('%s').length === 2 && percent === null)
      return { rejectString: value.text }
    if (percent !== null)
      value.refuse(`RejectString has "${percent.word}": expected %s for the domain, or %% for a percent sign`)
    else value.refuse(`RejectString must have %s once, where the domain goes: "${value.text}"`)
    return {}
  },
  RequiredHeaders: truth(requiredHeaders => ({ requiredHeaders })),
  SoftwareHeader: truth(softwareHeader => ({ softwareHeader })),
  SPFIgnoreResults: truth(spfIgnoreResults => ({ spfIgnoreResults })),
  SPFSelfValidate: value => {
    const no = truth(spfSelfValidate => ({ spfSelfValidate }))(value).spfSelfValidate === false
    if (no) value.warn('SPFSelfValidate is always "true" here: Postern hands its own SPF results on')
    return {}
  },
  Syslog: truth(log => ({ log })),
  TrustedAuthservIDs: ({ text, source, settings }) => ({
    trustedAuthservIds: othersThan(
      settings.authservId,
      items(text).map(id => hostOr(id, source)),
    ),
  }),
}

/** What OpenDMARC knows and this has no use for, and what does it instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  AutoRestart: 'Postern restarts its workers by itself',
  AutoRestartCount: 'Postern restarts its workers by itself',
  AutoRestartRate: 'Postern restarts its workers by itself',
  Background: 'systemd keeps Postern in the background',
  BaseDirectory: 'only file names in this file begin there',
  ChangeRootDirectory: 'not offered',
  CopyFailuresTo: 'not offered',
  DNSTimeout: 'see postern_dns_timeout',
  DomainWhitelistSize: 'not needed, lists have any size',
  EnableCoredumps: 'not offered',
  FailureReports: 'failure reports are not offered',
  FailureReportsBcc: 'failure reports are not offered',
  FailureReportsOnNone: 'failure reports are not offered',
  FailureReportsSentBy: 'failure reports are not offered',
  HistoryFile: 'Postern keeps its own history for aggregate reports',
  IgnoreMailTo: 'Postern keeps its own history for aggregate reports',
  MilterDebug: 'not offered',
  PidFile: 'not needed',
  PublicSuffixList: 'the list comes with Postern, and is used only with postern_dmarc_method = rfc7489',
  RecordAllMessages: 'Postern keeps its own history for aggregate reports',
  ReportCommand: 'failure reports are not offered',
  Socket: 'see postern_milter_listen',
  SyslogFacility: 'see postern_log',
  TestDNSData: 'not offered',
  UMask: 'see postern_milter_listen',
  UserID: 'see postern_user',
}

/** Of the former: what opendmarc reads as true or false, and as numbers. */
const TRUTHS_ELSEWHERE: ReadonlySet<string> = new Set([
  'AutoRestart',
  'Background',
  'EnableCoredumps',
  'FailureReports',
  'FailureReportsOnNone',
  'RecordAllMessages',
])
const NUMBERS_ELSEWHERE: ReadonlySet<string> = new Set([
  'AutoRestartCount',
  'DNSTimeout',
  'DomainWhitelistSize',
  'MilterDebug',
  'UMask',
])

/** OpenDMARC compares names without regard to case. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [...Object.keys(READERS), ...Object.keys(ELSEWHERE)].map(name => [name.toLowerCase(), name]),
)
/** These depend on others, wherever they stand. */
const LAST = ['TrustedAuthservIDs']

/** Reads OpenDMARC's configuration as OpenDMARC 1.4.2 does; what it leaves out has OpenDMARC's default. */
export function parseOpendmarcConf(source: ConfSource): ParsedConf {
  let settings = opendmarcDefaults(source.base, source.hostname)
  const problems: ConfProblem[] = []
  const lines = readLines(source, problems)
  tellUnenforced(lines, source, problems)
  const directory = lines.find(line => line.name === 'BaseDirectory')?.text ?? ''
  const inOrder = [
    ...lines.filter(line => !LAST.includes(line.name)),
    ...lines.filter(line => LAST.includes(line.name)),
  ]
  for (const { name, text, line, column } of inOrder) {
    const told =
      (severity: ConfProblem['severity']) =>
      (words: string): void => {
        problems.push({ file: source.file, severity, line, column, text: words, remedy: null })
      }
    const refuse = told('error')
    const warn = told('warning')
    const instead = ELSEWHERE[name]
    if (instead !== undefined) tellElsewhere({ name, text, instead }, { refuse, warn })
    const path = text.startsWith('/') || directory === '' ? text : `${directory}/${text}`
    const lines = (): ReturnType<Value['lines']> => fileLines(path, source, { problems, refuse })
    settings = { ...settings, ...READERS[name]?.({ text, source, settings, refuse, warn, lines }) }
  }
  return { settings, problems: problems.toSorted((a, b) => a.line - b.line) }
}

/** opendmarc refuses a bad value also of what has no use here: who mistypes it would learn of it only there. */
function tellElsewhere(
  { name, text, instead }: { readonly name: string; readonly text: string; readonly instead: string },
  { refuse, warn }: Pick<Value, 'refuse' | 'warn'>,
): void {
  if (TRUTHS_ELSEWHERE.has(name) && readTruth(text) === null) refuse(notTruth(text))
  else if (NUMBERS_ELSEWHERE.has(name) && !/^[+-]?(?:0[xX][0-9A-Fa-f]+|[0-9]+)$/.test(text))
    refuse(`expected a whole number, not "${text}"`)
  else warn(`${name} does nothing here: ${instead}${name === 'Socket' ? socketHint(text) : ''}`)
}

function socketHint(text: string): string {
  const ours = inOurWords(text)
  return ours === null ? '' : `, where "${text}" is written ${ours}`
}

/** What it means that a file as packaged says nothing of it: the first question of who finds that nothing is refused. */
function tellUnenforced(lines: readonly ConfLine[], { file }: ConfSource, problems: ConfProblem[]): void {
  if (lines.some(({ name }) => name === 'RejectFailures')) return
  const text =
    'RejectFailures is not set, which is "false": mail that fails DMARC is only marked, and none is refused or held'
  const remedy = 'write "RejectFailures true" into it to refuse, or "RejectFailures false" if that is meant'
  problems.push({ file, severity: 'warning', line: 0, column: 0, text, remedy })
}

interface ConfLine {
  readonly name: string
  readonly text: string
  readonly line: number
  /** Of the value. */
  readonly column: number
}

function readLines({ file, text: whole }: ConfSource, problems: ConfProblem[]): readonly ConfLine[] {
  const lines: ConfLine[] = []
  for (const [index, raw] of whole.split('\n').entries()) {
    const line = index + 1
    const [, indent = '', written = '', blanks = '', text = ''] =
      /^(\s*)(\S*)(\s*)([\s\S]*?)\s*$/.exec(withoutComment(raw)) ?? []
    if (written === '') continue
    const refuse = (told: string, remedy: string | null): void => {
      problems.push({ file, severity: 'error', line, column: indent.length + 1, text: told, remedy })
    }
    const name = NAMES.get(written.toLowerCase())
    if (name === undefined) {
      const close = nearest(written, NAMES.values(), MAX_MISSPELT)
      refuse(`unknown name "${written}"`, close === null ? null : `did you mean ${close}?`)
    } else if (text === '') refuse(`${name} has no value`, null)
    else lines.push({ name, text, line, column: indent.length + written.length + blanks.length + 1 })
  }
  return lines
}

function fileLines(
  file: string,
  source: ConfSource,
  { problems, refuse }: { readonly problems: ConfProblem[]; readonly refuse: (text: string) => void },
): ReturnType<Value['lines']> {
  const text = source.readFile(file)
  if (text === null) {
    refuse(`cannot read ${file}`)
    return []
  }
  return text.split('\n').flatMap((raw, index) => {
    const line = withoutComment(raw).trim()
    const warn = (told: string): void => {
      problems.push({ file, severity: 'warning', line: index + 1, column: 1, text: told, remedy: null })
    }
    return line === '' ? [] : [{ text: line, warn }]
  })
}

function readIgnoreHosts(value: Value): Partial<MessageSettings> {
  const networks: Cidr[] = []
  const names: string[] = []
  for (const { text, warn } of value.lines()) {
    const parsed = parseCidr(text)
    if (parsed.kind === 'cidr') networks.push(parsed.cidr)
    else if (/^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text) && !/^[0-9.]+$/.test(text)) names.push(text)
    else warn(`${parsed.text}, ignored`)
  }
  return { ignoreHosts: { networks: toCidrSet(networks), names: new DomainList(names) } }
}

function withoutComment(line: string): string {
  return line.split('#', 1)[0] ?? ''
}

function hostOr(text: string, { hostname }: ConfSource): string {
  return text === 'HOSTNAME' ? hostname : text
}

function items(text: string): readonly string[] {
  return text.split(/[,\s]+/).filter(item => item !== '')
}

function added(known: DomainList, words: readonly string[]): DomainList {
  return new DomainList([...known.words, ...words])
}

function truth(make: (value: boolean) => Partial<MessageSettings>): Reader {
  return value => {
    const read = readTruth(value.text)
    if (read !== null) return make(read)
    value.refuse(notTruth(value.text))
    return {}
  }
}

/** opendmarc.conf(5): only the first byte counts. */
function readTruth(text: string): boolean | null {
  const first = text.charAt(0)
  if ('TtYy1'.includes(first)) return true
  return 'FfNn0'.includes(first) ? false : null
}

function notTruth(text: string): string {
  return `expected true or false, not "${text}"`
}
