import { address, domain, domains, file, selector } from '../mail_types.ts'
import { ownParams } from '../param.ts'
import { duration, filledText, int, text } from '../types.ts'

const param = ownParams('postern')

/** Aggregate reports (RFC 9990). Names in the "OpenDMARC:" notes are options of opendmarc-reports. */
export const dmarcReportParams = [
  param({
    name: 'postern_dmarc_report_from',
    type: address(),
    default: '',
    doc: `
      The mail address that DMARC aggregate reports are sent from. Nothing: no reports, and nothing is collected for
      them. Its domain should pass DMARC itself (RFC 9990). OpenDMARC: --report-email.`,
  }),
  param({
    name: 'postern_dmarc_report_org_name',
    type: filledText(),
    default: '$mydomain',
    doc: 'Who reports, in words. OpenDMARC: --report-org.',
  }),
  param({
    name: 'postern_dmarc_report_domain',
    type: filledText(),
    default: '$mydomain',
    doc: 'The domain that reports: the "Submitter" in subjects, and the first part of file names.',
  }),
  param({
    name: 'postern_dmarc_report_contact',
    type: address(),
    default: '$postern_dmarc_report_from',
    doc: 'The mail address for questions about reports, told in each of them.',
  }),
  param({
    name: 'postern_dmarc_report_extra_contact',
    type: text(),
    default: '',
    doc: 'More about whom to ask, such as the address of a web page.',
  }),
  param({
    name: 'postern_dmarc_report_dkim_key_file',
    type: file(),
    default: '$postern_arc_seal_key_file',
    doc: `
      The private key that reports are signed with (DKIM, RFC 6376), RSA or Ed25519, as PEM. RFC 9990 3.5 wants reports that
      pass DMARC themselves, and many receivers take no others. The key of ARC seals does for both.`,
  }),
  param({
    name: 'postern_dmarc_report_dkim_domain',
    type: domain(),
    default: '$postern_arc_seal_domain',
    doc: `
      The domain of that signature: that of postern_dmarc_report_from, or one above it. Nothing, or the domain of seals where
      that is another one: reports are not signed here; the relay may do it.`,
  }),
  param({
    name: 'postern_dmarc_report_dkim_selector',
    type: selector(),
    default: '$postern_arc_seal_selector',
    doc: 'The selector of that signature: the public key is the TXT record of SELECTOR._domainkey.DOMAIN.',
  }),
  param({
    name: 'postern_dmarc_report_relay',
    type: text(),
    default: '',
    doc: `
      Where reports are handed in: smtp:[host]:port and so on, as postern_next_hop. Nothing: postern_next_hop. It has to
      take mail for strangers from us. OpenDMARC: --smtp-server, --smtp-port.`,
  }),
  param({
    name: 'postern_dmarc_report_spread',
    type: duration(),
    default: '1h',
    doc: `
      The reports of a day are made at ten past midnight UTC, or up to so much later: not everybody in the world at
      once. After a late start they are made then.`,
  }),
  param({
    name: 'postern_dmarc_report_retry',
    type: duration(60),
    default: '3h',
    doc: 'How long after a temporary failure a report is tried again.',
  }),
  param({
    name: 'postern_dmarc_report_tries',
    type: int({ min: 1 }),
    default: '10',
    doc: 'A destination that could not be reached so often does not get that report. One that refuses it is not asked again.',
  }),
  param({
    name: 'postern_dmarc_report_retention',
    type: duration(86_400),
    default: '7d',
    doc: 'How long what was collected for reports, and reports that are not sent, are kept.',
  }),
  param({
    name: 'postern_dmarc_report_skip_domains',
    type: domains(),
    default: '',
    doc: `
      Policy domains that get no reports; ".example.com": nor any below it. OpenDMARC: --nodomain.`,
  }),
] as const
