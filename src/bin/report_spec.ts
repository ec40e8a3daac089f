/** What `postern help report` tells; the options stand in src/report/command/option_table.ts. */
import { type ReportOptionSpec, reportOptions } from '../report/command/option_table.ts'
import type { CommandSpec, OptionSpec } from './command.ts'

export const reportCommand: CommandSpec = {
  name: 'report',
  summary: 'sum up a mail log, as pflogsumm',
  operands: '[FILE …]',
  operandCount: [0, null],
  description: `
    Sums up what a mail log tells: how much came, went, bounced, was deferred and refused, for whom and why. Takes the options
    of pflogsumm 1.1.5 and the newer ones of 1.1.13, and prints what pflogsumm 1.1.5 would print, byte for byte; with --format
    it tells more, such as which refusals were probably false alarms.

    Reads the files in their order, plain or packed with gzip, xz or zstd; "-" is standard input. Without a file it reads what
    is piped into it, else the log that main.cf names (postern_report_log, postern_log, maillog_file), else /var/log/mail.log or
    /var/log/maillog, else the systemd journal; with -d also what was rotated since the first of the days. Lines may be as
    syslog writes them, with RFC 3339 times, as JSON of journald, or behind the prefixes of Docker.

    Options stand before or behind files, may be shortened as far as they are clear, and have one dash or two. A report
    every morning: set postern_report_to in main.cf.`,
  options: reportOptions.filter(({ deprecated }) => deprecated === undefined).map(optionHelp),
  ownGrammar: true,
  exits: [
    [0, 'printed or sent'],
    [1, 'a log cannot be read, or the mail was refused; the rest was printed'],
    [75, 'the mail was deferred'],
  ],
  examples: [
    'postern report -d today /var/log/mail.log',
    'postern report -d yesterday --problems-first --rej-add-from -q',
    'postern report -d "last week" --format html > week.html',
    'journalctl -o json --since yesterday | postern report -d yesterday',
    'postern report -d yesterday --mail-to you@example.com --subject "Mail log"',
  ],
  load: () => import('./report.ts'),
}

function optionHelp({ names, value, doc, several }: ReportOptionSpec): OptionSpec {
  const [name] = names
  const short = names.find(each => each.length === 1)
  const aliases = names.slice(1).filter(each => each.length > 1)
  return {
    name,
    ...(short === undefined ? {} : { short }),
    ...(value === undefined ? {} : { value }),
    ...(several === undefined ? {} : { several }),
    doc: `${doc.trim().replace(/\s+/g, ' ')}${aliases.length > 0 ? ` Also --${aliases.join(', --')}.` : ''}`,
  }
}
