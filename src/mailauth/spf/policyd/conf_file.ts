import { type Cidr, parseCidr } from '../../../util/cidr.ts'
import { nearest } from '../../../util/edit_distance.ts'
import { HEADER_TYPES, lowerAll, policydDefaults, REJECT_RULES, type SpfPolicySettings, toCidrSet } from './settings.ts'

/** Something wrong with a line of a policyd-spf.conf. */
export interface ConfProblem {
  /** From 1. */
  readonly line: number
  readonly text: string
  readonly remedy: string | null
}

export interface ParsedConf {
  readonly settings: SpfPolicySettings
  readonly problems: readonly ConfProblem[]
}

/** A value's meaning, or what was expected instead. */
type Read = Partial<SpfPolicySettings> | { readonly expected: string }
type Reader = (value: string, say: (text: string) => void) => Read

const MAX_DEBUG_LEVEL = 5
const MAX_MISSPELT = 3

/** What policyd-spf of the Debian package knows for its milter or per user, and we do not do. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  'Per_User',
  'Socket',
  'PidFile',
  'UserID',
  'UMask',
  'InternalHosts',
  'MacroList',
])

const OPTIONS: Readonly<Record<string, Reader>> = {
  debugLevel: number({ min: -1, max: MAX_DEBUG_LEVEL }, debugLevel => ({ debugLevel })),
  HELO_reject: word(REJECT_RULES, heloReject => ({ heloReject })),
  Mail_From_reject: word(
    REJECT_RULES.filter(rule => rule !== 'null'),
    mailFromReject => ({ mailFromReject }),
  ),
  HELO_pass_restriction: text(heloPassRestriction => ({ heloPassRestriction })),
  Mail_From_pass_restriction: text(mailFromPassRestriction => ({ mailFromPassRestriction })),
  No_Mail: truth(noMail => ({ noMail })),
  PermError_reject: truth(permErrorReject => ({ permErrorReject })),
  TempError_Defer: truth(tempErrorDefer => ({ tempErrorDefer })),
  Reject_Not_Pass_Domains: words(names => ({ rejectNotPassDomains: new Set(names) })),
  skip_addresses: networks(cidrs => ({ skipAddresses: toCidrSet(cidrs) })),
  Whitelist: networks(cidrs => ({ whitelist: toCidrSet(cidrs) })),
  HELO_Whitelist: words(heloWhitelist => ({ heloWhitelist })),
  Domain_Whitelist: words(domainWhitelist => ({ domainWhitelist })),
  Domain_Whitelist_PTR: words(domainWhitelistPtr => ({ domainWhitelistPtr })),
  // "TestOnly = 0" is test mode (policyd-spf.conf(5)); the older name never had an effect in 3.0.4.
  TestOnly: number({ min: 0, max: 1 }, value => ({ testOnly: value === 0 })),
  defaultSeedOnly: (value, say) => {
    say('does nothing: policyd-spf looks only at TestOnly')
    return number({ min: 0, max: 1 }, () => ({}))(value, say)
  },
  SPF_Enhanced_Status_Codes: text(value => ({ enhancedStatusCodes: value !== 'No' })),
  Header_Type: word(HEADER_TYPES, headerType => ({ headerType })),
  Authserv_Id: value => (value === 'HOSTNAME' ? {} : { authservId: value }),
  // As an implementation detail, any value but No hides (policyd-spf.conf(5)).
  Hide_Receiver: text(value => ({ hideReceiver: value !== 'No' })),
  Lookup_Time: number({ min: 1, max: 1000 }, lookupTime => ({ lookupTime })),
  Whitelist_Lookup_Time: number({ min: 1, max: 1000 }, whitelistLookupTime => ({ whitelistLookupTime })),
  Void_Limit: number({ min: 0, max: 10 }, voidLimit => ({ voidLimit })),
  Reason_Message: text(reasonMessage => ({ reasonMessage })),
  Prospective: text(prospective => ({ prospective })),
  // Python's bool('False') is true, so policyd-spf takes any value for yes; nobody means that.
  Mock: truth(mock => ({ mock })),
  QueueID: truth(logQueueId => ({ logQueueId })),
}

/** Reads policyd-spf's configuration as policyd-spf does; what it leaves out has policyd-spf's default. */
export function parsePolicydConf(source: string, hostname: string): ParsedConf {
  let settings = policydDefaults(hostname)
  const problems: ConfProblem[] = []
  for (const [index, whole] of source.split('\n').entries()) {
    const line = (whole.split('#', 1)[0] ?? '').trim()
    if (line === '') continue
    const say = (told: string, remedy: string | null = null): void => {
      problems.push({ line: index + 1, text: told, remedy })
    }
    const equals = line.indexOf('=')
    const name = equals < 0 ? line : line.slice(0, equals).trim()
    if (equals < 0) say(`"${name}" has no value`, 'write NAME = VALUE')
    // policyd-spf drops a line with two "=".
    else if (line.includes('=', equals + 1)) say(`"${name}" has two "=" signs; policyd-spf ignores such a line`)
    else settings = { ...settings, ...readOption(name, line.slice(equals + 1).trim(), say) }
  }
  return { settings, problems }
}

function readOption(
  name: string,
  value: string,
  say: (told: string, remedy?: string) => void,
): Partial<SpfPolicySettings> {
  if (NOT_OFFERED.has(name)) {
    say(`${name} is not offered here and is ignored`)
    return {}
  }
  const reader = OPTIONS[name]
  if (reader === undefined) {
    const close = nearest(name, Object.keys(OPTIONS), MAX_MISSPELT)
    if (close === null) say(`unknown name "${name}"`)
    else say(`unknown name "${name}"`, `did you mean ${close}?`)
    return {}
  }
  const read = reader(value, told => say(`${name}: ${told}`))
  if (!('expected' in read)) return read
  say(`${name} = ${value}: expected ${read.expected}`)
  return {}
}

function text(make: (value: string) => Partial<SpfPolicySettings>): Reader {
  return value => make(value)
}

/** policyd-spf compares letter by letter; a "fail" that it does not know refuses nothing there, and is meant as Fail. */
function word<const W extends string>(known: readonly W[], make: (value: W) => Partial<SpfPolicySettings>): Reader {
  return value => {
    const found = known.find(one => one === value.toLowerCase())
    return found === undefined ? { expected: known.join(', ') } : make(found)
  }
}

function truth(make: (value: boolean) => Partial<SpfPolicySettings>): Reader {
  return value => {
    const lower = value.toLowerCase()
    return lower === 'true' || lower === 'false' ? make(lower === 'true') : { expected: 'True or False' }
  }
}

function number(bounds: { min: number; max: number }, make: (value: number) => Partial<SpfPolicySettings>): Reader {
  return value => {
    const found = /^-?[0-9]{1,6}$/.test(value) ? Number(value) : Number.NaN
    if (found >= bounds.min && found <= bounds.max) return make(found)
    return { expected: `a whole number from ${bounds.min} to ${bounds.max}` }
  }
}

function words(make: (names: readonly string[]) => Partial<SpfPolicySettings>): Reader {
  return value => make(lowerAll(split(value)))
}

function networks(make: (cidrs: readonly Cidr[]) => Partial<SpfPolicySettings>): Reader {
  return (value, say) => {
    const cidrs: Cidr[] = []
    for (const item of split(value)) {
      const parsed = parseCidr(item)
      if (parsed.kind === 'cidr') cidrs.push(parsed.cidr)
      else say(`${parsed.text}, ignored`)
    }
    return make(cidrs)
  }
}

function split(value: string): readonly string[] {
  return value.split(/[,\s]+/).filter(item => item !== '')
}
