/** When something is due, as crontab(5) says it. The only file that knows the package behind it. */
import { Cron } from 'croner'

export interface CronSchedule {
  /** The first time after `ms`, both in milliseconds since 1970; null: never again. */
  next(ms: number): number | null
  /** The last time that is not after `ms`; null: never before. */
  last(ms: number): number | null
}

export type ParsedCron =
  | { readonly ok: true; readonly schedule: CronSchedule }
  | { readonly ok: false; readonly message: string }

/** cron(8): minute, hour, day of month, month, day of week; or @daily and the like. In the time zone of the machine. */
export function parseCron(text: string): ParsedCron {
  const fields = text.trim().split(/\s+/)
  const wanted = 'expected five fields as in crontab(5), such as "0 4 * * *" for every morning at four'
  // With six fields the package would take the first for seconds.
  if (fields.length !== 5 && !/^@(?:hourly|daily|midnight|weekly|monthly|yearly|annually)$/i.test(text.trim()))
    return { ok: false, message: `cannot use "${text}": ${wanted}` }
  let cron: Cron
  try {
    cron = new Cron(text.trim(), { paused: true })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ok: false, message: `cannot use "${text}": ${wanted}` }
  }
  return {
    ok: true,
    schedule: {
      next: ms => cron.nextRun(new Date(ms))?.getTime() ?? null,
      // A time is not "previous" to itself, and the package knows whole seconds only.
      last: ms => cron.previousRuns(1, new Date(Math.floor(ms / 1000) * 1000 + 1000))[0]?.getTime() ?? null,
    },
  }
}
