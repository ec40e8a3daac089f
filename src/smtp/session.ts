import { isHeader } from '../mail/mime.ts'
import { escapeBytes, isUtf8, printable } from './bytes.ts'
import type { Line } from './codec.ts'
import { activateSasl, auth } from './command_auth.ts'
import { bdat } from './command_bdat.ts'
import { data } from './command_data.ts'
import { decideDiscards, helo } from './command_helo.ts'
import { mail, SERVICE } from './command_mail.ts'
import { etrn, help, noop, quit, rset, vrfy } from './command_misc.ts'
import { rcpt } from './command_rcpt.ts'
import type { CommandName } from './command_stats.ts'
import { startTls, starttls } from './command_tls.ts'
import { xclient } from './command_xclient.ts'
import { xforward } from './command_xforward.ts'
import { endForDataError } from './data_error.ts'
import type { Dialogue } from './dialogue.ts'
import type { ClientListParam } from './doors.ts'
import { isCounted, isOverLimit, rateKey } from './rate_limits.ts'
import { tlsPolicy } from './settings.ts'
import { commandLimits } from './timing.ts'
import { splitCommand, type Token } from './token.ts'
import { commandText, LostClient } from './wire.ts'

interface Command {
  readonly name: CommandName
  readonly run: (d: Dialogue, argv: readonly Token[]) => Promise<boolean>
  /** Counts towards smtpd_junk_command_limit. */
  readonly junk?: boolean
  /** Allowed before STARTTLS where TLS is required. */
  readonly preTls?: boolean
  /** RFC 2920 3.1: must be the last of a pipelined group. */
  readonly last?: boolean
}

const COMMANDS: readonly Command[] = [
  { name: 'HELO', run: (d, argv) => helo(d, argv, false), junk: true, preTls: true, last: true },
  { name: 'EHLO', run: (d, argv) => helo(d, argv, true), junk: true, preTls: true, last: true },
  { name: 'XCLIENT', run: xclient, preTls: true },
  { name: 'XFORWARD', run: xforward },
  { name: 'STARTTLS', run: starttls, preTls: true },
  { name: 'AUTH', run: auth },
  { name: 'MAIL', run: mail },
  { name: 'RCPT', run: rcpt },
  { name: 'DATA', run: data, last: true },
  { name: 'BDAT', run: bdat },
  { name: 'RSET', run: rset, junk: true },
  { name: 'NOOP', run: noop, junk: true, preTls: true, last: true },
  { name: 'VRFY', run: vrfy, junk: true, last: true },
  { name: 'ETRN', run: etrn, junk: true },
  { name: 'QUIT', run: quit, preTls: true },
]
const HELP: Command = { name: 'HELP', run: help, preTls: true }

const HELP_SINCE = [3, 9] as const

/** How a stretch of dialogue ended. */
type End = 'greet_again' | 'closed' | 'too many errors'

/** Talks to one client until the end (Postfix smtpd_proto). A fault of ours is thrown after the client got its 421. */
export async function runSession(d: Dialogue): Promise<void> {
  const counted = new CountedClient(d)
  d.log.add(client => ({ kind: 'connect', client }))
  try {
    let end: End = 'greet_again'
    while (end === 'greet_again') {
      d.nameClient()
      end = (await greet(d, counted)) ? await converse(d) : 'closed'
    }
    if (end === 'too many errors') logEnd(d, end)
  } catch (error) {
    await lose(d, error)
  } finally {
    counted.disconnect()
    d.resetTransaction()
    await d.wire.close()
    const commands = d.stats.snapshot()
    d.log.add(client => ({
      kind: 'disconnect',
      client,
      commands,
      ...(d.bareLfNoted && notesBareLf(d) ? { notes: 'bare_lf' } : {}),
    }))
  }
  await d.log.flushed()
}

function notesBareLf(d: Dialogue): boolean {
  return d.config.smtpd_forbid_bare_newline === 'note'
}

async function lose(d: Dialogue, error: unknown): Promise<void> {
  if (!(error instanceof LostClient)) {
    await d.reply(`421 4.3.0 ${d.config.myhostname} Server local error`).catch(() => undefined)
    throw error
  }
  if (error.reason === 'hangup') return
  logEnd(d, error.reason)
  if (error.reason === 'timeout')
    await d.reply(`421 4.4.2 ${d.config.myhostname} Error: timeout exceeded`).catch(() => undefined)
}

/** "lost connection after RCPT from …". Postfix does not complain about a client that leaves after its message. */
function logEnd(d: Dialogue, reason: 'timeout' | 'lost connection' | 'too many errors'): void {
  const { where } = d
  if (where === 'END-OF-MESSAGE' && reason === 'lost connection') return
  const content = /^(DATA|BDAT) content$/.exec(where)
  const after = content === null ? where : `${content[1]} (${contentBytes(d, content[1] === 'BDAT')} bytes)`
  const { queueId } = d.tx
  const kind = reason === 'timeout' ? 'timeout' : reason === 'lost connection' ? 'lost_connection' : 'too_many_errors'
  d.log.add(client => ({ kind, after, client, queueId }))
}

/** Postfix counts whole lines of DATA, and all of BDAT. */
function contentBytes({ tx, wire, chunks }: Dialogue, bdat: boolean): number {
  return bdat ? tx.receivedSize + wire.input.length + chunks.length : tx.receivedSize
}

/** What anvil(8) was told about this client, to be taken back at the end. */
class CountedClient {
  private readonly d: Dialogue
  private key: string | null = null

  constructor(d: Dialogue) {
    this.d = d
  }

  /** The refusal, or null. */
  async connect(): Promise<string | null> {
    const { d } = this
    if (this.key !== null || d.doors.rates === null || !(await isCounted(d))) return null
    this.key = rateKey(d)
    const { count, rate } = await d.doors.rates.connect(this.key)
    const {
      smtpd_client_connection_count_limit: countLimit,
      smtpd_client_connection_rate_limit: rateLimit,
      myhostname,
    } = d.config
    if (countLimit > 0 && count > countLimit)
      d.log.warn(client => `Connection concurrency limit exceeded: ${count} from ${client} for service ${SERVICE}`)
    else if (rateLimit > 0 && rate > rateLimit)
      d.log.warn(client => `Connection rate limit exceeded: ${rate} from ${client} for service ${SERVICE}`)
    else return null
    return `421 4.7.0 ${myhostname} Error: too many connections from ${d.client.address}`
  }

  disconnect(): void {
    if (this.key !== null) this.d.doors.rates?.disconnect(this.key)
  }
}

/** From connection to greeting; false: there will be no dialogue. */
async function greet(d: Dialogue, counted: CountedClient): Promise<boolean> {
  const { config } = d
  d.wire.startRequest(commandLimits(config))
  await decideTrust(d)
  if (config.smtpd_tls_wrappermode && d.tls === null && !(await wrapInTls(d))) return false
  if (!d.pipelinedEarly && (await noteEarlyInput(d)) && config.smtpd_forbid_unauth_pipelining) {
    await d.reply('554 5.5.0 Error: SMTP protocol synchronization')
    return false
  }
  const tooMany = await counted.connect()
  if (tooMany !== null) {
    await d.reply(tooMany)
    return false
  }
  await decideDiscards(d)
  // CONNECT, or XCLIENT, which makes a new client of the session.
  const refusal = await d.judge('client', d.facts())
  if (refusal === null) await d.reply(`220 ${config.smtpd_banner}`)
  else {
    d.accessDenied = refusal
    await d.reply(refusal)
    d.errors++
  }
  if (!d.hangup) await activateSasl(d)
  return true
}

/** Who may say XCLIENT and XFORWARD; XCLIENT does not change the latter. */
async function decideTrust(d: Dialogue): Promise<void> {
  const { lists } = d
  const unsure = new Set(d.unsure)
  const mayUse = async (keyword: 'XCLIENT' | 'XFORWARD', list: ClientListParam): Promise<boolean> => {
    const { status } = await lists.hasClient(list, d.listClient)
    if (status === 'failed') unsure.add(keyword)
    else unsure.delete(keyword)
    return status === 'found'
  }
  const first = d.where === 'CONNECT'
  d.xclientAllowed = await mayUse('XCLIENT', 'smtpd_authorized_xclient_hosts')
  if (first) d.xforwardAllowed = await mayUse('XFORWARD', 'smtpd_authorized_xforward_hosts')
  d.unsure = unsure
  const strict = d.config.smtpd_forbid_bare_newline !== 'no'
  d.detectBareLf =
    strict && (await lists.hasClient('smtpd_forbid_bare_newline_exclusions', d.listClient)).status !== 'found'
}

async function wrapInTls(d: Dialogue): Promise<boolean> {
  if (d.doors.tls === null) {
    d.log.warn(
      client =>
        `Wrapper-mode request dropped from ${client} for service ${SERVICE}. TLS context initialization failed. For details see earlier warnings in your logs.`,
    )
    return false
  }
  if (await isOverLimit(d, 'tls_session', d.config.smtpd_client_new_tls_session_rate_limit)) {
    d.log.warn(client => `Refusing TLS service request from ${client} for service ${SERVICE}`)
    return false
  }
  await startTls(d)
  return !d.hangup
}

/** The client has sent something before it was its turn. */
async function noteEarlyInput(d: Dialogue): Promise<boolean> {
  const ahead = await d.wire.peekAhead(100)
  if (ahead.length === 0) return false
  d.pipelinedEarly = true
  const { where } = d
  d.log.info(client => `improper command pipelining after ${where} from ${client}: ${escapeBytes(ahead)}`)
  return true
}

/** The command loop. */
async function converse(d: Dialogue): Promise<End> {
  const { config } = d
  while (!d.hangup) {
    if (d.stopping && d.isIdle) {
      await d.reply(d.shutdownReply)
      return 'closed'
    }
    d.wire.startRequest(commandLimits(config))
    if (d.errors >= config.smtpd_hard_error_limit) {
      await d.reply(`421 4.7.0 ${config.myhostname} Error: too many errors`)
      return 'too many errors'
    }
    const line = await d.wire.readCommand({ limit: config.line_length_limit, detectBareLf: d.detectBareLf })
    const argv = await readWords(d, line)
    if (argv === 'end') return 'closed'
    if (argv === null) continue
    const end = await execute(d, argv)
    if (end !== null) return end
  }
  return 'closed'
}

/** The words of a command; null: it was answered already; 'end': so much so that the session is over. */
async function readWords(d: Dialogue, line: Line): Promise<readonly Token[] | null | 'end'> {
  const { config } = d
  let text = commandText(line)
  if (line.cut)
    d.log.warn(
      client =>
        `${client}: request longer than ${config.line_length_limit}: ${printable(text, config.smtputf8_enable).slice(0, 30)}...`,
    )
  if (line.bareLf) d.bareLfNoted = true
  if (line.bareLf && config.smtpd_forbid_bare_newline === 'reject') {
    d.logReject('bare <LF> received')
    await d.reply(
      `${config.smtpd_forbid_bare_newline_reject_code} 5.5.2 ${config.myhostname} Error: bare <LF> received`,
    )
    return 'end'
  }
  if (config.smtputf8_enable && !isUtf8(line.bytes)) return bad(d, '500 5.5.2 Error: bad UTF-8 syntax')
  const replaced = await filterCommand(d, text)
  if (replaced === null) return 'end'
  text = replaced
  const argv = splitCommand(text)
  const verb = argv[0]
  if (verb === undefined) return bad(d, '500 5.5.2 Error: bad syntax')
  if ((await d.lists.hasWord('smtpd_noop_commands', verb.text)).status === 'found') {
    await d.reply('250 2.0.0 Ok')
    countJunk(d)
    return null
  }
  return argv
}

async function bad(d: Dialogue, reply: string): Promise<null> {
  await d.reply(reply)
  d.errors++
  return null
}

/** smtpd_command_filter; null: its table failed, and the client has been sent away. */
async function filterCommand(d: Dialogue, text: string): Promise<string | null> {
  const key = text.replace(/^[ \t]+/, '')
  const found = await d.doors.lists.find('smtpd_command_filter', key)
  if (found.status === 'absent') return text
  if (found.status === 'found') {
    d.log.info(client => `${client}: replacing command "${text.slice(0, 100)}" with "${found.value.slice(0, 100)}"`)
    return found.value
  }
  const {
    told = [`smtpd_command_filter lookup error for "${printable(key, d.config.smtputf8_enable).slice(0, 100)}"`],
  } = found
  for (const line of told) d.log.warn(line)
  await endForDataError(d)
  return null
}

function countJunk(d: Dialogue): void {
  if (d.junk++ > d.config.smtpd_junk_command_limit) d.errors++
}

/** Runs one command; how the session ends by it, or null. */
async function execute(d: Dialogue, argv: readonly Token[]): Promise<End | null> {
  const verb = argv[0]?.text ?? ''
  const command = findCommand(d, verb)
  d.stats.total(command?.name ?? 'UNKNOWN')
  if (command === undefined) {
    d.where = 'UNKNOWN'
    if (isHeader(verb) || (await d.lists.hasWord('smtpd_forbidden_commands', verb)).status === 'found') {
      const said = escapeBytes(Buffer.from(argv.map(token => token.text).join(' '))).slice(0, 100)
      d.log.warn(client => `non-SMTP command from ${client}: ${said}`)
      await d.reply('221 2.7.0 Error: I can break rules, too. Goodbye.')
      return 'closed'
    }
  }
  if (d.accessDenied !== null && command?.name !== 'QUIT') return denied(d, d.accessDenied)
  if (command === undefined) {
    await bad(d, '500 5.5.2 Error: command not recognized')
    return null
  }
  if (tlsPolicy(d.config).required && d.tls === null && command.preTls !== true) {
    await bad(d, '530 5.7.0 Must issue a STARTTLS command first')
    return null
  }
  d.where = command.name
  const mustWait = d.protocol !== 'ESMTP' || command.last === true
  if (mustWait && !d.pipelinedEarly && (await noteEarlyInput(d)) && d.config.smtpd_forbid_unauth_pipelining) {
    await d.reply('554 5.5.0 Error: SMTP protocol synchronization')
    return 'closed'
  }
  return run(d, command, argv)
}

async function run(d: Dialogue, command: Command, argv: readonly Token[]): Promise<End | null> {
  const good = await command.run(d, argv)
  // Postfix: XCLIENT jumps back to the greeting and counts as no success.
  if (good && command.name === 'XCLIENT') return 'greet_again'
  if (good) d.stats.good(command.name)
  else d.errors++
  if (command.junk === true) countJunk(d)
  return command.name === 'QUIT' ? 'closed' : null
}

/** RFC 5321 3.1: after a 554 greeting everything but QUIT gets 503. */
async function denied(d: Dialogue, refusal: string): Promise<null> {
  if (/^.21/.test(refusal)) {
    await d.reply(refusal)
    return null
  }
  return bad(d, `503 5.7.0 Error: access denied for ${await d.namaddr()}`)
}

function findCommand(d: Dialogue, verb: string): Command | undefined {
  const upper = verb.toUpperCase()
  if (upper === 'HELP' && isAtLeast(d.config.mail_version, HELP_SINCE)) return HELP
  return COMMANDS.find(command => command.name === upper)
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, below = 0] = version.split('.').map(Number)
  return ours > major || (ours === major && below >= minor)
}
