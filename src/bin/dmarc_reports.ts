/** DMARC aggregate reports of a configuration: what they are made of, and what they need to be sent. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { type DestinationWorld, parseDestination } from '../dmarc_report/destinations.ts'
import { formatRow, reportRow } from '../dmarc_report/row.ts'
import { dayOf, type RunResult, runReports } from '../dmarc_report/run.ts'
import type { ReportSettings } from '../dmarc_report/settings.ts'
import { makeDomainFinder } from '../mailauth/dmarc/discovery.ts'
import { makeRecordLookup } from '../mailauth/dmarc/record_lookup.ts'
import type { EmitEvent } from '../model/event.ts'
import type { NextHop } from '../model/hop.ts'
import type { AuthEnvelope, MessageVerdict } from '../model/mail_auth.ts'
import { DayLinesWriter } from '../store/report/day_lines.ts'
import { takeRunLock } from '../store/report/run_lock.ts'
import type { Clock } from '../util/clock.ts'
import { readReportKey } from './keys.ts'
import { openRelay, type RelayOptions } from './relay.ts'
import { ownVersion } from './version.ts'

export function reportDirectory(config: Pick<Config, 'postern_state_directory'>): string {
  return join(config.postern_state_directory, 'dmarc')
}

export function reportSettings(config: Config): ReportSettings {
  return {
    from: config.postern_dmarc_report_from,
    submitter: config.postern_dmarc_report_domain.toLowerCase(),
    orgName: config.postern_dmarc_report_org_name,
    contact: config.postern_dmarc_report_contact,
    extraContact: config.postern_dmarc_report_extra_contact,
    generator: `Postern ${ownVersion()}`,
    discoveryMethod: config.postern_dmarc_method === 'rfc9989' ? 'treewalk' : 'psl',
    tries: config.postern_dmarc_report_tries,
    retention: config.postern_dmarc_report_retention,
    skipDomains: config.postern_dmarc_report_skip_domains.map(domain => domain.toLowerCase()),
  }
}

/** Why reports cannot be sent as main.cf says; null: they can, or are off. */
export function reportProblem(config: Config): { readonly name: string; readonly text: string } | null {
  const { from, submitter } = reportSettings(config)
  if (from === '') return null
  if (parseDestination(`mailto:${from}`) === null)
    return { name: 'postern_dmarc_report_from', text: `cannot use "${from}": expected a mail address in ASCII` }
  // It is a part of the id of each report, of file names and of headers.
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(submitter))
    return { name: 'postern_dmarc_report_domain', text: `cannot use "${submitter}": expected a domain` }
  return null
}

/** Takes verdicts as they are given. */
export interface ReportCollector {
  /** Never throws, and never waits. */
  take(verdict: MessageVerdict, envelope: AuthEnvelope): void
  close(): void
}

/** What verdicts are told to; null: there are no reports. */
export function openReportCollector(
  config: Config,
  services: { readonly clock: Clock; readonly pid: number; readonly emit: EmitEvent },
): ReportCollector | null {
  const own = config.postern_dmarc_report_from.toLowerCase()
  if (own === '') return null
  const { clock, pid, emit } = services
  const directory = reportDirectory(config)
  const writer = new DayLinesWriter({
    directory,
    pid,
    onTrouble(problem, lost) {
      const text =
        problem === null
          ? `rows for DMARC reports can be written again${lost === 0 ? '' : `; ${lost} are lost`}`
          : `cannot write rows for DMARC reports to ${directory}: ${problem}`
      emit({ kind: problem === null ? 'info' : 'warning', text, daemon: 'postern/dmarc' })
    },
  })
  return {
    take(verdict, envelope) {
      if (isAboutReports(envelope, own)) return
      const now = clock.now()
      const row = reportRow(verdict, envelope, Math.floor(now / 1000))
      if (row !== null) writer.add(dayOf(now), formatRow(row))
    },
    close: () => writer.close(),
  }
}

/** Our reports, and the answers to them: reports about these would never end. */
function isAboutReports({ sender, recipients }: AuthEnvelope, own: string): boolean {
  if (sender.toLowerCase() === own) return true
  return recipients.length > 0 && recipients.every(recipient => recipient.toLowerCase() === own)
}

export type ReportRun =
  | { readonly status: 'done'; readonly result: RunResult }
  /** Another process is at it. */
  | { readonly status: 'busy' }
  | { readonly status: 'problem'; readonly text: string }

/** Makes the reports that are due, or those of `day`, and sends what is unsent. */
export async function sendReports(options: {
  readonly config: Config
  readonly clock: Clock
  readonly pid: number
  readonly emit: EmitEvent
  readonly settleMs: number
  readonly day: string | null
}): Promise<ReportRun> {
  const { config, clock, pid, emit } = options
  const directory = reportDirectory(config)
  const release = takeRunLock(directory, pid, clock.now())
  if (release === null) return { status: 'busy' }
  try {
    const signer = readReportKey(config)
    if (signer !== null && 'problem' in signer) return { status: 'problem', text: signer.problem }
    const sender = openSender(options)
    if ('problem' in sender) return { status: 'problem', text: sender.problem }
    try {
      const result = await runReports({
        ...options,
        directory,
        settings: reportSettings(config),
        hop: sender.hop,
        world: sender.world,
        hostname: config.myhostname,
        signer,
        info: text => emit({ kind: 'info', text, daemon: 'postern/dmarc' }),
        warn: text => emit({ kind: 'warning', text, daemon: 'postern/dmarc' }),
      })
      return { status: 'done', result }
    } finally {
      await sender.close()
    }
  } finally {
    release()
  }
}

export interface ReportSender {
  readonly hop: NextHop
  readonly world: DestinationWorld
  close(): Promise<void>
}

/** Resolver and relay; asks and connects to nothing yet. */
export function openSender(options: RelayOptions): ReportSender | { readonly problem: string } {
  const relay = openRelay('postern_dmarc_report_relay', options)
  if ('problem' in relay) return relay
  const { hop, resolver } = relay
  const finder = makeDomainFinder(options.config.postern_dmarc_method, makeRecordLookup(resolver))
  return {
    hop,
    world: { resolver, organizationalDomain: domain => finder.organizationalDomain(domain) },
    close: () => relay.close(),
  }
}
