import { XMLBuilder } from 'fast-xml-parser'
import type { Feedback, FeedbackAuthResult, FeedbackRecord } from './feedback.ts'

/** RFC 9990 7.1 */
export const NAMESPACE = 'urn:ietf:params:xml:ns:dmarc-2.0'

/** XML 1.0 2.2: the characters that a document may have. */
const NOT_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

const builder = new XMLBuilder({
  format: true,
  indentBy: ' ',
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: true,
  processEntities: true,
})

/** The document of RFC 9990 appendix A; elements that are '' or have no place there are left out. */
export function writeFeedback(feedback: Feedback): string {
  const { metadata, policy, records } = feedback
  const document = {
    feedback: {
      '@xmlns': NAMESPACE,
      version: '1.0',
      report_metadata: {
        org_name: clean(metadata.orgName),
        email: clean(metadata.email),
        ...optional('extra_contact_info', metadata.extraContactInfo),
        report_id: clean(metadata.reportId),
        date_range: { begin: metadata.begin, end: metadata.end },
        ...optional('error', metadata.errors.join('; ')),
        ...optional('generator', metadata.generator),
      },
      policy_published: {
        domain: clean(policy.domain),
        ...optional('discovery_method', policy.discoveryMethod),
        p: policy.p,
        ...optional('sp', policy.sp),
        ...optional('np', policy.np),
        ...optional('fo', policy.fo),
        ...optional('adkim', policy.adkim),
        ...optional('aspf', policy.aspf),
        ...optional('testing', policy.testing),
      },
      record: records.map(record),
    },
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`
}

function record(record: FeedbackRecord): object {
  return {
    row: {
      source_ip: clean(record.sourceIp),
      count: record.count,
      policy_evaluated: {
        disposition: record.disposition,
        dkim: record.dkim,
        spf: record.spf,
        ...(record.reasons.length === 0
          ? {}
          : { reason: record.reasons.map(({ type, comment }) => ({ type, ...optional('comment', comment) })) }),
      },
    },
    // RFC 9990 3.1.1.10: an empty envelope_from is the null sender.
    identifiers: { header_from: clean(record.headerFrom), envelope_from: clean(record.envelopeFrom) },
    auth_results: {
      ...(record.dkimResults.length === 0 ? {} : { dkim: record.dkimResults.map(dkim) }),
      ...(record.spfResults.length === 0 ? {} : { spf: record.spfResults.slice(0, 1).map(spf) }),
    },
  }
}

function dkim({ domain, selector, result, humanResult }: FeedbackAuthResult): object {
  return { domain: clean(domain), selector: clean(selector), result, ...optional('human_result', humanResult) }
}

function spf({ domain, scope, result, humanResult }: FeedbackAuthResult): object {
  return { domain: clean(domain), ...optional('scope', scope), result, ...optional('human_result', humanResult) }
}

function optional(name: string, value: string): object {
  return value === '' ? {} : { [name]: clean(value) }
}

/** Names come from strangers. */
function clean(text: string): string {
  return text.toWellFormed().replace(NOT_XML, '\ufffd')
}
