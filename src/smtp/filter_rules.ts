import type { FilterRules } from './message_filter.ts'
import type { MimeError } from './mime_errors.ts'
import type { SmtpConfig } from './settings.ts'

const CHECKS = ['header_checks', 'mime_header_checks', 'nested_header_checks', 'body_checks'] as const

export function filterRules(config: SmtpConfig): FilterRules {
  return {
    headerSizeLimit: config.header_size_limit,
    bodyChecksSizeLimit: config.body_checks_size_limit,
    nestingLimit: config.mime_nesting_limit,
    boundaryLimit: config.mime_boundary_length_limit,
    mimeOff: config.disable_mime_input_processing,
    hopcountLimit: config.hopcount_limit,
    dropHeaders: new Set(config.message_drop_headers.map(name => name.toLowerCase())),
    rejectBytes: byteSet(config.message_reject_characters),
    stripBytes: byteSet(config.message_strip_characters),
    replaceStrayCr: config.cleanup_replace_stray_cr_lf,
    mimeErrors: mimeErrors(config),
    checks: new Set(CHECKS.filter(name => config[name].length > 0)),
  }
}

/** Postfix cleanup_message. */
function mimeErrors(config: SmtpConfig): ReadonlySet<MimeError> {
  const errors = new Set<MimeError>()
  if (config.disable_mime_input_processing) return errors
  if (config.strict_8bitmime || config.strict_7bit_headers) errors.add('header')
  if (config.strict_8bitmime || config.strict_8bitmime_body) errors.add('body')
  if (config.strict_mime_encoding_domain) errors.add('domain')
  const headers = [config.header_checks, config.mime_header_checks, config.nested_header_checks]
  if (errors.size > 0 || headers.some(tables => tables.length > 0)) errors.add('nesting')
  return errors
}

/** Characters with C escapes: "\0" is NUL (message_strip_characters). */
function byteSet(text: string): ReadonlySet<number> {
  const named: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 }
  const bytes = new Set<number>()
  for (const match of text.matchAll(/\\([0-7]{1,3})|\\([\s\S])|([^\\])/g)) {
    const [, octal, escaped, plain] = match
    if (octal !== undefined) bytes.add(Number.parseInt(octal, 8) & 0xff)
    else if (escaped !== undefined) bytes.add(named[escaped] ?? escaped.charCodeAt(0) & 0xff)
    else for (const byte of Buffer.from(plain ?? '')) bytes.add(byte)
  }
  return bytes
}
