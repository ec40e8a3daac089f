/** What main.cf says about aggregate reports. */
export interface ReportSettings {
  /** Envelope and header sender; '' is: no reports. */
  readonly from: string
  /** The domain that reports: in file names, subjects and ids. */
  readonly submitter: string
  readonly orgName: string
  /** Address for questions. */
  readonly contact: string
  /** '' is: none. */
  readonly extraContact: string
  /** "Postern 1.0.0" */
  readonly generator: string
  readonly discoveryMethod: 'treewalk' | 'psl'
  /** A destination that could not be reached so often is given up. */
  readonly tries: number
  /** Seconds for which rows and unsent reports are kept. */
  readonly retention: number
  /** Domains without a report, lower case; ".example.org": and all below. */
  readonly skipDomains: readonly string[]
}

/** opendmarc-reports: --nodomain. Here also with all subdomains, by a leading dot. */
export function isSkipped(domain: string, skipDomains: readonly string[]): boolean {
  return skipDomains.some(skip => domain === skip || (skip.startsWith('.') && `.${domain}`.endsWith(skip)))
}
