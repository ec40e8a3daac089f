/** The kinds of values that parameters have. Each parses main.cf text, and says what it wants when the text is no good. */
import { readBraces, splitPlacedWords, splitWords, trimBlanks } from '../util/words.ts'
import { inOurWords } from './milter_socket.ts'
import type { PlacedText, Word } from './place.ts'

export interface ParamType<T> {
  /** Names the type in the manual: "time", "yes or no", "list of tables" … */
  readonly kind: string
  /** Completes "expected …". */
  readonly wanted: string
  /** `$` is kept for when the value is used. */
  readonly raw?: true
  /** The text for showing, what is secret in it left out; only where something may be. */
  hide?(text: string): string
  parse(value: PlacedText, context: ParseContext): Parsed<T>
}

export interface ParseContext {
  /** The expanded default; a time without a unit takes the unit from it. */
  readonly defaultText: string
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `word`: the part that is wrong, `offset`: where it begins. `instead`: better than the type's own `wanted`. */
  | { readonly ok: false; readonly word: string; readonly offset: number; readonly instead?: string }

/** An address to listen on or to connect to. */
export type Endpoint = (
  | { readonly kind: 'inet'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
) & {
  /** As written: "inet:127.0.0.1:25", "unix:private/policy". */
  readonly text: string
  /** What stands between braces behind it, split into words; null without braces. */
  readonly words: readonly Word[] | null
}

/** Postfix: INT_MAX. */
const INT_MAX = 2_147_483_647
const LONG_MAX = Number.MAX_SAFE_INTEGER

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
])

function good<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

function bad(value: PlacedText): { readonly ok: false; readonly word: string; readonly offset: number } {
  return { ok: false, word: value.text, offset: 0 }
}

/** Any text, `$` expanded. */
export function text(): ParamType<string> {
  return { kind: 'text', wanted: 'a text', parse: value => good(value.text) }
}

/** Text that is never shown. */
export function secret(): ParamType<string> {
  return { ...text(), hide: shown => (shown === '' ? '' : '***') }
}

/** Text that must not be empty. */
export function filledText(): ParamType<string> {
  return {
    kind: 'text',
    wanted: 'a text that is not empty',
    parse: value => (value.text === '' ? bad(value) : good(value.text)),
  }
}

/** Text whose `$name` parts are filled in when it is used, such as a reply. */
export function template(): ParamType<string> {
  return { kind: 'text with $names for later', wanted: 'a text', raw: true, parse: value => good(value.text) }
}

/** A set of characters, written with C escapes such as \t, \40 or \\; `$` stands for itself. */
export function characterSet(): ParamType<string> {
  return {
    kind: 'characters',
    wanted: 'a set of characters',
    raw: true,
    parse: value => (value.text === '' ? bad(value) : good(unescapeC(value.text))),
  }
}

/** Seconds. `minimum` in seconds; 0: any. Postfix takes the unit of a bare number from the default. */
export function duration(minimum = 0): ParamType<number> {
  return {
    kind: 'time',
    wanted: 'a time such as 30s, 5m, 2h, 1d or 1w',
    parse(value, { defaultText }) {
      const defaultUnit = /[A-Za-z]/.exec(defaultText)?.[0] ?? 's'
      const match = /^[ \t\r\n]*\+?([0-9]{1,15})([A-Za-z]?)$/.exec(value.text)
      const perUnit = UNIT_SECONDS.get(match?.[2] || defaultUnit)
      if (match === null || perUnit === undefined) return bad(value)
      const seconds = Number(match[1]) * perUnit
      if (seconds > INT_MAX) return { ...bad(value), instead: `a time of at most ${INT_MAX} seconds` }
      if (seconds < minimum) return { ...bad(value), instead: `a time of at least ${minimum}s` }
      return good(seconds)
    },
  }
}

interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** A whole number. */
export function int(bounds: Bounds = {}): ParamType<number> {
  return wholeNumber({ kind: 'number', noun: 'a whole number', max: INT_MAX, ...bounds })
}

/** File permissions in octal. */
export function octalMode(): ParamType<number> {
  return {
    kind: 'octal mode',
    wanted: 'an octal number such as 0666',
    parse: value => (/^[0-7]{1,4}$/.test(value.text) ? good(Number.parseInt(value.text, 8)) : bad(value)),
  }
}

/** A number of bytes. */
export function size(bounds: Bounds = {}): ParamType<number> {
  return wholeNumber({ kind: 'number of bytes', noun: 'a number of bytes', max: LONG_MAX, ...bounds })
}

/** A whole number, or null for "auto". */
export function intOrAuto(bounds: Bounds = {}): ParamType<number | null> {
  const number = int(bounds)
  return {
    kind: 'number or auto',
    wanted: `${number.wanted}, or auto`,
    parse: (value, context) => (value.text === 'auto' ? good(null) : number.parse(value, context)),
  }
}

function wholeNumber(options: { kind: string; noun: string; min?: number; max: number }): ParamType<number> {
  const { kind, noun, min = 0, max } = options
  return {
    kind,
    wanted: `${noun} from ${min} to ${max}`,
    parse(value) {
      if (!/^[ \t\r\n]*[+-]?[0-9]{1,16}$/.test(value.text)) return bad(value)
      const number = Number(value.text)
      return number < min || number > max ? bad(value) : good(number)
    },
  }
}

/** An SMTP reply code. Postfix takes any number and stumbles over it at the first refusal; this tells at once. */
export function replyCode(bounds: Bounds = {}): ParamType<number> {
  const { min = 400, max = 599 } = bounds
  return {
    kind: 'reply code',
    wanted: `a three-digit reply code from ${min} to ${max}, such as ${min === 500 ? 550 : 450}`,
    parse(value) {
      const code = Number(value.text)
      return /^[0-9]{3}$/.test(value.text) && code >= min && code <= max ? good(code) : bad(value)
    },
  }
}

/** "yes" or "no" in any case, as in Postfix; nothing else. */
export function yesNo(): ParamType<boolean> {
  return {
    kind: 'yes or no',
    wanted: 'yes or no',
    parse(value) {
      const lower = value.text.toLowerCase()
      return lower === 'yes' || lower === 'no' ? good(lower === 'yes') : bad(value)
    },
  }
}

/** One of a few words; `values` may contain ''. */
export function oneOf<const V extends string>(...values: readonly V[]): ParamType<V> {
  const shown = values.map(value => value || '(nothing)')
  const wanted = shown.length === 1 ? `${shown[0]}` : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`
  return {
    kind: wanted,
    wanted,
    parse(value) {
      const found = values.find(candidate => candidate === value.text.toLowerCase())
      return found === undefined ? bad(value) : good(found)
    },
  }
}

/** Words by blank, comma or line; braces hold together. */
export function list(kind = 'list'): ParamType<readonly string[]> {
  return { kind, wanted: 'a list', parse: value => good(splitWords(value.text)) }
}

/** A match list: names, addresses, networks, "!" patterns, /file, type:table. `match_list` gives the words their meaning. */
export function matchList(): ParamType<readonly string[]> {
  return list('match list')
}

/** A list of the given words only. */
export function listOf<const V extends string>(...values: readonly V[]): ParamType<readonly V[]> {
  return {
    kind: `list of ${values.join(', ')}`,
    wanted: `a list of ${values.join(', ')}`,
    parse(value) {
      const found: V[] = []
      for (const word of splitPlacedWords(value.text)) {
        const match = values.find(candidate => candidate === word.text.toLowerCase())
        if (match === undefined) return { ok: false, word: word.text, offset: word.offset }
        found.push(match)
      }
      return good(found)
    },
  }
}

/** Lookup tables, "type:name" each. */
export function tableList(): ParamType<readonly string[]> {
  return {
    kind: 'list of tables',
    wanted: 'lookup tables such as hash:/etc/postfix/access',
    parse(value) {
      const words = splitPlacedWords(value.text)
      const wrong = words.find(word => !/^[A-Za-z][A-Za-z0-9_-]*:./s.test(word.text))
      if (wrong !== undefined) return { ok: false, word: wrong.text, offset: wrong.offset }
      return good(words.map(word => word.text))
    },
  }
}

/** Restrictions with their arguments, not yet given a meaning. */
export function restrictionList(): ParamType<readonly Word[]> {
  return { kind: 'restrictions', wanted: 'restrictions', parse: value => good(placedWords(value)) }
}

/** Addresses to listen on. */
export function endpoints(): ParamType<readonly Endpoint[]> {
  return {
    kind: 'list of endpoints',
    wanted: 'endpoints such as inet:127.0.0.1:25, inet:[::1]:25 or unix:PATH',
    parse(value) {
      const found: Endpoint[] = []
      for (const word of splitPlacedWords(value.text)) {
        const last = found.at(-1)
        if (word.text.startsWith('{') && last !== undefined && last.words === null) {
          const braces = readBraces(word.text)
          if ('problem' in braces) return { ok: false, word: word.text, offset: word.offset }
          found[found.length - 1] = { ...last, words: placedWords(inside(value, word)) }
          continue
        }
        const endpoint = parseEndpoint(word.text)
        if (endpoint === null) {
          const ours = inOurWords(word.text)
          const hint = ours === null ? {} : { instead: `${ours}, which is the same in the syntax of main.cf` }
          return { ok: false, word: word.text, offset: word.offset, ...hint }
        }
        found.push(endpoint)
      }
      return good(found)
    },
  }
}

/** Addresses to listen on for policy requests, each with the restrictions that it runs between braces. */
export function policyEndpoints(): ParamType<readonly Endpoint[]> {
  const addresses = endpoints()
  return {
    kind: 'list of endpoints with restrictions',
    wanted: 'endpoints such as inet:127.0.0.1:10023 { check_greylist } or unix:private/policyd-spf { check_spf }',
    parse(value, context) {
      const parsed = addresses.parse(value, context)
      if (!parsed.ok) return parsed
      const seen = new Set<string>()
      for (const word of splitPlacedWords(value.text)) {
        if (/^\{\s*\}$/.test(word.text))
          return { ok: false, word: word.text, offset: word.offset, instead: 'restrictions between the braces' }
        if (word.text.startsWith('{')) continue
        if (seen.has(word.text) && !word.text.endsWith(':0'))
          return { ok: false, word: word.text, offset: word.offset, instead: 'each endpoint once' }
        seen.add(word.text)
      }
      return parsed
    },
  }
}

function inside(value: PlacedText, word: { readonly text: string; readonly offset: number }): PlacedText {
  return { text: word.text.slice(1, -1), place: offset => value.place(word.offset + 1 + offset) }
}

/** "inet:ADDR:PORT", "inet:[V6]:PORT", "unix:PATH"; null when it is none of these. */
export function parseEndpoint(text: string): Endpoint | null {
  const unix = /^unix:(.+)$/s.exec(text)
  if (unix?.[1] !== undefined) return { kind: 'unix', path: unix[1], text, words: null }
  const inet = /^inet:(?:\[([0-9A-Fa-f:.%]+)\]|([^:\s[\]]*)):([0-9]{1,5})$/.exec(text)
  if (inet === null) return null
  const port = Number(inet[3])
  return port > 65_535 ? null : { kind: 'inet', address: inet[1] ?? inet[2] ?? '', port, text, words: null }
}

/** The words of a text with their places. */
export function placedWords(value: PlacedText): readonly Word[] {
  return splitPlacedWords(value.text).map(word => ({ text: word.text, ...value.place(word.offset) }))
}

/** Postfix unescapeC(3): C escapes with up to three octal digits; another escaped character stands for itself. */
function unescapeC(text: string): string {
  const letters: ReadonlyMap<string, string> = new Map([
    ['a', '\x07'],
    ['b', '\b'],
    ['f', '\f'],
    ['n', '\n'],
    ['r', '\r'],
    ['t', '\t'],
    ['v', '\v'],
  ])
  return text.replace(/\\(?:([0-7]{1,3})|(.))/gs, (_, octal: string | undefined, char: string | undefined) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    return letters.get(char ?? '') ?? char ?? ''
  })
}

/** An absolute path, or nothing. */
export function path(): ParamType<string> {
  return { kind: 'path', wanted: 'a path', parse: value => good(trimBlanks(value.text)) }
}
