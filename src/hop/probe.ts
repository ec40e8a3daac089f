import { replyText } from './codec.ts'
import { mailCommand, rcptCommand } from './commands.ts'
import type { HopConnection } from './connection.ts'
import type { Destination } from './destination.ts'
import { type HopDeps, openConnection, type Wired } from './open.ts'
import { type Outcome, saidTrouble, type Trouble } from './trouble.ts'

/** What a mail server says about an address without getting a message. */
export interface ProbeResult {
  readonly status: 'ok' | 'undeliverable' | 'deferred'
  readonly dsn: string
  /** "host mx.example[192.0.2.1] said: 550 5.1.1 … (in reply to RCPT TO command)", "250 2.1.5 Ok" */
  readonly text: string
  readonly relay: string
}

export interface ProbeRequest {
  readonly address: string
  /** address_verify_sender, complete; '': the null sender. */
  readonly sender: string
  /** smtp_address_verify_target. */
  readonly target: 'rcpt' | 'data'
  /** The destination stands in main.cf: that it does not resolve says nothing about the address. */
  readonly configured: boolean
}

/** Asks a destination about one address: MAIL, RCPT (and DATA), then RSET and QUIT. Never throws. */
export async function probeAddress(
  destination: Destination,
  request: ProbeRequest,
  deps: HopDeps,
): Promise<ProbeResult> {
  if (destination.kind === 'maildir')
    return { status: 'ok', dsn: '2.0.0', text: 'delivers to maildir', relay: 'virtual' }
  if (destination.kind === 'discard') return { status: 'ok', dsn: '2.0.0', text: 'discarded', relay: 'none' }
  return probeServer(destination, request, deps)
}

async function probeServer(destination: Wired, request: ProbeRequest, deps: HopDeps): Promise<ProbeResult> {
  const opened = await openConnection(destination, deps)
  if (!opened.ok) {
    const hard = opened.trouble.dsn.startsWith('5') && !request.configured
    return {
      status: hard ? 'undeliverable' : 'deferred',
      dsn: opened.trouble.dsn,
      text: opened.trouble.text,
      relay: opened.relay,
    }
  }
  const { connection } = opened
  const asked = await askAbout(connection, request, deps)
  if (connection.broken === null && asked.inData !== true) {
    const step = { doing: 'sending final RSET', timeoutMs: deps.settings.timeouts.rset }
    void connection.command('RSET', step).then(() => connection.quit())
  } else connection.destroy()
  const relay = connection.namaddrport
  if (asked.trouble === null) return { status: 'ok', dsn: asked.dsn, text: asked.text, relay }
  const { dsn, text } = asked.trouble
  return { status: dsn.startsWith('5') ? 'undeliverable' : 'deferred', dsn, text, relay }
}

interface Asked {
  readonly trouble: Trouble | null
  readonly dsn: string
  readonly text: string
  /** The server waits for a message now; there is no way back but to hang up. */
  readonly inData?: boolean
}

async function askAbout(connection: HopConnection, request: ProbeRequest, deps: HopDeps): Promise<Asked> {
  const { timeouts } = deps.settings
  const envelope = {
    sender: request.sender,
    smtputf8: false,
    body: null,
    size: 0,
    ret: null,
    envid: null,
    queueId: '',
    client: { name: '', address: '', port: null, helo: '', protocol: '' },
  }
  const mail = connection.command(mailCommand(envelope, connection.features), {
    doing: 'sending MAIL FROM',
    timeoutMs: timeouts.mail,
  })
  const rcptText = rcptCommand(request.address, { notify: [], orcpt: null }, connection.features)
  const rcpt = connection.command(rcptText, { doing: 'sending RCPT TO', timeoutMs: timeouts.rcpt })
  const mailed = answered(await mail, connection, 'MAIL FROM command')
  const named = answered(await rcpt, connection, 'RCPT TO command')
  if (mailed.trouble !== null) return mailed
  if (named.trouble !== null || request.target === 'rcpt') return named
  const data = await connection.command('DATA', { doing: 'sending DATA command', timeoutMs: timeouts.dataInit })
  if (data.ok && data.reply.code === 354)
    return { trouble: null, dsn: '2.0.0', text: replyText(data.reply), inData: true }
  return answered(data, connection, 'DATA command')
}

function answered(outcome: Outcome, connection: HopConnection, where: string): Asked {
  if (!outcome.ok) return { trouble: outcome.trouble, dsn: outcome.trouble.dsn, text: outcome.trouble.text }
  const { reply } = outcome
  if (reply.code < 300) return { trouble: null, dsn: reply.dsn, text: replyText(reply) }
  return { trouble: saidTrouble(connection.namaddr, reply, where), dsn: reply.dsn, text: replyText(reply) }
}
