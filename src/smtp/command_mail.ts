import { extractAddress } from '../mail/address.ts'
import { isAscii } from '../mail/hostname.ts'
import { decodeXtext } from '../util/xtext.ts'
import { printable } from './bytes.ts'
import type { Dialogue } from './dialogue.ts'
import { isEnvid, parseRet } from './dsn.ts'
import { openQueueFile } from './queue_file.ts'
import { overLimit } from './rate_limits.ts'
import type { Token } from './token.ts'

const BAD_SENDER = '501 5.1.7 Bad sender address syntax'
const DSN_OFF = '501 5.7.1 DSN support is disabled'
export const SERVICE = 'smtp'

/** What MAIL says besides the address; a string is the refusal. */
interface MailOptions {
  body: '7BIT' | '8BITMIME' | null
  size: number
  ret: 'FULL' | 'HDRS' | null
  envid: string | null
  auth: string | null
}

export async function mail(d: Dialogue, argv: readonly Token[]): Promise<boolean> {
  const refusal = await checkOrder(d, argv)
  if (refusal !== null) return d.refuse(refusal)
  const token = argv[2] ?? { text: '', broken: true }
  if (token.broken) return d.refuse(BAD_SENDER)
  const words = argv.slice(3).map(word => word.text)
  const smtputf8 = takesUtf8(d) && words.some(word => word.toUpperCase() === 'SMTPUTF8')
  const address = await takeAddress(d, token.text, { emptyAllowed: true, smtputf8 })
  if (address === null) return d.refuse(BAD_SENDER)
  const options = readOptions(d, words)
  if (typeof options === 'string') return d.refuse(options)
  return startTransaction(d, { address, smtputf8, options })
}

async function checkOrder(d: Dialogue, argv: readonly Token[]): Promise<string | null> {
  if (d.config.smtpd_helo_required && d.helo === null) return '503 5.5.1 Error: send HELO/EHLO first'
  if (d.tx.sender !== null) return '503 5.5.1 Error: nested MAIL command'
  if (d.tx.bdat !== 'none') return '503 5.5.1 Error: MAIL after BDAT'
  if (argv.length < 3 || argv[1]?.text.toLowerCase() !== 'from:') return '501 5.5.4 Syntax: MAIL FROM:<address>'
  const rate = await overLimit(d, 'message', d.config.smtpd_client_message_rate_limit)
  if (rate === null) return null
  d.log.warn(client => `Message delivery request rate limit exceeded: ${rate} from ${client} for service ${SERVICE}`)
  return `450 4.7.1 Error: too much mail from ${d.client.address}`
}

export function takesUtf8(d: Dialogue): boolean {
  return d.config.smtputf8_enable && !d.discarded.has('SMTPUTF8')
}

/** The address in internal form, when its syntax is good (Postfix extract_addr); null after a warning in the log. */
export async function takeAddress(
  d: Dialogue,
  text: string,
  rules: { emptyAllowed: boolean; smtputf8: boolean; strict?: boolean },
): Promise<string | null> {
  const strict = rules.strict ?? d.config.strict_rfc821_envelopes
  const { address, illegal } = extractAddress(text, { emptyAllowed: rules.emptyAllowed, strict })
  if (!illegal && (address === '' || (await d.doors.judge.isAddressValid(address, rules.smtputf8, d.facts()))))
    return address
  const { where } = d
  d.log.warn(
    client => `Illegal address syntax from ${client} in ${where} command: ${printable(text, d.config.smtputf8_enable)}`,
  )
  return null
}

function readOptions(d: Dialogue, words: readonly string[]): MailOptions | string {
  const options: MailOptions = { body: null, size: 0, ret: null, envid: null, auth: null }
  for (const word of words) {
    const upper = word.toUpperCase()
    const value = word.slice(word.indexOf('=') + 1)
    if (upper === 'BODY=8BITMIME') options.body = '8BITMIME'
    else if (upper === 'BODY=7BIT') options.body = '7BIT'
    else if (upper === 'SMTPUTF8' && takesUtf8(d)) continue
    else {
      const problem = readValue(d, { upper, value, options })
      if (problem === null) return `555 5.5.4 Unsupported option: ${word}`
      if (problem !== '') return problem
    }
  }
  return options
}

/** '' when taken, the refusal, or null: no such option. */
function readValue(d: Dialogue, word: { upper: string; value: string; options: MailOptions }): string | null {
  const { upper, value, options } = word
  if (upper.startsWith('SIZE=')) {
    if (!/^\d+$/.test(value)) return '501 5.5.4 Bad message size syntax'
    // RFC 1870 5 allows 20 digits; off_t holds fewer.
    if (BigInt(value) > 0x7fffffffffffffffn) return '552 5.3.4 Message size exceeds file system imposed limit'
    options.size = Number(value)
    return ''
  }
  if (upper.startsWith('AUTH=')) {
    if (options.auth !== null) return '503 5.5.4 Error: multiple AUTH= options'
    if (value !== '<>') options.auth = printable(value, d.config.smtputf8_enable)
    return ''
  }
  if (upper.startsWith('RET=')) {
    if (d.discarded.has('DSN')) return DSN_OFF
    const ret = options.ret === null ? parseRet(value) : null
    if (ret === null) return '501 5.5.4 Bad RET parameter syntax'
    options.ret = ret
    return ''
  }
  if (upper.startsWith('ENVID=')) {
    if (d.discarded.has('DSN')) return DSN_OFF
    if (options.envid !== null || !isEnvid(value) || decodeXtext(value) === null)
      return '501 5.5.4 Bad ENVID parameter syntax'
    options.envid = value
    return ''
  }
  return null
}

interface Mail {
  readonly address: string
  readonly smtputf8: boolean
  readonly options: MailOptions
}

async function startTransaction(d: Dialogue, { address, smtputf8, options }: Mail): Promise<boolean> {
  const { config, tx } = d
  const limit = config.message_size_limit
  if (limit > 0 && options.size > limit) {
    const text = '552 5.3.4 Message size exceeds fixed limit'
    const refusal = config.soft_bounce ? text.replace(/^552 5/, '452 4') : text
    d.logReject(refusal, { sender: address })
    return d.refuse(refusal)
  }
  const facts = d.facts({ sender: address, smtputf8, size: options.size, sasl: saslFacts(d, options) })
  d.doors.judge.lookAhead(facts)
  const refusal = await d.judge('sender', facts)
  if (refusal !== null) {
    d.resetTransaction()
    return d.refuse(refusal)
  }
  if (config.strict_smtputf8 && !smtputf8 && !isAscii(address))
    return d.refuse('553 5.6.7 Must declare SMTPUTF8 to send unicode address')
  tx.sender = address
  tx.smtputf8 = smtputf8
  tx.body = options.body
  tx.announcedSize = options.size
  tx.ret = options.ret
  tx.envid = options.envid
  tx.saslSender = options.auth ?? ''
  tx.arrivedMs = d.doors.clock.now()
  tx.instance = makeInstance(d)
  if (!config.smtpd_delay_open_until_valid_rcpt) await openQueueFile(d)
  await d.reply('250 2.1.0 Ok')
  return true
}

function saslFacts(d: Dialogue, options: MailOptions): { method: string; username: string; sender: string } | null {
  return d.sasl === null ? null : { ...d.sasl, sender: options.auth ?? '' }
}

/** Postfix SMTPD_POLICY_README "instance": the same for all recipients of one message. */
function makeInstance(d: Dialogue): string {
  const seconds = Math.trunc(d.tx.arrivedMs / 1000)
  const micros = Math.trunc((d.tx.arrivedMs % 1000) * 1000)
  const parts = [d.doors.pid, seconds, micros, d.sequence++]
  return parts.map(part => part.toString(16)).join('.')
}
