/**
 * Makes and sends the DMARC reports that are due, in a process of its own: a night's reports may be much to read and to pack, and
 * neither the supervisor nor a worker has time for it. The supervisor starts it and gives it its configuration.
 */
import { keepRunning, systemClock } from '../util/clock.ts'
import { type ConfigSource, loadSource } from './config_source.ts'
import { sendReports } from './dmarc_reports.ts'
import { openLog } from './log.ts'

export interface ReportJob {
  readonly source: ConfigSource
  readonly settleMs: number
}

// The supervisor sends one ReportJob and nothing else.
process.once('message', job => {
  const running = keepRunning()
  void work(job as ReportJob).then(() => {
    running.end()
    if (process.connected) process.disconnect()
  })
})
// It ends when it is done; a terminal or systemd signals the whole group.
process.on('SIGHUP', () => undefined)
process.on('SIGUSR1', () => undefined)

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
