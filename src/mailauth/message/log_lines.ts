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

/**
 * opendkim's: that a signature is good, or why the first is not. What each came to (its LogResults) is told where not all are good.
 */
export function opendkimLines(answers: readonly DkimAnswer[]): readonly LogLine[] {
  const [first] = answers
  if (first === undefined) return []
  const hasPassed = answers.some(answer => answer.result === 'pass')
  const conclusion = hasPassed ? 'DKIM verification successful' : failureText(first)
  const details = answers.every(answer => answer.result === 'pass') ? [] : [answers.map(resultText).join('; ')]
  return [...details, conclusion].map(text => line('opendkim', text))
}

function resultText({ tag, domain, selector, problem }: DkimAnswer): string {
  return `signature=${tag} domain=${domain} selector=${selector} result="${problem ?? 'no signature error'}"`
}

function failureText({ result, selector, domain, problem }: DkimAnswer): string {
  if (result === 'fail') return 'bad signature data'
  const failed = `key retrieval failed (s=${selector}, d=${domain}): `
  if (result === 'temperror') return `${failed}${problem ?? ''}`
  if (problem === 'no key') return `${failed}'${selector}._domainkey.${domain}' record not found`
  return `s=${selector} d=${domain} ${result}: ${problem ?? ''}`
}
