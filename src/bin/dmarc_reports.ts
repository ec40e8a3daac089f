/** DMARC aggregate reports of a configuration: what they are made of, and what they need to be sent. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { type DestinationWorld, parseDestination } from '../dmarc_report/destinations.ts'
import { formatRow, reportRow } from '../dmarc_report/row.ts'
import { dayOf, type RunResult, runReports } from '../dmarc_report/run.ts'
import type { ReportSettings } from '../dmarc_report/settings.ts'
import { ResolverPool } from '../dns/resolver_pool.ts'
import { resolverSettings } from '../dns/settings.ts'
import { makeNextHops } from '../hop/next_hop.ts'
import { hopSettings } from '../hop/settings.ts'
import { makeDomainFinder } from '../mailauth/dmarc/discovery.ts'
import { makeRecordLookup } from '../mailauth/dmarc/record_lookup.ts'
import type { EmitEvent } from '../model/event.ts'
import type { NextHop } from '../model/hop.ts'
import type { AuthEnvelope, MessageVerdict } from '../model/mail_auth.ts'
import { DayLinesWriter } from '../store/report/day_lines.ts'
import { takeRunLock } from '../store/report/run_lock.ts'
import type { Clock } from '../util/clock.ts'
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

export interface SenderOptions {
  readonly config: Config
  readonly clock: Clock
  readonly emit: EmitEvent
}

/** Resolver and relay; asks and connects to nothing yet. */
export function openSender({ config, clock, emit }: SenderOptions): ReportSender | { readonly problem: string } {
  const settings = hopSettings(config)
  if ('problem' in settings) return settings
  const dns = resolverSettings(config, readOptional('/etc/resolv.conf'))
  if (dns.servers.length === 0) return { problem: 'there is no name server: set postern_dns_servers' }
  const resolver = new ResolverPool(clock).take(dns, () => undefined)
  const relay = config.postern_dmarc_report_relay || config.postern_next_hop
  const made = makeNextHops(relay, { settings: settings.settings, resolver, clock, emit })
  if ('problem' in made) {
    resolver.close()
    return { problem: `postern_dmarc_report_relay: ${made.problem}` }
  }
  const finder = makeDomainFinder(config.postern_dmarc_method, makeRecordLookup(resolver))
  return {
    hop: made.hops.main,
    world: { resolver, organizationalDomain: domain => finder.organizationalDomain(domain) },
    async close() {
      await made.hops.close()
      resolver.close()
    },
  }
}

function readOptional(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}
