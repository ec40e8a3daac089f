/** Reports that are made and not yet with everybody who wants them. They are kept on disk, a document each. */
import type { Documents } from '../store/report/documents.ts'
import { MAX_URIS, parseDestination } from './destinations.ts'
import { type MadeReport, reportFileKey } from './make_report.ts'

export interface OutgoingReport {
  readonly reportId: string
  readonly domain: string
  readonly day: string
  readonly fileName: string
  /** base64 */
  readonly gzip: string
  readonly destinations: readonly OutgoingDestination[]
  /** Addresses that have it. */
  readonly sentTo: readonly string[]
}

export interface OutgoingDestination {
  /** As rua= says it. */
  readonly uri: string
  /** So many times it could not be reached. */
  readonly tries: number
}

/** Puts a report there; null: rua= names nobody who could be sent mail. The same report again replaces it. */
export function putReport(outbox: Documents, report: MadeReport, rua: readonly string[]): OutgoingReport | null {
  // RFC 9990 3.5: malformed URIs are ignored, in order.
  const uris = [...new Set(rua.filter(uri => parseDestination(uri) !== null))].slice(0, MAX_URIS)
  if (uris.length === 0) return null
  const { reportId, domain, day, fileName, gzip } = report
  const outgoing: OutgoingReport = {
    ...{ reportId, domain, day, fileName },
    gzip: Buffer.from(gzip).toString('base64'),
    destinations: uris.map(uri => ({ uri, tries: 0 })),
    sentTo: [],
  }
  outbox.put(reportFileKey(day, domain), outgoing)
  return outgoing
}

/** Null: the document is damaged. */
export function getReport(outbox: Documents, name: string): OutgoingReport | null {
  const value = outbox.get(name)
  return isOutgoing(value) ? value : null
}

function isOutgoing(value: unknown): value is OutgoingReport {
  // Its members are looked at one by one, here.
  const report = value as Partial<Record<keyof OutgoingReport, unknown>> | null
  return (
    typeof report === 'object' &&
    report !== null &&
    [report.reportId, report.domain, report.day, report.fileName, report.gzip].every(
      each => typeof each === 'string',
    ) &&
    Array.isArray(report.destinations) &&
    Array.isArray(report.sentTo)
  )
}
