/** Counts what clients do, as Postfix anvil(8). Clients are told apart by address, or by network (smtpd_client_ipv*_prefix_length). */
export interface RateCounters {
  /** Connections open now, and made within anvil_rate_time_unit, this one included. */
  connect(client: string): Promise<{ readonly count: number; readonly rate: number }>
  disconnect(client: string): void
  /** Events within anvil_rate_time_unit, this one included. */
  count(client: string, what: RateKind): Promise<number>
  /** The same without a new one. */
  current(client: string, what: RateKind): Promise<number>
}

export type RateKind = 'message' | 'recipient' | 'tls_session' | 'auth'
