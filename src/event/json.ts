import { hideListKeys } from '../config/list_key.ts'
import type { Event } from '../model/event.ts'
import { formatEvent } from './format.ts'

export interface JsonContext {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly pid: number
}

/** One event as one line of JSON: time (RFC 3339), pid, the event's own fields, and the text that Postfix would have logged. */
export function formatJson(event: Event, { time, pid }: JsonContext): string {
  const { daemon, severity, text } = formatEvent(event)
  const fields = event.kind === 'disconnect' ? { ...event, commands: Object.fromEntries(event.commands) } : event
  const json = JSON.stringify({
    time: new Date(time).toISOString(),
    pid,
    program: daemon,
    severity,
    ...fields,
  })
  // The message has lost its keys already.
  return `${hideListKeys(json.slice(0, -1))},"message":${JSON.stringify(text)}}`
}
