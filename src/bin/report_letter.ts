/** A report on its way to those who want it. */
import { hostname } from 'node:os'
import type { Config } from '../config/config.ts'
import { sendLetter } from '../dmarc_report/send.ts'
import type { EmitEvent } from '../model/event.ts'
import { composeReportLetter } from '../report/command/letter.ts'
import type { ReportRequest } from '../report/command/request.ts'
import type { Clock } from '../util/clock.ts'
import { CommandError, GOOD, NEGATIVE, TEMPORARY } from './exit_status.ts'
import { openRelay } from './relay.ts'
import type { MadeReport } from './report_making.ts'

export interface LetterInput {
  readonly request: ReportRequest
  readonly result: MadeReport
  readonly config: Config
  readonly clock: Clock
}

export interface Letter {
  readonly from: string
  readonly to: readonly string[]
  readonly message: Uint8Array
}

/** The mail with the report. What could not be read is told first, as cron would have sent it. `id` makes its Message-ID. */
export function writeLetter({ request, result, config, clock }: LetterInput, id: string): Letter {
  const { mail, options } = request
  const from = mail.from ?? config.postern_report_from
  const to = mail.to.length > 0 ? mail.to : config.postern_report_to
  const about = options.dates?.title ?? 'all days'
  const troubles = Buffer.from(result.problems.map(problem => `postern report: ${problem}\n`).join(''))
  const isHtml = request.format === 'html'
  const output = result.outputs.get(isHtml ? 'text' : request.format) ?? new Uint8Array()
  const message = composeReportLetter({
    ...{ from, to },
    subject: (mail.subject ?? config.postern_report_subject).replaceAll('%d', about),
    time: Math.floor(clock.now() / 1000),
    messageId: `${id}@${config.myhostname || hostname()}`,
    text: Buffer.concat([troubles, output]),
    html: isHtml ? (result.outputs.get('html') ?? null) : null,
  })
  return { from, to, message }
}

export interface Posted {
  /** Who is to be tried again. */
  readonly deferred: readonly string[]
  /** Who will not get it. */
  readonly refused: readonly string[]
  /** One line for each recipient. */
  readonly remarks: readonly { readonly kind: 'info' | 'warning'; readonly text: string }[]
}

/** Hands a letter to the relay, once for each recipient; the problem when there is no relay. */
export async function postLetter(
  letter: Letter,
  { config, clock, emit }: { readonly config: Config; readonly clock: Clock; readonly emit: EmitEvent },
): Promise<Posted | { readonly problem: string }> {
  const relay = openRelay('postern_report_relay', { config, clock, emit })
  if ('problem' in relay) return relay
  const deferred: string[] = []
  const refused: string[] = []
  const remarks: { readonly kind: 'info' | 'warning'; readonly text: string }[] = []
  try {
    for (const to of letter.to) {
      const { from, message } = letter
      const { status, reply } = await sendLetter(relay.hop, {
        from,
        to,
        message,
        hostname: config.myhostname,
        queueId: 'REPORT',
      })
      if (status === 'deferred') deferred.push(to)
      if (status === 'refused') refused.push(to)
      remarks.push({ kind: status === 'sent' ? 'info' : 'warning', text: `report to <${to}>: ${status} (${reply})` })
    }
  } finally {
    await relay.close()
  }
  return { deferred, refused, remarks }
}

/** For `--mail-to`: what did not arrive is told at once. */
export async function sendReportNow(input: LetterInput): Promise<number> {
  const { config, clock } = input
  const letter = writeLetter(input, `report.${clock.now()}.${process.pid}`)
  const posted = await postLetter(letter, { config, clock, emit: () => undefined })
  if ('problem' in posted) throw new CommandError(posted.problem, NEGATIVE)
  const troubles = posted.remarks.filter(({ kind }) => kind === 'warning').map(({ text }) => text)
  if (troubles.length === 0) return GOOD
  throw new CommandError(troubles.join('\n'), posted.refused.length > 0 ? NEGATIVE : TEMPORARY)
}
