import type { LogLine } from '../../model/log_line.ts'
import { InsightCollector } from './collector.ts'
import type { Insights } from './insights.ts'

const LINE = /^\w{3} +(\d+) (\d\d):(\d\d):(\d\d) (\S+) ([^[:]+)\[(\d+)\]: (.*)$/s

/** Lines of "Nov 24 08:00:00 mx postfix/smtpd[7]: …", all of November 2026. For tests: the real reader is maillog's. */
export function logLines(text: string): readonly LogLine[] {
  const lines = Buffer.from(text).toString('latin1').split('\n')
  return lines
    .filter(line => line !== '')
    .map(line => {
      const match = LINE.exec(line)
      if (match === null) throw new SyntaxError(`no log line: ${line}`)
      const [, day, hour, minute, second, host = '', program = '', pid, message = ''] = match
      return {
        time: {
          ...{ year: 2026, month: 11, day: Number(day) },
          ...{ hour: Number(hour), minute: Number(minute), second: Number(second) },
        },
        ...{ host, program, pid: Number(pid), message },
      }
    })
}

export function insightsOf(text: string): Insights {
  const collector = new InsightCollector({ year: 2026 })
  for (const line of logLines(text)) collector.add(line)
  return collector.finish()
}
