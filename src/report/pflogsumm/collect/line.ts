/** A line of Postfix as pflogsumm cuts it, for the lanes that work with strings. */

export interface PostfixLine {
  /** From the name of the program to the end: "postfix/smtpd[12]: NOQUEUE: reject: …". */
  readonly text: string
  /** "smtpd". */
  readonly daemon: string
  /** The first word of the message, without its colon: a queue id, "NOQUEUE", "warning", "connect". */
  readonly word: string
}

/** Cuts lines of Postfix, and of instances whose syslog name matches `syslogName`, a regular expression; null: another program. */
export function lineCutter(syslogName: string): (text: string) => PostfixLine | null {
  const name = syslogName === '' ? 'postfix' : syslogName
  const daemon = new RegExp(`^(?:postfix|${name})(?:/(?:smtps|submission))?/([^[:]*).*?: ([^: \\t\\n\\v\\f\\r]+)`, 's')
  const script = /^(postfix(?:-script)?)(?:\[\d+\])?: ([^: \t\n\v\f\r]+)/
  return text => {
    const parts = daemon.exec(text) ?? script.exec(text)
    if (parts === null) return null
    // A name with groups of its own would shift ours: they are the last two.
    return { text, daemon: parts.at(-2) ?? '', word: parts.at(-1) ?? '' }
  }
}

/** Solaris writes "[ID 197553 mail.info] " before the message. */
export function withoutMessageId(text: string): string {
  return text.includes(': [ID ') ? text.replace(/: \[ID \d+ [^\]]+\] /, ': ') : text
}
