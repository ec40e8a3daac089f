import { formatEvent } from '../event/format.ts'
import type { Event } from '../model/event.ts'
import { systemClock } from '../util/clock.ts'
import { parseIp } from '../util/ip.ts'
import type { Call, Options } from './command.ts'
import { configPath, readSource } from './config_source.ts'
import { CommandError, GOOD, NEGATIVE, TEMPORARY, USAGE } from './exit_status.ts'
import { findEndpoint, rehearseEndpoint } from './explain_endpoint.ts'
import {
  type FoundOut,
  messageJson,
  messageLines,
  NotedJudging,
  readMessage,
  type Unjudged,
} from './explain_message.ts'
import { openDecisionParts } from './gateway.ts'
import { openMemory } from './memory.ts'
import { type Exchange, type Play, type Played, rehearse } from './rehearsal.ts'
import type { Terminal } from './terminal.ts'
import { traceLines } from './trace_text.ts'

/** `postern explain`. */
export async function run({ options, terminal }: Call): Promise<number> {
  const play = readPlay(options)
  const read = readSource(configPath(options), options.texts('override'))
  if (!read.ok) throw new CommandError(`${read.problem.place.file}: ${read.problem.text}`, NEGATIVE)
  for (const { place, text } of read.loaded.problems)
    terminal.err(`postern explain: ${place.file}:${place.line}: ${text}\n`)
  const { config } = read.loaded
  const named = options.text('endpoint')
  const endpoint = named === null ? null : findEndpoint(named, config)
  const warn = (text: string): unknown => terminal.err(`postern explain: ${text}\n`)
  const memory = await openMemory(config, { clock: systemClock, pid: process.pid, use: 'rehearsal', warn })
  const parts = openDecisionParts({
    config,
    configPath: read.source.path,
    clock: systemClock,
    emit: event => event.kind === 'warning' && warn(formatEvent(event).text),
    memory,
    pid: process.pid,
    processes: 1,
  })
  if ('problem' in parts) throw new CommandError(parts.problem, NEGATIVE)
  await parts.decision.ready()
  const { decision } = parts
  const noted =
    play.message === null
      ? null
      : new NotedJudging(config, parts, { clock: systemClock, warn, isAuthenticated: play.saslUser !== null })
  const messages = noted?.judging ?? null
  const played =
    endpoint === null
      ? await rehearse(play, { config, decision, clock: systemClock, messages })
      : await rehearseEndpoint(play, { endpoint, config, decision, clock: systemClock })
  // A policy endpoint never sees one.
  const found = endpoint === null ? (noted?.found() ?? 'no message') : null
  parts.close()
  await memory.close()
  terminal.out(
    options.has('json')
      ? JSON.stringify(asJson(play, played, found), null, 2) + '\n'
      : asText(play, { ...played, found }, terminal),
  )
  return exitStatus(played)
}

function readPlay(options: Options): Play {
  const message = options.text('message')
  if (message !== null && options.text('endpoint') !== null)
    throw new CommandError('cannot use --message with --endpoint: a policy server never sees a message', USAGE)
  const client = options.text('client') ?? ''
  if (parseIp(client) === null)
    throw new CommandError(`cannot use "${client}" for --client: expected an IP address`, USAGE)
  const bare = (address: string): string => address.replace(/^<(.*)>$/s, '$1')
  return {
    client,
    name: options.text('name'),
    reverseName: options.text('reverse-name') ?? options.text('name'),
    helo: options.text('helo'),
    sender: bare(options.text('from') ?? ''),
    recipients: options.texts('to').map(bare),
    size: options.number('size'),
    saslUser: options.text('sasl-user'),
    message: message === null ? null : readMessage(message),
  }
}

/** Refused for good beats refused for now. */
function exitStatus({ exchanges }: Played): number {
  const severities = new Set(exchanges.map(({ reply }) => severityOf(reply)))
  return severities.has('refuse') ? NEGATIVE : severities.has('defer') ? TEMPORARY : GOOD
}

/** Of an SMTP reply, or of the action of a policy endpoint. Nothing at all: the connection is closed. */
function severityOf(reply: string): 'accept' | 'defer' | 'refuse' {
  if (/^(?:4|DEFER)/i.test(reply)) return 'defer'
  return /^(?:5|REJECT\b|HANGUP\b|$)/i.test(reply) ? 'refuse' : 'accept'
}

interface Told extends Played {
  /** Null: not to be told. */
  readonly found: FoundOut | Unjudged | null
}

function asText(play: Play, { clientName, exchanges, events, found }: Told, terminal: Terminal): string {
  const { style } = terminal
  const { name, reverseName } = clientName
  const reverse = reverseName === name ? '' : ` (reverse name ${reverseName}, which does not map back)`
  const log = events
    .map(event => ({ event, text: formatEvent(event).text }))
    .filter(({ event, text }) => /^\w+: [\w-]+: \w/.test(text) || text.startsWith('warning') || isOfHelper(event))
    .map(({ text }) => text)
  return [
    `client ${name}[${play.client}]${reverse}`,
    '',
    ...exchanges.map(exchange => exchangeLine(exchange, style)),
    '',
    ...exchanges.flatMap(exchange => judgedLines(exchange, terminal)),
    ...(found === null ? [] : messageLines(found, terminal)),
    ...(log.length > 0 ? ['the log would say', ...log.map(text => `   ${text}`), ''] : []),
  ].join('\n')
}

/** Said in the words of Postgrey, policyd-spf, OpenDKIM or OpenDMARC. */
const HELPERS: ReadonlySet<string> = new Set(['postgrey', 'policyd-spf', 'opendkim', 'opendmarc'])

function isOfHelper(event: Event): boolean {
  return event.kind === 'info' && HELPERS.has(event.daemon ?? '')
}

function exchangeLine({ command, reply }: Exchange, style: Terminal['style']): string {
  const first = reply === '' ? '(connection closed without a reply)' : reply.split('\n')[0]
  return `   ${command}  ->  ${style(severityOf(reply) === 'accept' ? 'green' : 'red', first ?? '')}`
}

function judgedLines({ command, judged }: Exchange, terminal: Terminal): readonly string[] {
  const traces = judged.flatMap(({ judgement }) => traceLines(judgement, terminal.style))
  return traces.length === 0 ? [] : [terminal.style('cyan', `at ${command}`), ...traces, '']
}

function asJson(play: Play, { clientName, exchanges, events }: Played, found: Told['found']): unknown {
  return {
    client: { address: play.client, ...clientName },
    verdict: exchanges.every(({ reply }) => severityOf(reply) === 'accept') ? 'accept' : 'refuse',
    exchanges: exchanges.map(({ command, reply, judged }) => ({
      command,
      reply,
      judged: judged.map(({ stage, judgement: { reply: refusal, effects, trace, hangup } }) => ({
        stage,
        refusal,
        effects,
        hangup: hangup === true,
        steps: trace.steps,
      })),
    })),
    ...(found === null ? {} : { message: messageJson(found) }),
    log: events.map(event => formatEvent(event).text),
  }
}
