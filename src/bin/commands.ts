/** All commands there are. Help, dispatch and did-you-mean read this table; adding a command is adding a row. */
import type { CommandSpec, OptionSpec } from './command.ts'
import { reportCommand } from './report_spec.ts'

const CONFIG: OptionSpec = {
  name: 'config',
  short: 'c',
  value: 'PATH',
  doc: 'The directory of main.cf, or a main.cf under any name. Default: $POSTERN_CONFIG, /etc/postern, /etc/postfix, whichever there is first.',
}
const OVERRIDE: OptionSpec = {
  name: 'override',
  short: 'o',
  value: 'NAME=VALUE',
  several: true,
  doc: 'Use this value instead of what main.cf says. May be given several times.',
}
const JSON_OUTPUT: OptionSpec = { name: 'json', doc: 'Print JSON.' }

export const commands: readonly CommandSpec[] = [
  {
    name: 'serve',
    summary: 'run the gateway',
    operands: '',
    operandCount: [0, 0],
    description: `
      Reads the configuration, listens where postern_smtp_listen, postern_policy_listen and postern_milter_listen say,
      judges SMTP clients, hands accepted mail to postern_next_hop, and answers the check_policy_service and smtpd_milters
      of a Postfix. Prints "postern: ready" once every listener accepts.

      A supervisor accepts connections and hands them to postern_workers worker processes; a worker that dies is
      replaced. With postern_workers = 0 everything happens in one process.

      SIGTERM or SIGINT: finish what runs, then end; a second one ends at once. SIGHUP: read the configuration again
      and use it if it is sound, else keep the old one and say why; log files are opened again. SIGUSR1: open log
      files again.`,
    options: [
      CONFIG,
      OVERRIDE,
      { name: 'welcome', doc: 'Also print where it listens and what to type next, as npm start does.' },
    ],
    exits: [
      [0, 'ended as asked'],
      [1, 'the configuration has problems, or a listener cannot be opened for good'],
      [75, 'a listener cannot be opened now: the address is in use'],
    ],
    examples: ['postern serve --config /etc/postfix -o postern_smtp_listen=inet:0.0.0.0:25'],
    load: () => import('./serve.ts'),
  },
  {
    name: 'check',
    summary: 'tell everything that is wrong with the configuration',
    operands: '',
    operandCount: [0, 0],
    description: `
      Prints every problem of main.cf, of the restriction lists and of the lookup tables at once, each with its file,
      line and column and the word that was probably meant; then warnings: what contradicts itself, what has no
      effect, and what a gateway without a queue cannot do.`,
    options: [CONFIG, OVERRIDE, JSON_OUTPUT],
    exits: [
      [0, 'no problem (there may be warnings)'],
      [1, 'problems'],
    ],
    examples: ['postern check --config /etc/postfix'],
    load: () => import('./check.ts'),
  },
  {
    name: 'explain',
    summary: 'say what would happen to a mail, and why',
    operands: '',
    operandCount: [0, 0],
    description: `
      Judges one mail as a live session would, without delivering anything, and prints the verdict and its whole
      trace: each list, each restriction, each question to DNS and tables with its answer and the time it took. The
      line that decided is marked.

      The client's names are looked up, unless --name and --reverse-name tell them.

      With --message: the message itself is judged, too, as the gateway does where check_dmarc or smtpd_milters ask for it,
      and else as the milter does: SPF, DKIM, ARC, DMARC, header_checks and body_checks. Without it these say nothing, and
      a mail that DMARC refuses seems to pass.

      With --endpoint: what that endpoint of postern_policy_listen would answer a Postfix about the mail.`,
    options: [
      CONFIG,
      OVERRIDE,
      { name: 'client', value: 'IP', required: true, doc: 'The address of the client.' },
      { name: 'name', value: 'NAME', doc: 'Its verified name, or "unknown"; not looked up then.' },
      { name: 'reverse-name', value: 'NAME', doc: 'The name that its address has, verified or not, or "unknown".' },
      { name: 'helo', value: 'NAME', doc: 'What it says in EHLO. Without it, it says none.' },
      { name: 'from', value: 'ADDRESS', doc: 'The envelope sender. Default: <>.' },
      { name: 'to', value: 'ADDRESS', several: true, required: true, doc: 'A recipient. May be given several times.' },
      { name: 'size', value: 'BYTES', doc: 'The announced size.' },
      { name: 'sasl-user', value: 'USER', doc: 'It has logged in as this user.' },
      {
        name: 'message',
        value: 'FILE',
        doc: 'Judge this message, header and body, as well; "-" reads standard input.',
      },
      {
        name: 'endpoint',
        value: 'ENDPOINT',
        doc: 'Ask this policy endpoint: inet:ADDRESS:PORT, unix:PATH, or the path alone.',
      },
      JSON_OUTPUT,
    ],
    exits: [
      [0, 'every recipient would be accepted'],
      [1, 'a recipient would be refused'],
      [75, 'a recipient would be deferred'],
    ],
    examples: [
      'postern explain --client 192.0.2.7 --helo mail.example.org --from a@example.org --to b@example.net',
      'postern explain --message m.eml --client 192.0.2.7 --from a@b.example --to c@d.example',
      'postern explain --endpoint inet:127.0.0.1:10023 --client 192.0.2.7 --from a@example.org --to b@example.net',
    ],
    load: () => import('./explain.ts'),
  },
  {
    name: 'conf',
    summary: 'show parameters',
    operands: '[NAME …]',
    operandCount: [0, null],
    description:
      'Prints parameters as "name = value", those named or all of them, in alphabetical order; as postconf(1) does.',
    options: [
      CONFIG,
      OVERRIDE,
      { name: 'default', short: 'd', doc: 'Print defaults, not what is set.' },
      { name: 'set', short: 'n', doc: 'Print only what main.cf or -o sets.' },
      { name: 'expand', short: 'x', doc: 'Put in what $name stands for.' },
      { name: 'value', short: 'h', doc: 'Print values without the names.' },
      { ...JSON_OUTPUT, doc: 'Print JSON, with the place that each value comes from.' },
    ],
    exits: [
      [0, 'printed'],
      [1, 'a name that is no parameter'],
    ],
    examples: ['postern conf -n --config /etc/postfix', 'postern conf -d unknown_client_reject_code'],
    load: () => import('./conf.ts'),
  },
  {
    name: 'map',
    summary: 'ask a lookup table',
    operands: 'TYPE:NAME …',
    operandCount: [1, null],
    description: 'Looks a key up in tables, as postmap -q does, and prints the value of the first table that has it.',
    options: [
      {
        name: 'query',
        short: 'q',
        value: 'KEY',
        required: true,
        doc: 'The key; "-" reads keys from stdin, one a line, and prints "key value".',
      },
      JSON_OUTPUT,
    ],
    exits: [
      [0, 'found'],
      [1, 'not found'],
      [75, 'a table did not answer'],
    ],
    examples: ['postern map -q mail.example.org hash:/etc/postfix/helo_access'],
    load: () => import('./map.ts'),
  },
  {
    name: 'greylist',
    summary: 'show and change what greylisting remembers',
    operands: 'list|show|forget|allow|providers [TEXT]',
    operandCount: [1, 2],
    description: `
      Works while the gateway runs, and while it does not.

      list: everything remembered whose key has TEXT in it. show: the same in words; TEXT may be a client's address.
      forget: the entry with TEXT as its key, or all entries of a client's address, of a network, or of a mail address. allow:
      a client's address, or a domain that SPF vouches for, is delayed no more; a mail address may send its next mail
      at once, as if a user had written to it. providers: the list of big senders that are not delayed, its date, and
      where a newer one belongs.`,
    options: [CONFIG, OVERRIDE, JSON_OUTPUT],
    exits: [
      [0, 'done'],
      [1, 'there is nothing; for providers: the list is older than 180 days'],
      [75, 'the memory did not answer, or could not be read'],
    ],
    examples: ['postern greylist show 192.0.2.7', 'postern greylist forget a@example.org'],
    load: () => import('./greylist_command.ts'),
  },
  {
    name: 'dmarc',
    summary: 'send, show and read DMARC aggregate reports',
    operands: 'send | show [DOMAIN] | read FILE …',
    operandCount: [1, null],
    description: `
      send: makes the reports of the days that are over and sends them, and whatever is still unsent, as the running
      gateway does by itself every night. With --date: those of that day, again if need be, under the same names. With
      --dry-run: says what would go to whom, asks the DNS about it, and neither writes nor sends anything.

      show: what was collected today (UTC), or on --date: a line for each policy domain, or everything about one.

      read: reports that others sent us: XML, gzip, zip, or a whole mail with one of these in it; "-" reads stdin.`,
    options: [
      CONFIG,
      OVERRIDE,
      { name: 'date', value: 'DAY', doc: 'A day in UTC, such as 2026-11-24.' },
      { name: 'dry-run', short: 'n', doc: 'Only tell, and change nothing.' },
      JSON_OUTPUT,
    ],
    exits: [
      [0, 'done'],
      [1, 'a destination was given up; nothing was collected; a file cannot be read'],
      [75, 'a destination is tried or verified later, or another process is sending'],
    ],
    examples: ['postern dmarc send --dry-run', 'postern dmarc show example.org', 'postern dmarc read report.xml.gz'],
    load: () => import('./dmarc_command.ts'),
  },
  reportCommand,
  {
    name: 'import',
    summary: 'take over from Postgrey',
    operands: 'postgrey',
    operandCount: [1, 1],
    description: `
      Takes over what a Postgrey of this machine has: its database is put into the memory that postern_store names (what is
      known there already stays), and the lines of main.cf that its options and white lists come to are printed.
      Nothing of Postgrey is changed, and it may run meanwhile. Tells what is taken over, what differs, and what is
      not understood.`,
    options: [
      CONFIG,
      OVERRIDE,
      {
        name: 'dbdir',
        value: 'DIR',
        doc: 'Where its database is. Default: what its options say, or /var/lib/postgrey.',
      },
      { name: 'defaults', value: 'FILE', doc: 'Where its options are. Default: /etc/default/postgrey.' },
      { name: 'config-dir', value: 'DIR', doc: 'Where its white lists are. Default: /etc/postgrey.' },
      { name: 'dry-run', short: 'n', doc: 'Only tell, and change nothing.' },
      JSON_OUTPUT,
    ],
    exits: [
      [0, 'everything is taken over'],
      [1, 'something is not understood, differs, or cannot be read'],
      [75, 'the memory did not answer'],
    ],
    examples: ['postern import postgrey', 'postern import postgrey --dbdir /srv/postgrey --dry-run'],
    load: () => import('./import_postgrey.ts'),
  },
  {
    name: 'reload',
    summary: 'make the running gateway read its configuration again',
    operands: '',
    operandCount: [0, 0],
    description: `
      Finds the running gateway by the file postern.pid in postern_state_directory, signals it, and says what came of
      it. No connection is lost; sessions that run keep the configuration they began with.`,
    options: [CONFIG, OVERRIDE, JSON_OUTPUT],
    exits: [
      [0, 'the new configuration is in use'],
      [1, 'the new configuration has problems; the old one is kept'],
      [75, 'nothing runs, or it did not answer'],
    ],
    examples: ['postern reload --config /etc/postfix'],
    load: () => import('./reload.ts'),
  },
  {
    name: 'version',
    summary: 'print the version',
    operands: '',
    operandCount: [0, 0],
    description: 'Prints the version of Postern, of the Postfix whose behaviour it follows, and of Node.',
    options: [JSON_OUTPUT],
    exits: [[0, 'printed']],
    examples: ['postern version'],
    load: () => import('./version.ts'),
  },
]

export function findCommand(name: string): CommandSpec | undefined {
  return commands.find(command => command.name === name)
}
