/** Whether the gateway judges whole messages, and who decides then. */
import { isAbsolute, join } from 'node:path'
import type { Config, Endpoint } from '../config/config.ts'
import { parseEndpoint } from '../config/types.ts'
import type { MessageJudge } from '../model/mail_auth.ts'
import type { MessageJudging } from '../smtp/doors.ts'
import { addressOf } from './doors.ts'

type JudgingConfig = Pick<
  Config,
  | 'smtpd_end_of_data_restrictions'
  | 'restriction_classes'
  | 'smtpd_milters'
  | 'postern_milter_listen'
  | 'postern_arc_seal_domain'
  | 'queue_directory'
>

/** Null: no list asks for a verdict on whole messages, none is sealed, and smtpd_milters does not name our own milter. */
export function messageJudging(config: JudgingConfig, open: () => MessageJudge): MessageJudging | null {
  const asMilter = config.smtpd_milters.some(milter => isOwnMilter(milter, config))
  const seals = config.postern_arc_seal_domain !== ''
  return asMilter || seals || restricts(config) ? { openMessage: open, asMilter } : null
}

/** check_dmarc in the list, or in a class, which the list or one of its tables may name. */
function restricts({ smtpd_end_of_data_restrictions: list, restriction_classes: classes }: JudgingConfig): boolean {
  return [list, ...classes.values()].some(words => words.some(({ text }) => text.toLowerCase() === 'check_dmarc'))
}

/** Whether an element of smtpd_milters ("inet:127.0.0.1:8893", "{ unix:PATH, command_timeout = 5s }") is our own milter. */
export function isOwnMilter(milter: string, config: JudgingConfig): boolean {
  const name = milter.replace(/^\{\s*/, '').split(/[\s,}]/)[0] ?? ''
  const endpoint = parseEndpoint(name)
  if (endpoint === null) return false
  return config.postern_milter_listen.some(own => isSame(placed(own, config), placed(endpoint, config)))
}

function isSame(own: Endpoint, named: Endpoint): boolean {
  if (own.kind === 'unix' || named.kind === 'unix') return addressOf(own) === addressOf(named)
  return own.port === named.port && reaches(own.address, named.address)
}

/** Whether who listens at `own` is reached at the loopback address `named`, or at the very same one. */
function reaches(own: string, named: string): boolean {
  if (own === named) return true
  if (named === 'localhost') return ['127.0.0.1', '::1', '0.0.0.0', '::', ''].includes(own)
  return (named.startsWith('127.') && ['0.0.0.0', ''].includes(own)) || (named === '::1' && ['::', ''].includes(own))
}

function placed(endpoint: Endpoint, { queue_directory: queue }: JudgingConfig): Endpoint {
  if (endpoint.kind !== 'unix' || isAbsolute(endpoint.path)) return endpoint
  return { ...endpoint, path: join(queue, endpoint.path) }
}
