import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { CachingResolver } from '../dns/cache.ts'
import { NO_HOSTS, parseHosts } from '../dns/hosts_file.ts'
import { collectLists } from '../dns/list_zones.ts'
import { type Lists as DnsLists, makeLists, parseListBudgets } from '../dns/lists.ts'
import { ResolverPool } from '../dns/resolver_pool.ts'
import { resolverSettings } from '../dns/settings.ts'
import { makeNextHops, type NextHops } from '../hop/next_hop.ts'
import type { HopDeps } from '../hop/open.ts'
import { hopSettings } from '../hop/settings.ts'
import { makeVerifier, type Verifier } from '../hop/verifier.ts'
import type { EmitEvent } from '../model/event.ts'
import type { NextHop } from '../model/hop.ts'
import type { Memory } from '../model/memory.ts'
import type { OpenSpool } from '../model/spool.ts'
import { connectLines } from '../net/line_client.ts'
import { makePolicyClient, type PolicyClient } from '../net/policy_client.ts'
import { type PolicyIdentity, policyAttributes } from '../net/policy_request.ts'
import type { PolicyServiceSettings } from '../net/policy_server_spec.ts'
import type { Decide } from '../policy/endpoints.ts'
import type { SenderRewriting } from '../smtp/doors.ts'
import type { SaslServer } from '../smtp/sasl.ts'
import { makeDovecotSasl, parseSaslPath } from '../smtp/sasl_dovecot.ts'
import type { SmtpSetup } from '../smtp/server.ts'
import { makeDirectories } from '../store/make_directories.ts'
import { makeSpools, sweepSpools } from '../store/spool.ts'
import { VerifyCache } from '../store/verify_cache.ts'
import { formatProblem } from '../table/problem.ts'
import type { Clock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import { findUnreadablePolicies } from './conf_files.ts'
import { type Decision, openDecision } from './decision.ts'
import { dmarcConfProblem } from './dmarc_conf.ts'
import { openReportCollector } from './dmarc_reports.ts'
import { openSealing, openSrs } from './forwarding.ts'
import { type MessageJudges, openMessageJudges } from './message_judges.ts'
import { messageJudging } from './message_judging.ts'
import { makeOwnPolicies, makePolicyEndpoints, type OwnPolicies } from './policy_endpoints.ts'
import { readTls } from './tls_files.ts'

/** Postfix AUTH_TIMEOUT: a SASL server that does not answer in this time is taken for gone. */
const SASL_CONNECT_MS = 10_000

const NO_NAME_SERVER = 'there is no name server: set postern_dns_servers, or mend /etc/resolv.conf'

export interface GatewayOptions {
  readonly config: Config
  /** The main.cf it came from. */
  readonly configPath: string
  readonly clock: Clock
  readonly emit: EmitEvent
  /** Kept over reloads: it is not closed with the gateway. */
  readonly memory: Memory
  /** What is known of the DNS outlives a reload in it; without: a resolver of its own. */
  readonly resolvers?: ResolverPool
  readonly pid: number
  /** How many processes share the query limits of DNS lists. */
  readonly processes: number
  /** Another process tells the log how the DNS lists are. */
  readonly quietLists?: boolean
}

/** One configuration, ready to serve SMTP clients: everything it opened is closed with it. */
export interface Gateway {
  readonly setup: SmtpSetup
  readonly decision: Decision
  readonly policyEndpoints: ReadonlyMap<string, Decide>
  readonly resolver: CachingResolver
  readonly dnsLists: DnsLists
  /** SPF, DKIM, ARC and DMARC of whole messages. */
  readonly messageJudges: MessageJudges
  close(): Promise<void>
}

/** What `explain` and `check` need of a gateway: everything but SMTP. */
export interface DecisionParts {
  readonly decision: Decision
  /** What is decided behind each policy door, by its key. */
  readonly policyEndpoints: ReadonlyMap<string, Decide>
  readonly resolver: CachingResolver
  readonly dnsLists: DnsLists
  readonly hopDeps: HopDeps
  readonly srs: SenderRewriting | null
  close(): void
}

/** Opens resolver, tables and restriction lists of a configuration; a problem when it cannot work at all. */
export function openDecisionParts(options: GatewayOptions): DecisionParts | { readonly problem: string } {
  const { config, clock, emit } = options
  const [unreadable] = findUnreadablePolicies(config)
  if (unreadable !== undefined) return { problem: unreadable.text }
  const inDmarcConf = dmarcConfProblem(config)
  if (inDmarcConf !== null) return { problem: inDmarcConf }
  const settings = hopSettings(config)
  if ('problem' in settings) return settings
  const forwarding = openSrs(config, { clock, classify: address => decision.classify(address) })
  if ('problem' in forwarding) return forwarding
  const { srs } = forwarding
  const warn = (text: string): void => emit({ kind: 'warning', text })
  const dns = resolverSettings(config, readOptional('/etc/resolv.conf'))
  if (dns.servers.length === 0) return { problem: NO_NAME_SERVER }
  const resolvers = options.resolvers ?? new ResolverPool(clock)
  const resolver = resolvers.take(dns, name => dnsLists.countQuestion(name))
  const dnsLists = makeLists({
    uses: collectLists(config),
    resolver,
    clock,
    safeAnswers: config.postern_dns_list_safe_answers,
    dqsKey: config.postern_spamhaus_dqs_key,
    limits: parseListBudgets(config.postern_dns_list_budgets),
    processes: options.processes,
    earlier: resolvers.listUsage(),
    onWarning: options.quietLists === true ? () => undefined : warn,
  })
  const forgetUsage = resolvers.tellsUsage(() => dnsLists.report().flatMap(({ usage }) => usage ?? []))
  const hopDeps: HopDeps = { settings: settings.settings, resolver: dnsLists.resolver, clock, emit }
  const policies = policyClient(options)
  const hosts = readOptional(config.postern_hosts_file)
  const decision = openDecision(config, {
    clock,
    resolver: dnsLists.resolver,
    memory: options.memory,
    hosts: hosts === null ? NO_HOSTS : parseHosts(hosts),
    configPath: options.configPath,
    warn: problem => warn(formatProblem(problem)),
    policy: (server, facts, clientName) =>
      own.ask(server, facts, clientName) ?? policies.policy(server, facts, clientName),
    policyByWire: (server, facts, clientName) => policies.policy(server, facts, clientName),
    verify: address => verifier.verify(address),
    srs,
    dnsLists,
  })
  const policyEndpoints = makePolicyEndpoints(config, { ...decision, emit })
  const own = ownPolicies(config, policyEndpoints)
  const verifier = addressVerifier(options, hopDeps, decision)
  const close = (): void => {
    policies.close()
    decision.close()
    dnsLists.stop()
    forgetUsage()
    resolver.close()
  }
  return { decision, policyEndpoints, resolver, dnsLists, hopDeps, srs, close }
}

function ownPolicies(config: Config, endpoints: DecisionParts['policyEndpoints']): OwnPolicies {
  return makeOwnPolicies({
    config,
    settings: policySettings(config),
    endpoints,
    attributes: (facts, clientName, context) =>
      policyAttributes(facts, clientName, { ...policyIdentity(config), context }),
  })
}

function addressVerifier({ config, clock }: GatewayOptions, deps: HopDeps, decision: Decision): Verifier {
  return makeVerifier({
    config,
    deps,
    cache: verifyCache(config, clock),
    isOurs: async address => {
      const resolved = await decision.classify(address)
      return resolved.status === 'found' && resolved.value.class !== 'default'
    },
  })
}

/** Opens a whole gateway; a problem when it cannot work at all. */
export function openGateway(options: GatewayOptions): Gateway | { readonly problem: string } {
  const { config } = options
  const tls = readTls(config)
  if ('problem' in tls) return tls
  const fault = (error: unknown): void => options.emit({ kind: 'error', text: `no ARC seal: ${String(error)}` })
  const sealing = openSealing(config, { clock: options.clock, fault })
  if ('problem' in sealing) return sealing
  const parts = openDecisionParts(options)
  if ('problem' in parts) return parts
  const main = makeNextHops(config.postern_next_hop, parts.hopDeps)
  if ('problem' in main) {
    parts.close()
    return { problem: `postern_next_hop: ${main.problem}` }
  }
  const hold = holdHop(config, parts.hopDeps)
  const { decision } = parts
  const reports = openReportCollector(config, options)
  const judges = openMessageJudges(config, {
    resolver: parts.dnsLists.resolver,
    clock: options.clock,
    spf: question => decision.spfPolicy.spf.check(question),
    warn: problem => options.emit({ kind: 'warning', text: formatProblem(problem) }),
    onVerdict: (verdict, envelope) => reports?.take(verdict, envelope),
  })
  const messageJudges = { ...judges, open: () => sealing.seal?.(judges.open()) ?? judges.open() }
  return {
    ...parts,
    messageJudges,
    setup: {
      config,
      makeJudge: () => decision.makeJudge(),
      hops: {
        main: main.hops.main,
        hold: hold?.main ?? null,
        filter: (text): NextHop | null => main.hops.hopFor(text),
      },
      lists: decision.lists.sessionLists(),
      tls: tls.tls,
      sasl: saslServer(options),
      messages: messageJudging(config, () => messageJudges.open()),
      openSpool: openSpools(options),
      srs: parts.srs,
    },
    async close() {
      await Promise.all([main.hops.close(), hold?.close()])
      reports?.close()
      parts.close()
    },
  }
}

function holdHop(config: Config, deps: HopDeps): NextHops | null {
  if (config.postern_hold_hop === '') return null
  const made = makeNextHops(config.postern_hold_hop, deps)
  return 'problem' in made ? null : made.hops
}

function policyClient({ config, clock, emit }: GatewayOptions): PolicyClient {
  return makePolicyClient({
    settings: policySettings(config),
    identity: policyIdentity(config),
    queueDirectory: config.queue_directory,
    smtputf8Enable: config.smtputf8_enable,
    clock,
    emit,
  })
}

function policySettings(config: Config): PolicyServiceSettings {
  return {
    timeoutMs: config.smtpd_policy_service_timeout * 1000,
    maxIdleMs: config.smtpd_policy_service_max_idle * 1000,
    maxTtlMs: config.smtpd_policy_service_max_ttl * 1000,
    retryDelayMs: config.smtpd_policy_service_retry_delay * 1000,
    requestLimit: config.smtpd_policy_service_request_limit,
    tryLimit: config.smtpd_policy_service_try_limit,
    defaultAction: config.smtpd_policy_service_default_action,
    policyContext: config.smtpd_policy_service_policy_context,
  }
}

/** What policy requests say about this server. */
export function policyIdentity(config: Config): PolicyIdentity {
  return {
    stress: config.stress,
    compatibilityLevel: config.compatibility_level,
    mailVersion: config.mail_version,
  }
}

function verifyCache(config: Config, clock: Clock): VerifyCache {
  const times = {
    positiveExpire: config.address_verify_positive_expire_time,
    positiveRefresh: config.address_verify_positive_refresh_time,
    negativeExpire: config.address_verify_negative_expire_time,
    negativeRefresh: config.address_verify_negative_refresh_time,
    negativeCache: config.address_verify_negative_cache,
  }
  return new VerifyCache(times, clock, stateFile(config, 'verify_cache'))
}

/** A file of the state directory, which is made if need be; null when that is not possible. */
function stateFile(config: Config, name: string): string | null {
  try {
    makeDirectories(config.postern_state_directory, 0o700)
    return join(config.postern_state_directory, name)
  } catch {
    return null
  }
}

function openSpools({ config, clock, processes }: GatewayOptions): OpenSpool {
  const directory = join(config.postern_state_directory, 'spool')
  void sweepSpools({ directory, clock })
  const limit = Math.floor(config.postern_message_spool_limit / Math.max(1, processes))
  return makeSpools({ directory, limit, random: systemRandom })
}

function saslServer({ config, clock, emit, pid }: GatewayOptions): SaslServer | null {
  if (!config.smtpd_sasl_auth_enable) return null
  const target = parseSaslPath(config.smtpd_sasl_path, config.queue_directory)
  if (target === null) return null
  return makeDovecotSasl({
    path: config.smtpd_sasl_path,
    connect: () => connectLines(target, SASL_CONNECT_MS, clock),
    clock,
    pid,
    warn: text => emit({ kind: 'warning', text }),
  })
}

function readOptional(path: string): string | null {
  return path !== '' && existsSync(path) ? readFileSync(path, 'utf8') : null
}
