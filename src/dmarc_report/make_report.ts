/** A report of one policy domain and one day, ready to be sent. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { DomainReport } from './aggregation.ts'
import type { Feedback, FeedbackRecord } from './feedback.ts'
import type { RowKey } from './row.ts'
import type { ReportSettings } from './settings.ts'
import { writeFeedback } from './write_xml.ts'

export interface MadeReport {
  /** Who reports about whom: the same day and domain give the same id (RFC 9990 3.5.1). */
  readonly reportId: string
  readonly domain: string
  /** "2026-11-24" */
  readonly day: string
  /** RFC 9990 3.5.2: "receiver!domain!begin!end.xml.gz". */
  readonly fileName: string
  readonly xml: string
  readonly gzip: Uint8Array
  readonly records: number
  readonly messages: number
}

const DAY_SECONDS = 86_400

/** `day`: "2026-11-24", UTC. */
export function makeReport(report: DomainReport, day: string, settings: ReportSettings): MadeReport {
  const { domain } = report.policy
  const begin = Date.parse(`${day}T00:00:00Z`) / 1000
  // RFC 9990 3.1.1.4: periods do not overlap.
  const end = begin + DAY_SECONDS - 1
  const reportId = `${day}_${domain}@${settings.submitter}`
  const xml = writeFeedback(feedbackOf(report, { begin, end, reportId }, settings))
  return {
    reportId,
    domain,
    day,
    fileName: `${settings.submitter}!${domain}!${begin}!${end}.xml.gz`,
    xml,
    gzip: gzipSync(xml),
    records: report.records.length,
    messages: report.messages,
  }
}

/** A name for files: domains may have characters and lengths that a file name may not. */
export function reportFileKey(day: string, domain: string): string {
  return `${day}_${createHash('sha256').update(domain).digest('hex').slice(0, 24)}`
}

function feedbackOf(
  report: DomainReport,
  about: { readonly begin: number; readonly end: number; readonly reportId: string },
  settings: ReportSettings,
): Feedback {
  const { policy, records, leftOut } = report
  return {
    version: '1.0',
    format: 'rfc9990',
    metadata: {
      orgName: settings.orgName,
      email: settings.contact,
      extraContactInfo: settings.extraContact,
      ...about,
      errors: leftOut === 0 ? [] : [`${leftOut} messages are left out: there are too many different ones`],
      generator: settings.generator,
    },
    policy: {
      domain: policy.domain,
      p: policy.p,
      sp: policy.sp ?? '',
      np: policy.np ?? '',
      adkim: policy.adkim,
      aspf: policy.aspf,
      discoveryMethod: settings.discoveryMethod,
      fo: policy.fo,
      testing: policy.testing ? 'y' : 'n',
      pct: '',
    },
    records: records.map(({ key, count }) => feedbackRecord(key, count)),
  }
}

function feedbackRecord(key: RowKey, count: number): FeedbackRecord {
  return {
    sourceIp: key.sourceIp,
    count,
    disposition: key.disposition,
    dkim: key.dkim ? 'pass' : 'fail',
    spf: key.spf ? 'pass' : 'fail',
    reasons: key.reasons,
    headerFrom: key.headerFrom,
    envelopeFrom: key.envelopeFrom,
    envelopeTo: '',
    dkimResults: key.dkimResults.map(({ domain, selector, result, comment }) => ({
      ...{ domain, selector, result, scope: '', humanResult: comment },
    })),
    spfResults:
      key.spfResult === null
        ? []
        : [{ ...key.spfResult, selector: '', scope: 'mfrom', humanResult: key.spfResult.comment }],
  }
}
