/**
 * POSTGREY_OPTS and POSTGREY_TEXT of /etc/default/postgrey, read as Postgrey 1.37 reads its command line (perl
 * Getopt::Long with posix_default and no_ignore_case: "--name" or "-name", no abbreviations, the first word that is no option
 * ends them) and turned into settings of ours, which main.cf can override one by one.
 */

/** A parameter that an option stands for; `value` as main.cf would have it, "$" doubled. */
export interface PostgreySetting {
  readonly name: string
  readonly value: string
  /** "--delay=1" */
  readonly option: string
}

export interface PostgreyOptions {
  readonly settings: readonly PostgreySetting[]
  /** What Postgrey would not start with, each with a remedy. */
  readonly problems: readonly string[]
  /** What becomes of options that mean nothing here. */
  readonly notes: readonly string[]
}

type Kind = 'flag' | 'text' | 'number' | 'optional' | 'files'

/** What an option turns into; a text instead of settings is a problem. */
type Meaning = (value: string, all: ReadonlyMap<string, readonly string[]>) => Outcome
type Outcome =
  | { readonly set: Readonly<Record<string, string>> }
  | { readonly note: string }
  | { readonly problem: string }

interface Option {
  readonly names: readonly string[]
  readonly kind: Kind
  readonly means: Meaning
}

const note = (text: string): Meaning => {
  return () => ({ note: text })
}
const set = (name: string): Meaning => {
  return value => ({ set: { [name]: escapeDollar(value) } })
}
const yes = (name: string): Meaning => {
  return () => ({ set: { [name]: 'yes' } })
}

/** Postgrey writes `$opt{delay} || 300`: an empty text and a 0 are its defaults. */
const unlessFalse = (means: Meaning): Meaning => {
  return (value, all) =>
    value === '' || Number(value) === 0 ? { note: `"${value}" means the default, as in Postgrey` } : means(value, all)
}

const OPTIONS: readonly Option[] = [
  { names: ['inet', 'i'], kind: 'text', means: value => endpoint(value) },
  {
    names: ['unix', 'u'],
    kind: 'text',
    means: (value, all) =>
      all.has('inet')
        ? { note: 'Postgrey listens on --inet alone when both are given' }
        : { set: { postern_policy_listen: `unix:${escapeDollar(value)}` } },
  },
  { names: ['socketmode'], kind: 'text', means: value => socketMode(value) },
  { names: ['delay'], kind: 'number', means: unlessFalse(value => ({ set: { postern_greylist_delay: `${value}s` } })) },
  {
    names: ['max-age'],
    kind: 'number',
    means: unlessFalse(value => ({ set: { postern_greylist_max_age: `${value}d` } })),
  },
  { names: ['retry-window'], kind: 'text', means: value => retryWindow(value) },
  { names: ['greylist-action'], kind: 'text', means: unlessEmpty('postern_greylist_action') },
  { names: ['greylist-text'], kind: 'text', means: unlessEmpty('postern_greylist_text') },
  { names: ['x-greylist-header'], kind: 'text', means: unlessEmpty('postern_greylist_header') },
  { names: ['hostname'], kind: 'text', means: unlessEmpty('postern_greylist_hostname') },
  { names: ['lookup-by-subnet'], kind: 'flag', means: note('this is how Postern looks up unless told otherwise') },
  { names: ['lookup-by-host'], kind: 'flag', means: yes('postern_greylist_lookup_by_host') },
  { names: ['ipv4cidr'], kind: 'number', means: unlessFalse(set('postern_greylist_ipv4_prefix')) },
  { names: ['ipv6cidr'], kind: 'number', means: unlessFalse(set('postern_greylist_ipv6_prefix')) },
  { names: ['privacy'], kind: 'flag', means: yes('postern_greylist_privacy') },
  { names: ['auto-whitelist-clients'], kind: 'optional', means: value => autoAllow(value) },
  { names: ['whitelist-clients'], kind: 'files', means: set('postern_greylist_whitelist_clients') },
  { names: ['whitelist-recipients'], kind: 'files', means: set('postern_greylist_whitelist_recipients') },
  { names: ['syslogfacility', 'syslog-facility', 'facility'], kind: 'text', means: set('syslog_facility') },
  { names: ['quiet', 'q'], kind: 'flag', means: () => ({ set: { postern_greylist_log: 'no' } }) },
  {
    names: ['verbose', 'v'],
    kind: 'flag',
    means: note('Postgrey 1.37 logs nothing more with it; "postern explain" tells everything'),
  },
  { names: ['daemonize', 'd'], kind: 'flag', means: note('Postern stays in the foreground, where systemd wants it') },
  { names: ['pidfile'], kind: 'text', means: note('the file is postern.pid in postern_state_directory') },
  {
    names: ['user'],
    kind: 'text',
    means: note('set postern_user instead; the data of Postgrey\'s user are taken over by "postern import postgrey"'),
  },
  { names: ['group'], kind: 'text', means: note('the group is that of postern_user') },
  {
    names: ['dbdir'],
    kind: 'text',
    means: note('data are kept where postern_store says; "postern import postgrey --dbdir" takes them over'),
  },
  { names: ['listen-queue-size'], kind: 'number', means: note('the queue is as long as the system allows') },
  {
    names: ['exim'],
    kind: 'flag',
    means: note(
      "connections stay open after an answer, which Exim's readsocket ends by itself when told to shut its side",
    ),
  },
  { names: ['noaction', 'no-action', 'n'], kind: 'flag', means: () => noAction() },
  { names: ['help', 'h'], kind: 'flag', means: helpOnly },
  { names: ['man'], kind: 'flag', means: helpOnly },
  { names: ['version'], kind: 'flag', means: helpOnly },
]

function helpOnly(): Outcome {
  return { problem: 'Postgrey prints something and ends with it: remove it' }
}

/** Postgrey 1.37: `die "ERROR: don't know how to \"no-action\"."` */
function noAction(): Outcome {
  return {
    problem:
      'Postgrey does not know how to and refuses to start; remove it, and write "warn_if_reject check_greylist" to see what would be greylisted',
  }
}

function unlessEmpty(name: string): Meaning {
  return value => (value === '' ? { note: 'nothing means the default, as in Postgrey' } : set(name)(value, new Map()))
}

/** Postgrey: "bind only localhost if no host is specified". */
function endpoint(value: string): Outcome {
  const match = /^(?:(\[[0-9A-Fa-f:.]+\]|[^\s:[\]]*):)?(\d{1,5})$/.exec(value)
  if (match === null || Number(match[2]) > 65_535)
    return { problem: `cannot use "${value}": expected PORT, HOST:PORT or [ADDRESS]:PORT, such as 127.0.0.1:10023` }
  const host = match[1] === undefined || match[1] === '' || match[1] === 'localhost' ? '127.0.0.1' : match[1]
  // Net::Server: "*" is every address.
  return { set: { postern_policy_listen: `inet:${host === '*' ? '0.0.0.0' : host}:${match[2]}` } }
}

function socketMode(value: string): Outcome {
  return /^[0-7]{1,4}$/.test(value)
    ? { set: { postern_policy_socket_mode: value } }
    : { problem: `cannot use "${value}": expected an octal number such as 0666` }
}

function retryWindow(value: string): Outcome {
  const hours = /^(\d+)h$/i.exec(value)?.[1]
  if (hours !== undefined) return { set: { postern_greylist_retry_window: `${hours}h` } }
  return /^\d+$/.test(value)
    ? { set: { postern_greylist_retry_window: `${value}d` } }
    : { problem: `cannot use "${value}": expected a number of days, or of hours such as 6h` }
}

function autoAllow(value: string): Outcome {
  if (value === '') return { set: { postern_greylist_auto_allow: '5' } }
  return /^\d+$/.test(value)
    ? { set: { postern_greylist_auto_allow: value } }
    : { problem: `cannot use "${value}": expected a number, 0 for never` }
}

function escapeDollar(text: string): string {
  return text.replaceAll('$', '$$$$')
}

/** Reads POSTGREY_OPTS, with or without quotes around the whole, and POSTGREY_TEXT ('' none), which wins over --greylist-text. */
export function readPostgreyOptions(options: string, text = ''): PostgreyOptions {
  const words = splitShell(unquote(options))
  if ('problem' in words) return { settings: [], problems: [words.problem], notes: [] }
  const { given, problems } = parseWords(words.words)
  if (text !== '') given.set('greylist-text', [unquote(text)])
  const settings: PostgreySetting[] = []
  const notes: string[] = []
  for (const [name, values] of given) {
    const option = OPTIONS.find(each => each.names[0] === name)
    // Getopt::Long: the last one counts; options with "@" keep all.
    const value = option?.kind === 'files' ? values.join(' ') : (values.at(-1) ?? '')
    const outcome: Outcome = option?.means(value, given) ?? { problem: 'unknown' }
    if ('problem' in outcome) problems.push(`--${name}: ${outcome.problem}`)
    else if ('note' in outcome) notes.push(`--${name}: ${outcome.note}`)
    else
      for (const [parameter, set] of Object.entries(outcome.set))
        settings.push({ name: parameter, value: set, option: value === '' ? `--${name}` : `--${name}=${value}` })
  }
  return { settings, problems, notes }
}

interface Parsed {
  readonly given: Map<string, string[]>
  readonly problems: string[]
}

function parseWords(words: readonly string[]): Parsed {
  const given = new Map<string, string[]>()
  const problems: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '--') break
    const match = /^(?:--|-)([^=\s]+)(?:=([\s\S]*))?$/.exec(word)
    if (match === null) {
      problems.push(
        `"${word}" is no option: Postgrey ignores it and all that follows, so remove it or put "--" before it`,
      )
      break
    }
    const option = OPTIONS.find(({ names }) => names.includes(match[1] ?? ''))
    if (option === undefined) {
      problems.push(unknownOption(match[1] ?? ''))
      continue
    }
    const taken = takeValue(option, match[2], words[i + 1])
    if ('problem' in taken) {
      problems.push(taken.problem)
      continue
    }
    if (taken.usedNext) i++
    const name = option.names[0] ?? ''
    given.set(name, [...(given.get(name) ?? []), taken.value])
  }
  return { given, problems }
}

function unknownOption(name: string): string {
  const near = OPTIONS.flatMap(({ names }) => names).filter(each => each.startsWith(name) && name.length > 1)
  const hint = near.length === 1 ? `did you mean --${near[0]}? Postgrey takes no abbreviations` : 'see perldoc postgrey'
  return `unknown option "--${name}": ${hint}`
}

/** Getopt::Long: a mandatory text takes whatever comes next; a number and an optional text look at it first. */
function takeValue(
  option: Option,
  attached: string | undefined,
  next: string | undefined,
): { readonly value: string; readonly usedNext: boolean } | { readonly problem: string } {
  const name = `--${option.names[0]}`
  if (option.kind === 'flag')
    return attached === undefined
      ? { value: '', usedNext: false }
      : { problem: `${name} takes no value: remove "=${attached}"` }
  if (option.kind === 'optional') {
    if (attached !== undefined) return { value: attached, usedNext: false }
    return next !== undefined && (next === '-' || !next.startsWith('-'))
      ? { value: next, usedNext: true }
      : { value: '', usedNext: false }
  }
  const value = attached ?? next
  if (value === undefined || (attached === '' && option.kind === 'number'))
    return { problem: `${name} needs a value: write ${name}=…` }
  if (option.kind !== 'number') return { value, usedNext: attached === undefined }
  if (!/^[-+]?\d+$/.test(value)) return { problem: `cannot use "${value}" for ${name}: expected a whole number` }
  if (value.startsWith('-')) return { problem: `cannot use "${value}" for ${name}: it is below 0` }
  return { value: value.replace(/^\+/, ''), usedNext: attached === undefined }
}

/** A value pasted with its quotes from /etc/default/postgrey. */
function unquote(text: string): string {
  const trimmed = text.trim()
  const quote = trimmed[0]
  const inner = trimmed.slice(1, -1)
  return (quote === '"' || quote === "'") && trimmed.length > 1 && trimmed.endsWith(quote) && !inner.includes(quote)
    ? inner
    : trimmed
}

/** Words as systemd splits $POSTGREY_OPTS: by blanks, quotes hold together, a backslash takes the next character as it is. */
function splitShell(text: string): { readonly words: readonly string[] } | { readonly problem: string } {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? ''
    if (quote !== '') {
      if (char === quote) quote = ''
      else if (char === '\\' && quote === '"' && i + 1 < text.length) word = (word ?? '') + text[++i]
      else word = (word ?? '') + char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word)
      word = null
    } else if (char === '\\' && i + 1 < text.length) word = (word ?? '') + text[++i]
    else word = (word ?? '') + char
  }
  if (quote !== '') return { problem: `a ${quote} is missing: close the quotation` }
  if (word !== null) words.push(word)
  return { words }
}
