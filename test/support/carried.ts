import assert from 'node:assert/strict'
import { headerNameLength } from '../../src/mail/mime.ts'

/** The field on top, our Received field, and the rest. */
export function splitOff(carried: string): readonly string[] {
  const field = /^[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*/
  const top = field.exec(carried)?.[0] ?? ''
  const received = field.exec(carried.slice(top.length))?.[0] ?? ''
  assert.match(received, /^Received: from client\.example /)
  return [top, received, carried.slice(top.length + received.length)]
}

/** What becomes of a message that passes Postfix, or Postern, with message_drop_headers empty; `withoutReceived`: the nth of these is taken out. */
export function expected(sent: string, { withoutReceived }: { readonly withoutReceived: number }): string {
  let received = 0
  let dropping = false
  const whole = withBlankLine(sent.replace(/\r+\n/g, '\r\n'))
  const end = whole.indexOf('\r\n\r\n') + 2
  const header = whole.startsWith('\r\n') ? '' : whole.slice(0, end)
  const kept = header
    .split(/(?<=\r\n)/)
    .filter(line => {
      if (!/^[ \t]/.test(line)) dropping = /^Received[ \t]*:/i.test(line) && ++received === withoutReceived
      return !dropping
    })
    .join('')
  return (kept + whole.slice(header.length)).replace(/\r(?!\n)/g, ' ')
}

/** Header and body, with an empty line between them even if the message had none. */
export function withBlankLine(text: string): string {
  const lines = text.split('\r\n')
  let at = 0
  for (; at < lines.length - 1; at++) {
    const line = lines[at] ?? ''
    if (line === '') return text
    const folds = at > 0 && /^[ \t]/.test(line)
    if (!folds && headerNameLength(Buffer.from(line, 'latin1')) === 0) break
  }
  return [...lines.slice(0, at), '', ...lines.slice(at)].join('\r\n')
}

export function firstDifference(actual: string, wanted: string): string {
  let at = 0
  while (at < wanted.length && actual[at] === wanted[at]) at++
  return `at ${at}: ${JSON.stringify(actual.slice(Math.max(0, at - 40), at + 80))}, not ${JSON.stringify(wanted.slice(Math.max(0, at - 40), at + 80))}`
}
