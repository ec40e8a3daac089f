/**
 * Makes and sends the morning report, in a process of its own: a day's log may be long, and neither the supervisor nor a worker has
 * time for it. The supervisor starts it and gives it its configuration.
 */
import { systemClock } from '../util/clock.ts'
import { type ConfigSource, loadSource } from './config_source.ts'
import { takeJob } from './helper_process.ts'
import { openLog } from './log.ts'
import { sendMorningReport } from './morning_report.ts'

export interface MorningJob {
  readonly source: ConfigSource
}

// The supervisor sends one MorningJob and nothing else.
takeJob(job => work(job as MorningJob))

async function work({ source }: MorningJob): Promise<void> {
  const { config } = loadSource(source)
  const log = openLog({ config, clock: systemClock, pid: process.pid })
  try {
    await sendMorningReport({ config, clock: systemClock, pid: process.pid, emit: log.emit })
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    log.emit({ kind: 'error', text: `cannot send the report: ${text}`, daemon: 'postern/report' })
  }
  await log.close()
}
