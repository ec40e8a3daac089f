import { findParam } from './catalogue.ts'
import { ExpandError, expandValue } from './expand.ts'
import { defaultMydomain, defaultMyhostname, defaultMynetworks, type HostEnv, ownInterfaces } from './host.ts'
import type { Setting } from './main_cf.ts'
import { type PlacedText, placedAs } from './place.ts'

interface Surroundings {
  readonly path: string
  readonly env: HostEnv
}

/** All texts of a configuration by name: what is set, and the defaults, those of the machine included. */
export class Settings {
  readonly #set: ReadonlyMap<string, Setting>
  readonly #surroundings: Surroundings
  readonly #computed = new Map<string, string>()
  /** Names whose default is being computed; asked for again they stand for nothing, as in Postfix. */
  readonly #busy = new Set<string>()

  constructor(set: ReadonlyMap<string, Setting>, surroundings: Surroundings) {
    this.#set = set
    this.#surroundings = surroundings
  }

  /** Names that are set, in the order of the file. */
  names(): readonly string[] {
    return [...this.#set.keys()]
  }

  isSet(name: string): boolean {
    return this.#set.has(name)
  }

  /** The text of a name that is set, as written; '' when it is not set. */
  written(name: string): PlacedText {
    return this.#set.get(name)?.value ?? placedAs('', name)
  }

  /** The unexpanded text of a name; undefined: neither set nor a parameter. */
  lookup(name: string): PlacedText | undefined {
    const setting = this.#set.get(name)
    if (setting !== undefined) return name === 'myorigin' ? this.#readOrigin(setting.value) : setting.value
    if (findParam(name) === undefined || this.#busy.has(name)) return undefined
    return this.defaultText(name)
  }

  /** The expanded text of a name; undefined also when it cannot be expanded. */
  expandName(name: string): string | undefined {
    const text = this.lookup(name)
    return text === undefined ? undefined : this.tryExpand(text)?.text
  }

  /** The default of a parameter, unexpanded; '' for other names. */
  defaultText(name: string): PlacedText {
    const param = findParam(name)
    const file = `default of ${name}`
    if (param === undefined) return placedAs('', file)
    return placedAs(param.computed === true ? this.#compute(name) : param.default, file)
  }

  /** Expands a text; null when it cannot be. */
  tryExpand(text: PlacedText): PlacedText | null {
    try {
      return expandValue(text, name => this.lookup(name)).value
    } catch (error) {
      if (error instanceof ExpandError) return null
      throw error
    }
  }

  #compute(name: string): string {
    const known = this.#computed.get(name)
    if (known !== undefined) return known
    this.#busy.add(name)
    const value = this.#computeNow(name)
    this.#busy.delete(name)
    this.#computed.set(name, value)
    return value
  }

  #computeNow(name: string): string {
    const { path, env } = this.#surroundings
    if (name === 'config_directory') return directoryOf(path)
    if (name === 'myhostname') {
      const mydomain = this.isSet('mydomain') ? this.expandName('mydomain') : undefined
      return defaultMyhostname(env.hostname, mydomain)
    }
    if (name === 'mydomain') return defaultMydomain(this.expandName('myhostname') ?? env.hostname)
    const settings = {
      inetInterfaces: this.expandName('inet_interfaces') ?? 'all',
      inetProtocols: this.expandName('inet_protocols') ?? 'all',
    }
    return defaultMynetworks(this.expandName('mynetworks_style') ?? 'host', ownInterfaces(settings, env))
  }

  /** Debian: `myorigin = /etc/mailname` means the first line of that file. */
  #readOrigin(value: PlacedText): PlacedText {
    if (!value.text.startsWith('/')) return value
    const line = this.#surroundings.env.readFirstLine(value.text)
    return line === null ? value : { text: line.trim(), place: () => value.place(0) }
  }
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash < 0) return '.'
  return slash === 0 ? '/' : path.slice(0, slash)
}
