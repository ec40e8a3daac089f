import type { Config } from '../config/config.ts'
import { makeVerifySender } from '../mail/verify_sender.ts'
import type { VerifyCache } from '../store/verify_cache.ts'
import { sleep } from '../util/clock.ts'
import { parseDestination } from './destination.ts'
import type { HopDeps } from './open.ts'
import { type ProbeResult, probeAddress } from './probe.ts'

export type VerifierParam =
  | 'postern_next_hop'
  | 'postern_verify_port'
  | 'smtp_address_verify_target'
  | 'address_verify_sender'
  | 'address_verify_sender_ttl'
  | 'address_verify_poll_count'
  | 'address_verify_poll_delay'
  | 'address_verify_pending_request_limit'
  | 'myorigin'

export interface VerifierOptions {
  readonly config: Pick<Config, VerifierParam>
  readonly deps: HopDeps
  readonly cache: VerifyCache
  /** Whether mail for the address goes to the next hop (our own domains, and those we relay for) or to the MX host of its domain. */
  isOurs(address: string): Promise<boolean>
}

export interface VerifyOutcome {
  readonly status: 'ok' | 'undeliverable' | 'deferred' | 'in progress'
  /** "host 127.0.0.1[127.0.0.1] said: 550 5.1.1 … (in reply to RCPT TO command)", "Address verification in progress" */
  readonly text: string
}

/** Address verification for reject_unverified_sender and reject_unverified_recipient (Postfix: ADDRESS_VERIFICATION_README). */
export interface Verifier {
  /** Waits for a probe as long as address_verify_poll_count and address_verify_poll_delay say. Never rejects. */
  verify(address: string): Promise<VerifyOutcome>
}

export function makeVerifier(options: VerifierOptions): Verifier {
  const { cache, config } = options
  const { clock } = options.deps
  const running = new Map<string, Promise<void>>()

  const start = (address: string): void => {
    if (running.has(address)) return
    if (running.size >= config.address_verify_pending_request_limit) return
    const probe = runProbe(address, options)
      .catch((error: unknown) => options.deps.emit({ kind: 'error', text: `address probe: ${String(error)}` }))
      .finally(() => running.delete(address))
    running.set(address, probe)
  }

  return {
    async verify(address) {
      const first = cache.query(address)
      if (first.probe) start(address)
      const probe = running.get(address)
      if (first.status !== 'todo') return { status: first.status, text: first.text }
      // Postfix asks poll_count times with poll_delay in between; we need not look at the clock to see that the answer is there.
      const patience = Math.max(0, config.address_verify_poll_count - 1) * config.address_verify_poll_delay * 1000
      if (probe !== undefined && patience > 0) await Promise.race([probe, sleep(clock, patience)])
      const second = cache.query(address)
      return { status: second.status === 'todo' ? 'in progress' : second.status, text: second.text }
    },
  }
}

async function runProbe(address: string, options: VerifierOptions): Promise<void> {
  const { deps, cache } = options
  const ours = await options.isOurs(address)
  const result = await sendProbe(address, ours, options)
  const status = result.status === 'ok' ? 'deliverable' : 'undeliverable'
  const text = `PROBE: to=<${address}>, relay=${result.relay}, dsn=${result.dsn}, status=${status} (${result.text})`
  deps.emit({ kind: 'info', text, daemon: 'smtp' })
  cache.update(address, result.status, result.text)
}

function sendProbe(address: string, ours: boolean, options: VerifierOptions): Promise<ProbeResult> {
  const { config, deps } = options
  const sender = makeVerifySender({
    sender: config.address_verify_sender,
    ttl: config.address_verify_sender_ttl,
    nowSeconds: Math.floor(deps.clock.now() / 1000),
    origin: config.myorigin,
  })
  const request = { address, sender, target: config.smtp_address_verify_target, configured: ours }
  if (!ours) {
    const host = address.slice(address.lastIndexOf('@') + 1)
    const literal = /^\[(?:ipv6:)?(.*)\]$/i.exec(host)?.[1]
    const destination = {
      kind: 'inet',
      lmtp: false,
      host: literal ?? host,
      port: config.postern_verify_port,
      mx: literal === undefined,
    } as const
    return probeAddress(destination, request, deps)
  }
  const parsed = parseDestination(config.postern_next_hop)
  if (parsed.ok) return probeAddress(parsed.destination, request, deps)
  return Promise.resolve({ status: 'deferred', dsn: '4.3.5', text: parsed.problem, relay: 'none' })
}
