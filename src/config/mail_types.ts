/** Kinds of values that go into mail, the DNS or replies as they are: what is no good there is told when main.cf is read. */
import { parseIp } from '../util/ip.ts'
import { findBadPercent } from '../util/percent_text.ts'
import { splitPlacedWords, trimBlanks } from '../util/words.ts'
import type { ParamType, Parsed } from './types.ts'

/** RFC 1035 2.3.4, as text without the root; with "_", which names in the DNS may have. */
const DOMAIN =
  /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/
/** RFC 5321 4.1.2 Dot-string, RFC 5321 4.5.3.1.1. */
const LOCAL_PART = /^(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@/
/** RFC 5322 2.1.1, without CRLF. */
const MAX_LINE = 998
/** RFC 5321 4.5.3.1.5: 512 with code, enhanced code, a domain and CRLF; a reply is one line. */
const MAX_REPLY = 240
/** RFC 8601 2.2: a value of RFC 2045 5.1; RFC 8616 5 allows more than ASCII. What ends or splits a value is left out. */
const AUTHSERV_ID = /^[^\x00-\x20\x7f()<>@,;:\\"/[\]?=]+$/

function good<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

/** A domain, or nothing. */
export function domain(): ParamType<string> {
  return wholeText({
    kind: 'domain',
    wanted: 'a domain such as example.com, in ASCII (xn--… for others)',
    isGood: text => text === '' || isDomain(text),
  })
}

/** Domains; ".example.com" stands for all below it. */
export function domains(): ParamType<readonly string[]> {
  return words({
    kind: 'list of domains',
    wanted: 'domains such as example.com, or .example.com for all below it, in ASCII (xn--… for others)',
    isGood: word => isDomain(word.startsWith('.') ? word.slice(1) : word),
  })
}

/** The name below _domainkey of a key in the DNS (RFC 6376 3.1). */
export function selector(): ParamType<string> {
  return wholeText({ kind: 'selector', wanted: 'a selector such as mail or s1.2026', isGood: isDomain })
}

/** A mail address that goes into headers without quotes, or nothing. */
export function address(): ParamType<string> {
  return wholeText({
    kind: 'mail address',
    wanted: 'a mail address such as postmaster@example.com, in ASCII',
    isGood: text => text === '' || (LOCAL_PART.test(text) && isDomain(text.slice(text.indexOf('@') + 1))),
  })
}

/** Who says so in Authentication-Results. */
export function authservId(): ParamType<string> {
  return wholeText({
    kind: 'authserv-id',
    wanted: 'a name such as mx.example.com (RFC 8601 2.5)',
    isGood: text => AUTHSERV_ID.test(text),
  })
}

export function authservIds(): ParamType<readonly string[]> {
  return words({
    kind: 'list of authserv-ids',
    wanted: 'names such as mx.example.com (RFC 8601 2.5)',
    isGood: word => AUTHSERV_ID.test(word),
  })
}

/** One header field, "Name: value", or nothing. */
export function headerLine(): ParamType<string> {
  return wholeText({
    kind: 'header line',
    wanted: `a header line such as "X-Spam-Flag: YES", in ASCII, of at most ${MAX_LINE} characters`,
    // RFC 5322 2.2: printable ASCII but ":". Without a blank the value would still be one, but nobody writes that.
    isGood: text => text === '' || (/^[!-9;-~]+:[\t -~]*[!-~]$/.test(text) && text.length <= MAX_LINE),
  })
}

/** The text of a reply, in which "%s" is a domain. */
export function replyText(): ParamType<string> {
  const wanted = `a text in ASCII of at most ${MAX_REPLY} characters, in which %s is the domain and %% a percent sign`
  return {
    kind: 'text of a reply',
    wanted,
    parse(value) {
      const percent = findBadPercent(value.text)
      if (percent !== null) return { ok: false, ...percent, instead: '%s for the domain, or %% for a percent sign' }
      const isGood = /^[ -~]*[!-~][ -~]*$/.test(value.text) && value.text.length <= MAX_REPLY
      return isGood ? good(value.text) : { ok: false, word: value.text, offset: 0 }
    },
  }
}

/** An IP address, or nothing. */
export function ipAddress(): ParamType<string> {
  return wholeText({
    kind: 'IP address',
    wanted: 'an IP address',
    isGood: text => text === '' || parseIp(text) !== null,
  })
}

/** A file, or nothing. A word without "/" is no path, wherever the program happens to run. */
export function file(): ParamType<string> {
  return wholeText({
    kind: 'path',
    wanted: 'the path of a file that begins with /',
    isGood: text => text === '' || (text.includes('/') && !/[\x00-\x1f\x7f]/.test(text)),
  })
}

function isDomain(text: string): boolean {
  return DOMAIN.test(text)
}

interface Kind {
  readonly kind: string
  readonly wanted: string
  isGood(text: string): boolean
}

function wholeText({ kind, wanted, isGood }: Kind): ParamType<string> {
  return {
    kind,
    wanted,
    parse(value) {
      const text = trimBlanks(value.text)
      return isGood(text) ? good(text) : { ok: false, word: value.text, offset: 0 }
    },
  }
}

function words({ kind, wanted, isGood }: Kind): ParamType<readonly string[]> {
  return {
    kind,
    wanted,
    parse(value) {
      const found = splitPlacedWords(value.text)
      const wrong = found.find(({ text }) => !isGood(text))
      if (wrong !== undefined) return { ok: false, word: wrong.text, offset: wrong.offset }
      return good(found.map(({ text }) => text))
    },
  }
}
