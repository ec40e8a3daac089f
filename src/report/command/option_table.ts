/** Every option of `postern report`, once: parsing, `--help`, `--dump-config` and docs/report.md read this table. */

export interface ReportOptionSpec {
  /** Without the dashes; the first is the one that is shown. One letter is a short form. */
  readonly names: readonly [string, ...string[]]
  readonly kind: 'switch' | 'number' | 'optional number' | 'text'
  /** What stands for the value in the help. */
  readonly value?: string
  /** May be given several times. */
  readonly several?: true
  /** Where it comes from: the pflogsumm that had it first, or nobody but us. */
  readonly since: '1.1.5' | '1.1.13' | 'own'
  /** What to say instead of it: it works, with a warning. */
  readonly deprecated?: string
  readonly doc: string
}

const LIMIT = { kind: 'number', value: 'COUNT' } as const
const SWITCH = { kind: 'switch' } as const

/** pflogsumm's, in the order of its manual. */
const pflogsummOptions = [
  {
    names: ['date-range', 'd'],
    ...{ kind: 'text', value: 'DATE', since: '1.1.5' },
    doc: `
      Report only about these days: today, yesterday, "this week", "last week", "this month", "last month" (or with an
      underscore: last_week), 2026-11 for a month, 2026-11-01 for a day, and from one to another: 2026-11-01..2026-11-07 or
      "2026-11-01 to 2026-11-07". heute and gestern are understood, too.`,
  },
  { names: ['dow0mon'], ...SWITCH, since: '1.1.13', doc: 'Weeks begin on Monday instead of Sunday.' },
  {
    names: ['problems-first'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'Bounces, deferrals, rejects and warnings before the other sections.',
  },
  {
    names: ['rej-add-from'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'Add the sender to each row of the reject detail.',
  },
  {
    names: ['rej-add-to'],
    ...{ ...SWITCH, since: '1.1.13' },
    doc: 'Add the recipient to the rows of the reject detail that name a client or a sender.',
  },
  {
    names: ['verbose-msg-detail'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'Print the whole reason in deferral, bounce and reject details, however long.',
  },
  {
    names: ['quiet', 'q'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'No headings for sections that are empty, but for warnings, fatal errors and messages of master.',
  },
  {
    names: ['detail'],
    ...{ ...LIMIT, since: '1.1.5' },
    doc: 'How many rows each detail section, -h and -u have at most, where no option of their own says it; 0: none.',
  },
  { names: ['bounce-detail'], ...LIMIT, since: '1.1.5', doc: 'At most so many bounces; 0: none.' },
  { names: ['deferral-detail'], ...LIMIT, since: '1.1.5', doc: 'At most so many deferrals; 0: none.' },
  {
    names: ['reject-detail'],
    ...{ ...LIMIT, since: '1.1.5' },
    doc: 'At most so many rejects, reject warnings, holds and discards of each kind; 0: none.',
  },
  { names: ['smtp-detail'], ...LIMIT, since: '1.1.5', doc: 'At most so many SMTP delivery failures; 0: none.' },
  {
    names: ['smtpd-warning-detail', 'warning-detail'],
    ...{ ...LIMIT, since: '1.1.5' },
    doc: 'At most so many warnings; 0: none.',
  },
  {
    names: ['pscrn-detail'],
    ...{ ...LIMIT, since: '1.1.13' },
    doc: 'At most so many rows for each thing that postscreen saw; 0: none. Needs --pscrn-stats.',
  },
  { names: ['host-cnt', 'h'], ...LIMIT, since: '1.1.5', doc: 'At most so many hosts and domains; 0: none.' },
  { names: ['user-cnt', 'u'], ...LIMIT, since: '1.1.5', doc: 'At most so many senders and recipients; 0: none.' },
  {
    names: ['extended-detail', 'e'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'Every message with its sender and recipients. Memory grows with the log.',
  },
  {
    names: ['smtpd-stats'],
    ...SWITCH,
    since: '1.1.5',
    doc: 'Connections to smtpd: how many, how long, by day, hour and domain.',
  },
  { names: ['pscrn-stats'], ...SWITCH, since: '1.1.13', doc: 'What postscreen saw, and which clients.' },
  { names: ['iso-date-time'], ...SWITCH, since: '1.1.5', doc: 'Dates as 2026-11-24 and times as 04:00.' },
  { names: ['zero-fill'], ...SWITCH, since: '1.1.5', doc: 'Days without traffic have a row, too.' },
  { names: ['no-no-msg-size'], ...SWITCH, since: '1.1.5', doc: 'No section of messages without a size.' },
  {
    names: ['ignore-case', 'i'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'The part of an address before the "@" is the same in lower case, too.',
  },
  {
    names: ['uucp-mung', 'm'],
    ...{ ...SWITCH, since: '1.1.5' },
    doc: 'Turn "host!user@relay" around: "relay!user@host".',
  },
  {
    names: ['verp-mung'],
    ...{ kind: 'optional number', value: 'N', since: '1.1.5' },
    doc: 'Count "list-return-12-user=domain@host" as one sender, with ID in place of the number; 2: without the recipient, too.',
  },
  { names: ['srs-mung'], ...SWITCH, since: '1.1.13', doc: 'Show addresses that SRS rewrote as they were before.' },
  {
    names: ['use-orig-to'],
    ...SWITCH,
    since: '1.1.13',
    doc: 'Count a recipient under the address that it was sent to (orig_to).',
  },
  {
    names: ['syslog-name'],
    ...{ kind: 'text', value: 'NAME', since: '1.1.5' },
    doc: `
      What stands before the "/" of a program in the log, beside "postfix" itself: the syslog_name of main.cf. A regular
      expression: 'postfix-(in|out)'.`,
  },
  {
    names: ['unprocd-file'],
    ...{ kind: 'text', value: 'FILE', since: '1.1.13' },
    doc: 'Write the lines of Postfix that are not understood to this file.',
  },
  { names: ['mailq'], ...SWITCH, since: '1.1.5', doc: 'Run mailq at the end.' },
  {
    names: ['dump-config'],
    ...{ ...SWITCH, since: '1.1.13' },
    doc: 'Print the options as a file for --config, and do nothing else.',
  },
  { names: ['help'], ...SWITCH, since: '1.1.5', doc: 'Print this text.' },
  { names: ['version'], ...SWITCH, since: '1.1.5', doc: 'Print which pflogsumm this is like.' },
  { names: ['no-bounce-detail'], ...SWITCH, since: '1.1.5', deprecated: 'bounce-detail=0', doc: '--bounce-detail 0.' },
  {
    names: ['no-deferral-detail'],
    ...SWITCH,
    since: '1.1.5',
    deprecated: 'deferral-detail=0',
    doc: '--deferral-detail 0.',
  },
  { names: ['no-reject-detail'], ...SWITCH, since: '1.1.5', deprecated: 'reject-detail=0', doc: '--reject-detail 0.' },
  {
    names: ['no-smtpd-warnings'],
    ...{ ...SWITCH, since: '1.1.5' },
    deprecated: 'smtpd-warning-detail=0',
    doc: '--smtpd-warning-detail 0.',
  },
] as const satisfies readonly ReportOptionSpec[]

const ownOptions = [
  {
    names: ['format'],
    ...{ kind: 'text', value: 'FORMAT', since: 'own' },
    doc: "text (pflogsumm's, the default), html, json or prometheus.",
  },
  { names: ['json'], ...SWITCH, since: 'own', doc: '--format json.' },
  {
    names: ['language'],
    ...{ kind: 'text', value: 'LANGUAGE', since: 'own' },
    doc: 'Of HTML and of what --insights adds: en or de.',
  },
  {
    names: ['insights'],
    ...{ ...SWITCH, since: 'own' },
    doc: 'In text, too, tell what the other formats tell: probable false alarms, checks, greylisting, DNS lists, bans.',
  },
  {
    names: ['filter-relay'],
    ...{ kind: 'text', value: 'RELAY', several: true, since: 'own' },
    doc: `
      Mail that goes to this content filter and comes back counts once: "127.0.0.1:10024" as in
      relay=amavis[127.0.0.1]:10024, or the name of a pipe. Needs --filter-client. May be given several times.`,
  },
  {
    names: ['filter-client'],
    ...{ kind: 'text', value: 'CLIENT', several: true, since: 'own' },
    doc: `
      Whence it comes back: an address or network, or the service that takes it, "postfix/reinject/smtpd". Needs
      --filter-relay. May be given several times.`,
  },
  { names: ['journal'], ...SWITCH, since: 'own', doc: 'Read the systemd journal instead of files.' },
  {
    names: ['mail-to'],
    ...{ kind: 'text', value: 'ADDRESS', several: true, since: 'own' },
    doc: 'Send the report there through postern_report_relay instead of printing it. May be given several times.',
  },
  {
    names: ['mail-from'],
    ...{ kind: 'text', value: 'ADDRESS', since: 'own' },
    doc: 'Its sender. Default: postern_report_from.',
  },
  {
    names: ['subject'],
    ...{ kind: 'text', value: 'TEXT', since: 'own' },
    doc: 'Its subject. Default: postern_report_subject.',
  },
  {
    names: ['config', 'c'],
    ...{ kind: 'text', value: 'PATH', since: 'own' },
    doc: `
      The directory of main.cf, or a main.cf under any name. A file that holds nothing but options of this command
      ("problems-first = true") is taken as pflogsumm takes it.`,
  },
  {
    names: ['override', 'o'],
    ...{ kind: 'text', value: 'NAME=VALUE', several: true, since: 'own' },
    doc: 'Use this value instead of what main.cf says. May be given several times.',
  },
] as const satisfies readonly ReportOptionSpec[]

/** The first name of each. */
export type ReportOptionName = (typeof pflogsummOptions | typeof ownOptions)[number]['names'][0]

export interface KnownReportOption extends ReportOptionSpec {
  readonly names: readonly [ReportOptionName, ...string[]]
}

export const reportOptions: readonly KnownReportOption[] = [...pflogsummOptions, ...ownOptions]
