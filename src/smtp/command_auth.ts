import { printable } from './bytes.ts'
import { SERVICE } from './command_mail.ts'
import type { Dialogue } from './dialogue.ts'
import { overLimit } from './rate_limits.ts'
import type { SaslClientInfo, SaslStep } from './sasl.ts'
import type { Token } from './token.ts'
import { commandText, LostClient } from './wire.ts'

/** Asks which mechanisms can be offered now. Postfix does it at the start of the session, and again once TLS is on. */
export async function activateSasl(d: Dialogue): Promise<void> {
  const { config, doors } = d
  d.saslMechanisms = null
  d.saslDown = false
  if (!config.smtpd_sasl_auth_enable || doors.sasl === null) return
  if (d.tls === null && config.smtpd_tls_auth_only) return
  const all = await doors.sasl.mechanisms(saslInfo(d))
  const offered: string[] = []
  for (const mechanism of all ?? []) {
    const wanted = await doors.lists.hasWord('smtpd_sasl_mechanism_filter', mechanism)
    if (wanted.status === 'found') offered.push(mechanism)
  }
  if (offered.length > 0) {
    d.saslMechanisms = offered
    return
  }
  // Postfix's smtpd dies here, and no mail gets in while Dovecot is down. Here only AUTH is gone.
  d.saslDown = true
  const listed = (all ?? []).join(' ')
  d.log.warn(
    listed === ''
      ? 'no SASL authentication mechanisms'
      : `smtpd_sasl_mechanism_filter discards all mechanisms in '${listed}'`,
  )
}

function saslInfo(d: Dialogue): SaslClientInfo {
  const { config } = d
  return {
    clientAddress: d.client.address,
    serverAddress: d.server.address,
    encrypted: d.tls !== null,
    service: config.smtpd_sasl_service,
    securityOptions: d.tls === null ? config.smtpd_sasl_security_options : config.smtpd_sasl_tls_security_options,
  }
}

export async function auth(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  const { config, doors } = d
  const rate = await overLimit(d, 'auth', config.smtpd_client_auth_rate_limit)
  if (rate !== null) {
    d.log.warn(client => `AUTH command rate limit exceeded: ${rate} from ${client} for service ${SERVICE}`)
    return d.refuse(`450 4.7.1 Error: too many AUTH commands from ${d.client.address}`)
  }
  if (config.smtpd_helo_required && d.helo === null) return d.refuse('503 5.5.1 Error: send HELO/EHLO first')
  if (d.saslDown && !d.discarded.has('AUTH'))
    return d.refuse("454 4.7.0 Temporary authentication failure: Can't connect to authentication server")
  if (d.saslMechanisms === null || doors.sasl === null || d.discarded.has('AUTH'))
    return d.refuse('503 5.5.1 Error: authentication not enabled')
  if (d.tx.sender !== null) return d.refuse('503 5.5.1 Error: MAIL transaction in progress')
  if (config.smtpd_tls_auth_only && d.tls === null)
    return d.refuse('504 5.5.4 Encryption required for requested authentication mechanism')
  if (d.sasl !== null) return d.refuse('503 5.5.1 Error: already authenticated')
  const mechanism = argv[1]?.text
  if (mechanism === undefined || argv.length > 3) return d.refuse('501 5.5.4 Syntax: AUTH mechanism')
  const initial = argv[2]?.text ?? null
  let step: SaslStep
  if (!d.saslMechanisms.some(offered => offered.toUpperCase() === mechanism.toUpperCase()))
    step = { kind: 'failed', reason: 'Invalid authentication mechanism', username: d.saslRefused }
  else if (initial !== null && !isBase64(initial))
    step = { kind: 'failed', reason: 'Invalid base64 data in initial response', username: d.saslRefused }
  else step = await doors.sasl.begin(saslInfo(d), mechanism, initial)
  return converse(d, mechanism, step)
}

/** Challenges and responses until one side has had enough. */
async function converse(d: Dialogue, mechanism: string, first: SaslStep): Promise<boolean> {
  const shown = printable(mechanism, d.config.smtputf8_enable)
  let step = first
  while (step.kind === 'challenge') {
    await d.reply(`334 ${step.text}`)
    const line = await readResponse(d, step)
    if (line === null) return d.refuse('500 5.5.6 SASL response limit exceeded')
    if (line === '*') {
      step.cancel()
      d.log.warn(client => `${client}: SASL ${shown} authentication aborted`)
      return d.refuse('501 5.7.0 Authentication aborted')
    }
    if (isBase64(line)) step = await step.answer(line)
    else {
      step.cancel()
      step = { kind: 'failed', reason: 'Invalid base64 data in continued response', username: d.saslRefused }
    }
  }
  if (step.kind === 'done') {
    await d.reply('235 2.7.0 Authentication successful')
    d.sasl = { method: shown, username: printable(step.username, d.config.smtputf8_enable) }
    return true
  }
  return fail(d, shown, step)
}

async function fail(
  d: Dialogue,
  mechanism: string,
  step: Extract<SaslStep, { kind: 'failed' | 'temporary' }>,
): Promise<boolean> {
  d.saslRefused = step.username
  const reason = step.reason === '' ? '(reason unavailable)' : step.reason
  const username = (step.username ?? '(unavailable)').slice(0, 100)
  d.log.warn(
    client => `${client}: SASL ${mechanism.slice(0, 100)} authentication failed: ${reason}, sasl_username=${username}`,
  )
  if (step.kind === 'temporary') return d.refuse(`454 4.7.0 Temporary authentication failure: ${reason}`)
  return d.refuse(`535 5.7.8 Error: authentication failed: ${reason}`)
}

/** Null: longer than smtpd_sasl_response_limit. */
async function readResponse(d: Dialogue, step: Extract<SaslStep, { kind: 'challenge' }>): Promise<string | null> {
  const limit = d.config.smtpd_sasl_response_limit
  try {
    const line = await d.wire.readCommand({ limit, detectBareLf: d.detectBareLf })
    const text = commandText(line)
    if (!line.cut) return text
    step.cancel()
    d.log.warn(
      client => `${client}: request longer than ${limit}: ${printable(text, d.config.smtputf8_enable).slice(0, 30)}...`,
    )
    return null
  } catch (error) {
    if (error instanceof LostClient) step.cancel()
    throw error
  }
}

/** RFC 4648 4, without a look at the length: Dovecot does that. */
function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/=]*$/.test(text)
}
