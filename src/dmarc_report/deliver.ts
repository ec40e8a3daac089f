/** Brings the reports of the outbox to those who want them; what cannot be done now stays for the next run. */
import type { SigningKey } from '../mailauth/dkim/sign.ts'
import type { NextHop } from '../model/hop.ts'
import type { Documents } from '../store/report/documents.ts'
import { type DestinationWorld, type MailDestination, parseDestination, verifyDestination } from './destinations.ts'
import { getReport, type OutgoingDestination, type OutgoingReport } from './outbox.ts'
import { composeReportMail, signReportMail } from './report_mail.ts'
import { sendLetter } from './send.ts'
import type { ReportSettings } from './settings.ts'

export interface DeliveryServices {
  readonly outbox: Documents
  readonly settings: ReportSettings
  readonly hop: NextHop
  readonly world: DestinationWorld
  readonly hostname: string
  /** Who signs the mails; null: nobody. */
  readonly signer: SigningKey | null
  /** Seconds since 1970. */
  now(): number
  info(text: string): void
  warn(text: string): void
}

/** Numbers of mails and destinations. */
export interface Delivered {
  sent: number
  /** To be tried again. */
  deferred: number
  /** Given up: refused for good, not wanted, too large, or tried often enough. */
  dropped: number
}

/** When so many mails in a row are deferred the relay has other troubles, and gets rest until the next run. */
const PATIENCE = 20

export async function deliverReports(services: DeliveryServices): Promise<Delivered> {
  const { outbox, warn } = services
  const total: Delivered = { sent: 0, deferred: 0, dropped: 0 }
  let inARow = 0
  for (const name of outbox.names()) {
    const report = getReport(outbox, name)
    if (report === null) {
      warn(`the unsent report ${name} is damaged, and taken away`)
      outbox.remove(name)
      continue
    }
    if (inARow >= PATIENCE) {
      total.deferred += report.destinations.length
      continue
    }
    const { sent, deferred, dropped } = await deliverReport(name, report, services)
    total.sent += sent
    total.deferred += deferred
    total.dropped += dropped
    inARow = sent > 0 || deferred === 0 ? 0 : inARow + deferred
  }
  if (inARow >= PATIENCE) warn(`${inARow} mails in a row were deferred: the others wait for the next run`)
  return total
}

async function deliverReport(name: string, report: OutgoingReport, services: DeliveryServices): Promise<Delivered> {
  const done: Delivered = { sent: 0, deferred: 0, dropped: 0 }
  const kept: OutgoingDestination[] = []
  const sentTo = [...report.sentTo]
  for (const [index, destination] of report.destinations.entries()) {
    const outcome = await tryDestination(destination, { ...report, sentTo }, services)
    sentTo.push(...outcome.sentTo)
    done.sent += outcome.sentTo.length
    const about = `report about ${report.domain} of ${report.day} to ${destination.uri}`
    if (outcome.status === 'deferred') {
      const tries = destination.tries + 1
      if (tries < services.settings.tries) {
        kept.push({ ...destination, tries })
        done.deferred++
        services.info(`${about}: try ${tries} of ${services.settings.tries}: ${outcome.reason}`)
      } else {
        done.dropped++
        services.warn(`${about}: given up after ${tries} tries: ${outcome.reason}`)
      }
    } else if (outcome.status === 'dropped') {
      done.dropped++
      services.warn(`${about}: not sent: ${outcome.reason}`)
    }
    // After each, so that whoever kills us has at most one mail sent twice.
    const left = [...kept, ...report.destinations.slice(index + 1)]
    if (left.length === 0) services.outbox.remove(name)
    else services.outbox.put(name, { ...report, destinations: left, sentTo })
  }
  return done
}

interface Tried {
  readonly status: 'done' | 'deferred' | 'dropped'
  readonly reason: string
  readonly sentTo: readonly string[]
}

async function tryDestination(
  { uri }: OutgoingDestination,
  report: OutgoingReport,
  services: DeliveryServices,
): Promise<Tried> {
  const asked = parseDestination(uri)
  if (asked === null) return { status: 'dropped', reason: 'not an address', sentTo: [] }
  const verified = await verifyDestination(report.domain, asked, services.world)
  if (verified.status === 'failed') return { status: 'deferred', reason: verified.reason, sentTo: [] }
  if (verified.status === 'unwanted') return { status: 'dropped', reason: verified.reason, sentTo: [] }
  const sentTo: string[] = []
  let worst: Tried | null = null
  for (const destination of verified.destinations) {
    if (report.sentTo.includes(destination.address) || sentTo.includes(destination.address)) continue
    const tried = await sendTo(destination, report, services)
    sentTo.push(...tried.sentTo)
    if (tried.status === 'deferred' || (tried.status === 'dropped' && worst === null)) worst = tried
  }
  return { status: 'done', reason: '', ...worst, sentTo }
}

async function sendTo(
  destination: MailDestination,
  report: OutgoingReport,
  { settings, hop, hostname, signer, now, info }: DeliveryServices,
): Promise<Tried> {
  const { address, maxBytes } = destination
  const time = now()
  const unsigned = composeReportMail({
    ...report,
    gzip: Buffer.from(report.gzip, 'base64'),
    from: settings.from,
    to: address,
    submitter: settings.submitter,
    time,
  })
  const message = signer === null ? unsigned : signReportMail(unsigned, signer, time)
  if (maxBytes !== null && message.length > maxBytes)
    return { status: 'dropped', reason: `${message.length} bytes are more than it takes`, sentTo: [] }
  const { status, reply } = await sendLetter(hop, {
    ...{ from: settings.from, to: address, message, hostname },
    queueId: `D${report.day.replaceAll('-', '')}`,
  })
  if (status === 'sent') {
    info(`report about ${report.domain} of ${report.day} to <${address}>: sent (${reply})`)
    return { status: 'done', reason: '', sentTo: [address] }
  }
  return { status: status === 'refused' ? 'dropped' : 'deferred', reason: reply, sentTo: [] }
}
