/**
 * From main.cf to a typed configuration. Everything that is wrong is told at once, each with its place; nothing here reads
 * a file or asks the machine (read.ts does).
 */
import { macNames } from '../util/mac_expand.ts'
import { splitWords } from '../util/words.ts'
import { type AnyParam, allParams, findParam, type ParamName, type ParamValues } from './catalogue.ts'
import { crossChecks } from './cross_checks.ts'
import { ExpandError, expandValue } from './expand.ts'
import { type HostEnv, ownInterfaces } from './host.ts'
import { isPostfixName, otherPostfixNames } from './known_names.ts'
import { parseMainCf, parseOverride, type Setting } from './main_cf.ts'
import { type Place, type PlacedText, type Problem, placedAs, type Word } from './place.ts'
import { POSTGREY_NAMES, type PostgreyEnvironment, postgreySettings } from './postgrey_settings.ts'
import { Settings } from './settings.ts'
import { didYouMean, suggestName } from './suggest.ts'
import { type ParamType, placedWords } from './types.ts'

export type { Place, PlacedText, Problem, Word } from './place.ts'
export type { Endpoint } from './types.ts'

/** Every parameter by its name, and what follows from several. */
export type Config = ParamValues & {
  /** The lists of smtpd_restriction_classes by class name. */
  readonly restriction_classes: ReadonlyMap<string, readonly Word[]>
  /** The addresses of this mail system (inet_interfaces), canonical text; without proxy_interfaces. */
  readonly own_addresses: readonly string[]
}

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly place: Place }
  | { readonly kind: 'option'; readonly place: Place }

export interface LoadOptions {
  /** The text of main.cf. */
  readonly mainCf: string
  /** Its name in messages; its directory is config_directory. */
  readonly path: string
  /** `name=value` of options -o; they win over the file. */
  readonly overrides?: readonly string[]
  /** The text of master.cf, only to learn which names it uses. */
  readonly masterCf?: string
  /** POSTGREY_OPTS and POSTGREY_TEXT of the environment. */
  readonly environment?: PostgreyEnvironment
  readonly env: HostEnv
}

export interface Loaded {
  /** Complete also when there are problems (defaults stand in), for showing; run only a configuration without. */
  readonly config: Config
  readonly sources: ReadonlyMap<string, Source>
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** For showing, and for names that are no parameters. */
  readonly settings: Settings
}

/** Builds the whole configuration. Never throws for what stands in the file. */
export function loadConfig(options: LoadOptions): Loaded {
  const file = parseMainCf(options.mainCf, options.path)
  const problems: Problem[] = [...file.problems]
  const warnings: Problem[] = [...file.warnings]
  const set = new Map<string, Setting>()
  const sources = new Map<string, Source>()
  for (const setting of file.settings) {
    set.set(setting.name, setting)
    sources.set(setting.name, { kind: 'file', place: setting.at })
  }
  for (const option of options.overrides ?? []) {
    const setting = parseOverride(option)
    if ('text' in setting) {
      problems.push(setting)
      continue
    }
    set.set(setting.name, setting)
    sources.set(setting.name, { kind: 'option', place: setting.at })
  }
  const postgrey = postgreySettings(set, options.environment ?? {})
  problems.push(...postgrey.problems)
  warnings.push(...postgrey.warnings)
  for (const setting of postgrey.settings) {
    set.set(setting.name, setting)
    sources.set(setting.name, { kind: setting.at.line > 0 ? 'file' : 'option', place: setting.at })
  }
  for (const name of allParams.map(param => param.name)) if (!set.has(name)) sources.set(name, { kind: 'default' })

  const settings = new Settings(set, options)
  const loading: Loading = {
    settings,
    pristine: new Settings(new Map(), options),
    set,
    problems,
    warnings,
    told: new Set(),
  }
  problems.push(...unknownNames(loading, options.masterCf ?? ''))
  for (const setting of set.values()) warnings.push(...lostLineBreaks(setting))
  const values = parseAll(loading)
  const config: Config = {
    ...values,
    restriction_classes: readClasses(loading, values),
    own_addresses: ownInterfaces(
      { inetInterfaces: values.inet_interfaces.join(' '), inetProtocols: values.inet_protocols.join(' ') },
      options.env,
    ).map(each => each.address),
  }
  const cross = crossChecks(config, name => set.get(name)?.value.place(0) ?? defaultPlace(name))
  problems.push(...cross.problems)
  warnings.push(...cross.warnings)
  return { config, sources, problems: inOrder(problems), warnings: inOrder(warnings), settings }
}

/** Names that may stand in a main.cf, for did-you-mean. */
export function parameterNames(): readonly string[] {
  return [...allParams.map(param => param.name), ...otherPostfixNames]
}

interface Loading {
  readonly settings: Settings
  /** The defaults with nothing set. */
  readonly pristine: Settings
  readonly set: ReadonlyMap<string, Setting>
  readonly problems: Problem[]
  readonly warnings: Problem[]
  /** Places and texts already told: several parameters may use one broken value. */
  readonly told: Set<string>
}

function parseAll(loading: Loading): ParamValues {
  const values = new Map<ParamName, unknown>()
  for (const param of allParams) values.set(param.name, parseParam(param, loading))
  // Each value was made by the type that the catalogue pairs with its name.
  return Object.fromEntries(values) as ParamValues
}

function parseParam(param: AnyParam, loading: Loading): unknown {
  // A union of ParamTypes cannot be called; every member takes the same arguments, and the caller takes unknown.
  const type = param.type as ParamType<unknown>
  const standard = expandDefault(param, loading)
  const setting = loading.set.get(param.name)
  if (setting === undefined) return parseDefault(param, standard, loading)
  const written = loading.settings.lookup(param.name) ?? setting.value
  const value = type.raw === true ? written : expandSetting(param.name, written, loading)
  if (value === null) return parseDefault(param, standard, loading)
  const parsed = type.parse(value, { defaultText: standard.text })
  if (parsed.ok) return parsed.value
  const wanted = parsed.instead ?? type.wanted
  tell(loading, {
    place: value.place(parsed.offset),
    text: `cannot use "${shorten(parsed.word)}" for ${param.name}: expected ${wanted}`,
  })
  return parseDefault(param, standard, loading)
}

/** A default may quote another parameter that is set badly; the defaults alone are always good. */
function parseDefault(param: AnyParam, standard: PlacedText, loading: Loading): unknown {
  const type = param.type as ParamType<unknown>
  const parsed = type.parse(standard, { defaultText: standard.text })
  if (parsed.ok) return parsed.value
  const pristine = loading.pristine.defaultText(param.name)
  const value = type.raw === true ? pristine : (loading.pristine.tryExpand(pristine) ?? pristine)
  const plain = type.parse(value, { defaultText: value.text })
  if (!plain.ok) throw new Error(`Cannot use the default of ${param.name}: "${value.text}"`)
  return plain.value
}

function expandDefault(param: AnyParam, loading: Loading): PlacedText {
  const text = loading.settings.defaultText(param.name)
  if (param.type.raw === true) return text
  return loading.settings.tryExpand(text) ?? placedAs('', defaultPlace(param.name).file)
}

/** Null when it cannot be expanded, which is told. */
function expandSetting(parameter: string, text: PlacedText, loading: Loading): PlacedText | null {
  try {
    const { value, undefinedNames } = expandValue(text, name => loading.settings.lookup(name))
    for (const { name, place } of undefinedNames) {
      if (isPostfixName(name)) continue
      const text = `"$${name}" in ${parameter} is not set anywhere${didYouMean(name, parameterNames())}`
      if (!loading.told.has(key(place, text))) loading.warnings.push({ place, text })
      loading.told.add(key(place, text))
    }
    return value
  } catch (error) {
    if (!(error instanceof ExpandError)) throw error
    tell(loading, { place: error.place, text: `cannot expand ${parameter}: ${error.message}` })
    return null
  }
}

function readClasses(loading: Loading, values: ParamValues): ReadonlyMap<string, readonly Word[]> {
  const classes = new Map<string, readonly Word[]>()
  for (const name of values.smtpd_restriction_classes) {
    const setting = loading.set.get(name)
    const value = setting === undefined ? null : expandSetting(name, setting.value, loading)
    classes.set(name, value === null ? [] : placedWords(value))
  }
  return classes
}

/** Names that are no parameter, no name of Postfix, no restriction class, and that no value uses. */
function unknownNames(loading: Loading, masterCf: string): readonly Problem[] {
  const used = new Set(macNames(masterCf))
  for (const setting of loading.set.values()) for (const name of macNames(setting.value.text)) used.add(name)
  for (const param of allParams) for (const name of macNames(param.default)) used.add(name)
  const classes = new Set(splitWords(loading.settings.expandName('smtpd_restriction_classes') ?? ''))
  const databases = databaseNames(loading.set.values())
  const names = parameterNames()
  const ours: readonly string[] = allParams.map(param => param.name)
  const problems: Problem[] = []
  for (const { name, at } of loading.set.values()) {
    if (findParam(name) !== undefined || used.has(name) || classes.has(name) || otherPostfixNames.has(name)) continue
    if (POSTGREY_NAMES.some(each => each === name)) continue
    if (databases.some(database => name.startsWith(`${database}_`))) continue
    // `smptd_recipient_limit` looks like the limit of a transport "smptd"; nearness to a name of ours decides.
    if (isPostfixName(name) && suggestName(name, ours) === null) continue
    problems.push({ place: at, text: `unknown parameter "${name}"${didYouMean(name, names)}` })
  }
  return problems
}

/** Copied from a web page, two settings easily come to stand in one line. */
function lostLineBreaks({ name, value }: Setting): readonly Problem[] {
  const warnings: Problem[] = []
  for (const match of value.text.matchAll(/(?<=[ \t,])([A-Za-z0-9_]+)[ \t]*=[ \t]/g)) {
    if (findParam(match[1] ?? '') === undefined) continue
    const text = `"${match[1]} =" is part of the value of ${name}: is a line break missing in front of it?`
    warnings.push({ place: value.place(match.index), text })
  }
  return warnings
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** `ldap:name` without a path takes its settings from main.cf, as name_server_host and so on. */
function databaseNames(settings: Iterable<Setting>): readonly string[] {
  const names: string[] = []
  for (const { value } of settings) {
    for (const match of value.text.matchAll(/\b(?:ldap|mysql|pgsql|sqlite|memcache|mongodb):([A-Za-z0-9_-]+)/g)) {
      if (match[1] !== undefined) names.push(match[1])
    }
  }
  return names
}

function tell(loading: Loading, problem: Problem): void {
  const mark = key(problem.place, problem.text)
  if (!loading.told.has(mark)) loading.problems.push(problem)
  loading.told.add(mark)
}

function key(place: Place, text: string): string {
  return `${place.file}\n${place.line}\n${place.column}\n${text}`
}

function defaultPlace(name: string): Place {
  return { file: `default of ${name}`, line: 0, column: 0 }
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
}
