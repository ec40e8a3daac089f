import type { AuthEnvelope, DkimAnswer, MessageVerdict } from '../../model/mail_auth.ts'
import type { SpfAnswer } from '../../model/spf.ts'

type LogLine = MessageVerdict['log'][number]

/** Postfix and syslog know no line ends, and strangers shall not make any. */
function line(daemon: LogLine['daemon'], text: string): LogLine {
  return { daemon, text: text.replace(/[^\x20-\x7e]/g, '?') }
}

/** opendmarc's lines, as they are. */
export function opendmarcLines(texts: readonly string[]): readonly LogLine[] {
  return texts.map(text => line('opendmarc', text))
}

/** opendmarc: "SPF(mailfrom): example.org pass". */
export function spfLine({ result, domain }: SpfAnswer, { sender }: AuthEnvelope): string {
  const word = result === 'temperror' ? 'tempfail' : result
  return `SPF(${sender === '' ? 'helo' : 'mailfrom'}): ${domain} ${word}`
}

/** opendkim's: one line that a signature is good, else why the first is not. */
export function opendkimLines(answers: readonly DkimAnswer[]): readonly LogLine[] {
  const [first] = answers
  if (first === undefined) return []
  if (answers.some(answer => answer.result === 'pass')) return [line('opendkim', 'DKIM verification successful')]
  return [line('opendkim', failureText(first))]
}

function failureText({ result, selector, domain, problem }: DkimAnswer): string {
  if (result === 'fail') return `bad signature data (s=${selector}, d=${domain})`
  if (result === 'temperror') return `key retrieval failed (s=${selector}, d=${domain}): ${problem ?? ''}`
  return `s=${selector} d=${domain} ${result}: ${problem ?? ''}`
}
