import type { HopEnvelope, HopTransaction, NextHop } from '../model/hop.ts'
import { type HopDeps, openConnection, type Wired } from './open.ts'
import { ConnectionPool } from './pool.ts'
import { SmtpTransaction } from './smtp_transaction.ts'

/** A next hop that speaks SMTP or LMTP. Connections are reused; each transaction has one of its own while it lasts. */
export function makeSmtpHop(destination: Wired, deps: HopDeps): NextHop {
  const pool = new ConnectionPool(deps.settings, deps.clock)
  const lmtp = destination.kind === 'unix' || destination.lmtp
  return {
    begin(envelope: HopEnvelope): HopTransaction {
      const open = () => openConnection(destination, deps)
      return new SmtpTransaction(envelope, { settings: deps.settings, pool, lmtp, open, emit: deps.emit })
    },
    close: () => pool.close(),
  }
}
