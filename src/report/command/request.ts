/** From options to what they ask for. */
import { makeFilterHops } from '../insights/filter_hops.ts'
import { type DetailLimits, defaultOptions, type ReportOptions } from '../options.ts'
import { type CalendarDay, parseDates } from './dates.ts'
import { reportOptions } from './option_table.ts'
import { findOption, type ReportArguments } from './parse_arguments.ts'

export const REPORT_FORMATS = ['text', 'html', 'json', 'prometheus'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]
export const REPORT_LANGUAGES = ['en', 'de'] as const
export type ReportLanguage = (typeof REPORT_LANGUAGES)[number]

export interface ReportRequest {
  readonly options: ReportOptions
  readonly format: ReportFormat
  /** Null: not said. */
  readonly language: ReportLanguage | null
  /** Behind pflogsumm's text. */
  readonly insights: boolean
  /** Null: mail that comes back from a filter counts as it stands in the log. */
  readonly filterHops: { readonly relays: readonly string[]; readonly clients: readonly string[] } | null
  /** Null: lines that are not understood are not written anywhere. */
  readonly unprocessedFile: string | null
  readonly journal: boolean
  /** Empty: the usual log. */
  readonly files: readonly string[]
  readonly mail: {
    readonly to: readonly string[]
    readonly from: string | null
    readonly subject: string | null
  }
  /** About options that have another name now. */
  readonly remarks: readonly string[]
}

export type RequestResult =
  | { readonly ok: true; readonly request: ReportRequest }
  | { readonly ok: false; readonly message: string }

/** What `args` ask for, on the day `today`. */
export function makeRequest(args: ReportArguments, today: CalendarDay): RequestResult {
  const asked = args.text('date-range')
  const parsed = asked === null ? null : parseDates(asked, { today, mondayFirst: args.has('dow0mon') })
  if (parsed?.ok === false) return { ok: false, message: parsed.message }
  const dates = parsed?.dates ?? null
  const format = chosen(args, { name: 'format', from: REPORT_FORMATS })
  if ('problem' in format) return { ok: false, message: format.problem }
  const language = chosen(args, { name: 'language', from: REPORT_LANGUAGES })
  if ('problem' in language) return { ok: false, message: language.problem }
  const name = args.text('syslog-name') ?? ''
  if (!isPattern(name))
    return { ok: false, message: `cannot use "${name}" for --syslog-name: expected a name or a regular expression` }
  const relays = args.texts('filter-relay')
  const clients = args.texts('filter-client')
  if ((relays.length === 0) !== (clients.length === 0))
    return { ok: false, message: '--filter-relay and --filter-client are needed together' }
  const hops = makeFilterHops({ relays, clients })
  if (hops.status === 'problem') return { ok: false, message: `cannot use --filter-client: ${hops.problem}` }
  // pflogsumm 1.1.5 knows today and yesterday only, and takes the year of a line from its month; who says a year wants that one.
  const isOldDate = dates === null || /^(?:today|yesterday|heute|gestern)$/i.test(asked ?? '')
  const shown = format.value ?? (args.has('json') ? 'json' : 'text')
  return {
    ok: true,
    request: {
      options: {
        ...countAndText(args, today),
        dates,
        years: shown === 'text' && isOldDate ? 'guessed' : 'log',
        syslogName: name,
      },
      format: shown,
      language: language.value,
      insights: args.has('insights'),
      filterHops: relays.length > 0 ? { relays, clients } : null,
      unprocessedFile: args.text('unprocd-file'),
      journal: args.has('journal'),
      files: args.files,
      mail: { to: args.texts('mail-to'), from: args.text('mail-from'), subject: args.text('subject') },
      remarks: reportOptions.flatMap(({ names: [first], deprecated }) =>
        deprecated !== undefined && args.texts(first).length > 0
          ? // pflogsumm's words.
            [`"${first.replaceAll('-', '_')}" is deprecated, use "${deprecated}" instead`]
          : [],
      ),
    },
  }
}

function countAndText(args: ReportArguments, { year, month }: CalendarDay): ReportOptions {
  return {
    ...defaultOptions({ year, month }),
    ignoreCase: args.has('ignore-case'),
    uucpMung: args.has('uucp-mung'),
    verpMung: args.number('verp-mung'),
    verboseDetail: args.has('verbose-msg-detail'),
    rejectAddFrom: args.has('rej-add-from'),
    rejectAddTo: args.has('rej-add-to'),
    srsMung: args.has('srs-mung'),
    useOrigTo: args.has('use-orig-to'),
    postscreenStats: args.has('pscrn-stats'),
    messageDetail: args.has('extended-detail'),
    noSizeless: args.has('no-no-msg-size'),
    noSmtpdWarnings: args.has('no-smtpd-warnings'),
    smtpdStats: args.has('smtpd-stats'),
    zeroFill: args.has('zero-fill'),
    limits: limits(args),
    isoDateTime: args.has('iso-date-time'),
    problemsFirst: args.has('problems-first'),
    quiet: args.has('quiet'),
    mailq: args.has('mailq'),
  }
}

function limits(args: ReportArguments): DetailLimits {
  const general = args.number('detail') ?? -1
  const limit = (own: number | null, isOff = false): number => {
    if (isOff) return 0
    // pflogsumm: --detail is for those that are "all", even where that was said.
    return own === null || own === -1 ? general : own
  }
  return {
    hosts: limit(args.number('host-cnt')),
    users: limit(args.number('user-cnt')),
    bounces: limit(args.number('bounce-detail'), args.has('no-bounce-detail')),
    deferrals: limit(args.number('deferral-detail'), args.has('no-deferral-detail')),
    rejects: limit(args.number('reject-detail'), args.has('no-reject-detail')),
    smtp: limit(args.number('smtp-detail')),
    smtpdWarnings: limit(args.number('smtpd-warning-detail'), args.has('no-smtpd-warnings')),
    postscreen: limit(args.number('pscrn-detail')),
  }
}

function chosen<const Value extends string>(
  args: ReportArguments,
  of: { readonly name: 'format' | 'language'; readonly from: readonly Value[] },
): { readonly value: Value | null } | { readonly problem: string } {
  const text = args.text(of.name)
  if (text === null) return { value: null }
  const value = of.from.find(each => each === text.toLowerCase())
  if (value !== undefined) return { value }
  return {
    problem: `cannot use "${text}" for --${of.name}: expected ${of.from.slice(0, -1).join(', ')} or ${of.from.at(-1)}`,
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

export type OptionsFile =
  | { readonly ok: true; readonly values: ReadonlyMap<string, readonly string[]> }
  /** It is something else: a main.cf. */
  | { readonly ok: false }

/** A file of pflogsumm's --config: "name = value", with "true" for switches, "all" and "none" for limits. */
export function parseOptionsFile(text: string): OptionsFile {
  const values = new Map<string, readonly string[]>()
  for (const line of text.split('\n')) {
    const plain = line.trim()
    if (plain === '' || /^[#;]/.test(plain) || plain.toLowerCase() === '[default]') continue
    const [, name, value = ''] = /^([\w-]+)\s*[=:\s]\s*(.*)$/.exec(plain) ?? []
    if (name === undefined) return { ok: false }
    const found = findOption(name)
    if ('problem' in found || !found.option.names.includes(name)) return { ok: false }
    const [first] = found.option.names
    const word = value.replace(/^"(.*)"$/, '$1')
    if (word === '') continue
    if (found.option.kind === 'text') values.set(first, [word])
    else if (found.option.kind === 'switch') {
      if (/^(?:yes|true|1)$/i.test(word)) values.set(first, [''])
      else if (!/^(?:no|false|0)$/i.test(word)) return { ok: false }
    } else if (/^\d{1,9}$/.test(word)) values.set(first, [word])
    else if (word === 'none') values.set(first, ['0'])
    else if (word === 'all') values.set(first, ['-1'])
    else return { ok: false }
  }
  return values.size > 0 ? { ok: true, values } : { ok: false }
}

/** The options as such a file. */
export function formatOptionsFile(args: ReportArguments): string {
  return reportOptions
    .flatMap(({ names: [first], kind }) => {
      if (first === 'dump-config' || first === 'config') return []
      return args.texts(first).map(value => {
        const shown = value === '0' ? 'none' : value === '-1' ? 'all' : value
        return `${first} = ${kind === 'switch' ? 'true' : kind === 'number' ? shown : value}\n`
      })
    })
    .join('')
}
