/** What Postgrey says: to clients, in headers, in the log. */
import type { GreylistRequest } from '../model/greylist.ts'

/** The answer to a client that has to wait `seconds` more. Postgrey replaces the first %s, then the first %r. */
export function greylistText(text: string, seconds: number, request: GreylistRequest): string {
  // The enhanced status 4.2.0 keeps Exchange from giving up; Postfix knows how to use it since 2.3, as etrn_domain tells.
  const said = request.hasEtrnDomain && !/^\d/.test(text) ? `4.2.0 ${text}` : text
  const at = request.recipient.lastIndexOf('@')
  const domain = request.recipient.slice(at + 1)
  return said.replace('%s', () => String(seconds)).replace('%r', () => domain)
}

export interface HeaderFields {
  readonly seconds: number
  readonly version: string
  readonly hostname: string
  readonly nowMs: number
}

/** The header line of a message that had to wait: the first %t, %v, %d and %h, in this order. */
export function greylistHeader(text: string, { seconds, version, hostname, nowMs }: HeaderFields): string {
  return text
    .replace('%t', () => String(seconds))
    .replace('%v', () => version)
    .replace('%d', () => localDate(nowMs))
    .replace('%h', () => hostname)
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** strftime(3) "%a, %d %b %Y %T %Z" in this machine's time zone: "Tue, 24 Nov 2026 19:24:59 CET". */
export function localDate(nowMs: number): string {
  const date = new Date(nowMs)
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${DAYS[date.getDay()]}, ${two(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')} ${zoneName(date)}`
}

/** "CET", "EST"; where ICU knows no such name the offset, which RFC 5322 3.3 prefers anyway. */
function zoneName(date: Date): string {
  for (const locale of ['en-US', 'en-GB']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date)
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    if (/^[A-Z]{3,5}$/.test(name)) return name
  }
  const minutes = -date.getTimezoneOffset()
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`
}

export interface ActionLine {
  readonly action: 'pass' | 'greylist'
  readonly reason: string
  /** "delay=301", between the reason and the rest. */
  readonly info?: string
  /** Which entry of a white list said so, behind everything that Postgrey logs. */
  readonly matched?: string
}

/** Postgrey mylog_action. What is false for Perl ('' and 0) is left out. */
export function actionLine(line: ActionLine, request: GreylistRequest, clientAddress: string): string {
  const { clientName, sender, recipient, queueId } = request
  let text = isFalse(queueId) ? '' : `${queueId}: `
  text += `action=${line.action}, reason=${line.reason}`
  if (line.info !== undefined) text += `, ${line.info}`
  if (!isFalse(clientName)) text += `, client_name=${clientName}`
  if (!isFalse(clientAddress)) text += `, client_address=${clientAddress}`
  if (!isFalse(sender)) text += `, sender=${sender}`
  if (!isFalse(recipient)) text += `, recipient=${recipient}`
  if (line.matched !== undefined) text += `, matched=${line.matched}`
  return text
}

function isFalse(text: string): boolean {
  return text === '' || text === '0'
}
