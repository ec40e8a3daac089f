import type { SmtpConfig } from './settings.ts'
import type { WireLimits } from './wire.ts'

/** For a command: Postfix gives no time for data that trickles in, or an attacker could take for ever. */
export function commandLimits(config: SmtpConfig): WireLimits {
  return { timeoutMs: config.smtpd_timeout * 1000, deadline: config.smtpd_per_request_deadline, minDataRate: 0 }
}

/** For message content: each smtpd_min_data_rate bytes earn a second. */
export function contentLimits(config: SmtpConfig): WireLimits {
  return { ...commandLimits(config), minDataRate: config.smtpd_min_data_rate }
}
