/**
 * Makes and sends the DMARC reports that are due, in a process of its own: a night's reports may be much to read and to pack, and
 * neither the supervisor nor a worker has time for it. The supervisor starts it and gives it its configuration.
 */
import { systemClock } from '../util/clock.ts'
import { type ConfigSource, loadSource } from './config_source.ts'
import { sendReports } from './dmarc_reports.ts'
import { takeJob } from './helper_process.ts'
import { openLog } from './log.ts'

export interface ReportJob {
  readonly source: ConfigSource
  readonly settleMs: number
}

// The supervisor sends one ReportJob and nothing else.
takeJob(job => work(job as ReportJob))

async function work({ source, settleMs }: ReportJob): Promise<void> {
  const { config } = loadSource(source)
  const log = openLog({ config, clock: systemClock, pid: process.pid })
  const tell = (kind: 'info' | 'warning' | 'error', text: string): void =>
    log.emit({ kind, text, daemon: 'postern/dmarc' })
  try {
    const run = await sendReports({
      config,
      clock: systemClock,
      pid: process.pid,
      emit: log.emit,
      settleMs,
      day: null,
    })
    if (run.status === 'problem') tell('error', `cannot send reports: ${run.text}`)
    if (run.status === 'done') {
      const { days, made, sent, deferred, dropped } = run.result
      const about = days.length === 0 ? '' : `${made} reports made about ${days.join(', ')}; `
      tell('info', `${about}${sent} mails sent, ${deferred} deferred, ${dropped} destinations dropped`)
    }
  } catch (error) {
    tell('error', `cannot send reports: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  await log.close()
}
