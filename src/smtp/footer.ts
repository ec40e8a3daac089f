import { macExpand } from '../util/mac_expand.ts'

/** What `$name` in a footer means; undefined: no such name. */
export type FooterLookup = (name: string) => string | undefined

export interface FooterOptions {
  readonly lookup: FooterLookup
  /** smtpd_expansion_filter */
  readonly allow: string
}

/**
 * A refusal with smtpd_reject_footer behind it (Postfix smtp_reply_footer): each line of the footer repeats code and enhanced
 * status, `\c` at the start joins its first line to the reply, `\n` begins a new one. A broken footer leaves the reply as it was.
 */
export function addFooter(reply: string, template: string, options: FooterOptions): string {
  const lines = reply.split('\r\n')
  const last = lines.at(-1) ?? ''
  if (!lines.every(line => /^\d{3}[ -]/.test(line))) return reply
  const code = last.slice(0, 3)
  const status = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/.exec(last.slice(4))?.[0] ?? ''
  const added: string[] = []
  let joined = ''
  try {
    for (const [index, part] of template.split('\\n').entries()) {
      const joins = index === 0 && part.startsWith('\\c')
      const text = macExpand(joins ? part.slice(2) : part, options.lookup, { allow: options.allow })
      if (joins) joined = text
      else added.push(status === '' ? text : `${status} ${text}`)
    }
  } catch {
    return reply
  }
  const whole = [...lines.slice(0, -1), last + joined]
  const all = [...whole.map(line => line.slice(4)), ...added]
  const codes = [...whole.map(line => line.slice(0, 3)), ...added.map(() => code)]
  return all.map((text, index) => `${codes[index]}${index < all.length - 1 ? '-' : ' '}${text}`).join('\r\n')
}
