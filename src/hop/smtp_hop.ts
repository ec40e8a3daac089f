import type { Daemon, EmitEvent } from '../model/event.ts'
import type { HopEnvelope, HopTransaction, NextHop } from '../model/hop.ts'
import { type HopDeps, openConnection, type Wired } from './open.ts'
import { ConnectionPool } from './pool.ts'
import { SmtpTransaction } from './smtp_transaction.ts'

/** A next hop that speaks SMTP or LMTP. Connections are reused; each transaction has one of its own while it lasts. */
export function makeSmtpHop(destination: Wired, deps: HopDeps): NextHop {
  const pool = new ConnectionPool(deps.settings, deps.clock)
  const lmtp = destination.kind === 'unix' || destination.lmtp
  const spoken = { ...deps, emit: sayAs(lmtp ? 'lmtp' : 'smtp', deps.emit) }
  return {
    begin(envelope: HopEnvelope): HopTransaction {
      const open = () => openConnection(destination, spoken)
      return new SmtpTransaction(envelope, { settings: deps.settings, pool, lmtp, open, emit: spoken.emit })
    },
    close: () => pool.close(),
  }
}

/** Lines of free text come from the daemon that says them in Postfix. */
export function sayAs(daemon: Daemon, emit: EmitEvent): EmitEvent {
  return event => emit(event.kind === 'info' || event.kind === 'warning' ? { ...event, daemon } : event)
}
