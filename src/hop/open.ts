import type { Resolver } from '../dns/resolver.ts'
import type { EmitEvent } from '../model/event.ts'
import { dial } from '../net/dial.ts'
import { LineSocket } from '../net/line_socket.ts'
import type { Clock } from '../util/clock.ts'
import { parseFeatures, replyText } from './codec.ts'
import { HopConnection } from './connection.ts'
import { type Destination, type HopTarget, resolveTargets } from './destination.ts'
import type { HopSettings } from './settings.ts'
import { lostTrouble, refusedToTalk, saidTrouble, type Trouble } from './trouble.ts'

export interface HopDeps {
  readonly settings: HopSettings
  readonly resolver: Resolver
  readonly clock: Clock
  /** "connect to host[addr]:port: Connection refused" and other lines of smtp(8). */
  readonly emit: EmitEvent
}

export type Opened =
  | { readonly ok: true; readonly connection: HopConnection }
  | { readonly ok: false; readonly trouble: Trouble; readonly relay: string }

export type Wired = Destination & { readonly kind: 'inet' | 'unix' }

/** Connects to the first address of a destination that lets us in: greeting, EHLO or LHLO, TLS. Never throws. */
export async function openConnection(destination: Wired, deps: HopDeps): Promise<Opened> {
  const { settings } = deps
  const resolved =
    destination.kind === 'unix'
      ? { ok: true as const, targets: [unixTarget(destination.path, settings)] }
      : await resolveTargets(destination, deps.resolver, settings)
  if (!resolved.ok) {
    deps.emit({ kind: 'info', text: resolved.trouble.text })
    return { ok: false, trouble: resolved.trouble, relay: 'none' }
  }
  const targets = settings.addressLimit > 0 ? resolved.targets.slice(0, settings.addressLimit) : resolved.targets
  const lmtp = destination.kind === 'unix' || destination.lmtp
  let last: Opened = {
    ok: false,
    trouble: lostTrouble('4.3.0', 'server unavailable or unable to receive mail'),
    relay: 'none',
  }
  for (const target of targets) {
    last = await openTarget(target, lmtp, deps)
    if (last.ok) return last
    deps.emit({ kind: 'info', text: last.trouble.text })
  }
  return last
}

/** One address; when an opportunistic TLS handshake fails, the same once more in plain text (Postfix level "may"). */
async function openTarget(target: HopTarget, lmtp: boolean, deps: HopDeps): Promise<Opened> {
  const first = await connectTo(target, { lmtp, plain: false }, deps)
  if (first.kind !== 'tls_failed') return first.opened
  if (deps.settings.tlsLevel === 'encrypt') return first.opened
  return (await connectTo(target, { lmtp, plain: true }, deps)).opened
}

interface Manner {
  readonly lmtp: boolean
  readonly plain: boolean
}

interface Attempt {
  readonly kind: 'done' | 'tls_failed'
  readonly opened: Opened
}

async function connectTo(target: HopTarget, manner: Manner, deps: HopDeps): Promise<Attempt> {
  const { settings, clock } = deps
  const namaddr = `${target.host}[${target.address}]`
  const namaddrport = target.port === null ? namaddr : `${namaddr}:${target.port}`
  const dialed = await dial(target.dial, settings.timeouts.connect, clock)
  if (!dialed.ok) {
    const trouble = lostTrouble('4.4.1', `connect to ${namaddrport}: ${dialed.text}`)
    return { kind: 'done', opened: { ok: false, trouble, relay: 'none' } }
  }
  const connection = new HopConnection(
    c =>
      new LineSocket(
        dialed.socket,
        { line: line => c.takeLine(line), closed: () => c.takeClose() },
        settings.lineLimit,
      ),
    { namaddr, namaddrport },
    clock,
  )
  const shaken = await shakeHands(connection, { ...manner, host: target.host }, settings)
  if (shaken === null) return { kind: 'done', opened: { ok: true, connection } }
  connection.quit()
  const opened: Opened = { ok: false, trouble: shaken.trouble, relay: namaddrport }
  return { kind: shaken.tls ? 'tls_failed' : 'done', opened }
}

interface Unshaken {
  readonly trouble: Trouble
  /** It was the TLS handshake that failed. */
  readonly tls: boolean
}

async function shakeHands(
  connection: HopConnection,
  manner: Manner & { readonly host: string },
  settings: HopSettings,
): Promise<Unshaken | null> {
  const step = { doing: 'receiving the initial server greeting', timeoutMs: settings.timeouts.helo }
  const greeting = await connection.expect(step)
  if (!greeting.ok) return { trouble: greeting.trouble, tls: false }
  if (greeting.reply.code >= 300) {
    const trouble = refusedToTalk(connection.namaddr, greeting.reply)
    if (settings.skip5xxGreeting || greeting.reply.code < 500) return { trouble, tls: false }
    return { trouble: { ...saidTrouble(connection.namaddr, greeting.reply, ''), text: trouble.text }, tls: false }
  }
  const unhelloed = await sayHello(connection, manner.lmtp, settings)
  if (unhelloed !== null) return { trouble: unhelloed, tls: false }
  return upgrade(connection, manner, settings)
}

async function sayHello(connection: HopConnection, lmtp: boolean, settings: HopSettings): Promise<Trouble | null> {
  const verb = lmtp ? 'LHLO' : 'EHLO'
  const timeoutMs = settings.timeouts.helo
  const hello = await connection.command(`${verb} ${lmtp ? settings.lhloName : settings.heloName}`, {
    doing: `performing the ${verb} handshake`,
    timeoutMs,
  })
  if (!hello.ok) return hello.trouble
  if (hello.reply.code < 300) {
    connection.features = parseFeatures(hello.reply, settings.discardKeywords)
    return null
  }
  if (lmtp || hello.reply.code === 421) return refusedToTalk(connection.namaddr, hello.reply)
  const helo = await connection.command(`HELO ${settings.heloName}`, {
    doing: 'performing the HELO handshake',
    timeoutMs,
  })
  if (!helo.ok) return helo.trouble
  return helo.reply.code < 300 ? null : refusedToTalk(connection.namaddr, helo.reply)
}

async function upgrade(
  connection: HopConnection,
  manner: Manner & { readonly host: string },
  settings: HopSettings,
): Promise<Unshaken | null> {
  if (settings.tlsLevel === 'none' || manner.plain) return null
  const must = settings.tlsLevel === 'encrypt'
  const { namaddr } = connection
  if (!connection.features.startTls) {
    if (!must) return null
    return { trouble: lostTrouble('4.7.4', `TLS is required, but was not offered by host ${namaddr}`), tls: false }
  }
  const step = { doing: 'receiving the STARTTLS response', timeoutMs: settings.timeouts.startTls }
  const answer = await connection.command('STARTTLS', step)
  if (!answer.ok) return { trouble: answer.trouble, tls: false }
  if (answer.reply.code >= 300) {
    if (!must) return null
    const text = `TLS is required, but host ${namaddr} refused to start TLS: ${replyText(answer.reply)}`
    return { trouble: lostTrouble(`4${answer.reply.dsn.slice(1)}`, text), tls: false }
  }
  const started = await connection.startTls(manner.host, { ...step, doing: 'performing the TLS handshake' })
  if (!started.ok) return { trouble: lostTrouble('4.7.5', `Cannot start TLS: ${started.text}`), tls: true }
  // RFC 3207 4.2: what the server said before the handshake is forgotten.
  const unhelloed = await sayHello(connection, manner.lmtp, settings)
  return unhelloed === null ? null : { trouble: unhelloed, tls: false }
}

function unixTarget(path: string, settings: HopSettings): HopTarget {
  const file = path.startsWith('/') ? path : `${settings.queueDirectory}/${path}`
  return { dial: { kind: 'unix', path: file }, host: settings.myhostname, address: path, port: null }
}
