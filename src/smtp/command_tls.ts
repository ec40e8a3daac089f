import { activateSasl } from './command_auth.ts'
import { SERVICE } from './command_mail.ts'
import type { Dialogue } from './dialogue.ts'
import { isOverLimit, overLimit } from './rate_limits.ts'
import { tlsPolicy } from './settings.ts'
import type { Token } from './token.ts'
import { LostClient } from './wire.ts'

export async function starttls(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  const { config, doors } = d
  if (argv.length !== 1) return d.refuse('501 5.5.4 Syntax: STARTTLS')
  if (d.tls !== null) return d.refuse('554 5.5.1 Error: TLS already active')
  if (!tlsPolicy(config).offered || d.discarded.has('STARTTLS'))
    return d.refuse('502 5.5.1 Error: command not implemented')
  if (doors.tls === null) return d.refuse('454 4.7.0 TLS not available due to local problem')
  if (await isOverLimit(d, 'tls_session', config.smtpd_client_new_tls_session_rate_limit)) {
    d.log.warn(client => `Refusing STARTTLS request from ${client} for service ${SERVICE}`)
    return d.refuse(`454 4.7.0 Error: too many new TLS sessions from ${await d.namaddr()}`)
  }
  await d.reply('220 2.0.0 Ready to start TLS')
  await d.wire.flush()
  d.resetHelo()
  d.resetTransaction()
  await startTls(d)
  return true
}

/** The handshake, and what follows from it. Throws LostClient when it fails: nobody knows what state the other side is in. */
export async function startTls(d: Dialogue): Promise<void> {
  const { config, doors } = d
  if (doors.tls === null) return
  if (config.smtpd_tls_loglevel > 0) d.log.info(client => `setting up TLS connection from ${client}`)
  const askClientCert = config.smtpd_tls_ask_ccert || config.smtpd_tls_req_ccert
  const started = await d.wire.startTls({ context: doors.tls, askClientCert }, config.smtpd_starttls_timeout * 1000)
  const rate =
    started.ok && started.info.sessionReused
      ? null
      : await overLimit(d, 'tls_session', config.smtpd_client_new_tls_session_rate_limit)
  if (!started.ok) {
    d.log.info(client => `SSL_accept error from ${client}: ${started.reason}`)
    throw new LostClient('lost connection')
  }
  d.tls = started.info
  const { protocol, cipher, keyBits, clientCert } = started.info
  if (config.smtpd_tls_loglevel > 0) {
    const trust = clientCert === null ? 'Anonymous' : clientCert.trusted ? 'Trusted' : 'Untrusted'
    d.log.info(
      client =>
        `${trust} TLS connection established from ${client}: ${protocol} with cipher ${cipher} (${keyBits}/${keyBits} bits)`,
    )
  }
  if (rate !== null) {
    d.log.warn(client => `New TLS session rate limit exceeded: ${rate} from ${client} for service ${SERVICE}`)
    await d.reply(`421 4.7.0 ${config.myhostname} Error: too many new TLS sessions from ${await d.namaddr()}`)
    return
  }
  if (config.smtpd_tls_req_ccert && tlsPolicy(config).required && clientCert?.trusted !== true) {
    await refuseCertificate(d)
    return
  }
  d.sasl = null
  await activateSasl(d)
}

/** Postfix: even polite to a client without a certificate: it gets its answer to the next command. */
async function refuseCertificate(d: Dialogue): Promise<void> {
  const why = d.tls?.clientCert === null ? 'No client certificate presented' : 'Client certificate not trusted'
  d.log.info(client => `NOQUEUE: abort: TLS from ${client}: ${why}`)
  if (!d.config.smtpd_tls_wrappermode)
    await d.wire.readCommand({ limit: d.config.line_length_limit, detectBareLf: d.detectBareLf })
  await d.reply(`421 4.7.1 ${d.config.myhostname} Error: ${why}`)
}
