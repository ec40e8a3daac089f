import type { DnsAnswer, Resolver } from '../../src/dns/resolver.ts'
import { makeNextHops, type NextHops } from '../../src/hop/next_hop.ts'
import type { HopSettings } from '../../src/hop/settings.ts'
import type { Event } from '../../src/model/event.ts'
import type { HopEnvelope, HopRecipientOptions } from '../../src/model/hop.ts'
import { systemClock } from '../../src/util/clock.ts'

const SECOND = 1000

/** Settings of tests: defaults of postconf(5), waits of a minute at most. */
export const TEST_SETTINGS: HopSettings = {
  myhostname: 'gate.example',
  queueDirectory: '/var/spool/postfix',
  heloName: 'gate.example',
  lhloName: 'gate.example',
  timeouts: {
    connect: 10 * SECOND,
    helo: 60 * SECOND,
    startTls: 60 * SECOND,
    xforward: 60 * SECOND,
    mail: 60 * SECOND,
    rcpt: 60 * SECOND,
    dataInit: 60 * SECOND,
    dataXfer: 60 * SECOND,
    dataDone: 60 * SECOND,
    rset: 20 * SECOND,
  },
  tlsLevel: 'none',
  sendXforward: true,
  skip5xxGreeting: true,
  discardKeywords: new Set(),
  lineLimit: 2048,
  idleMs: 2 * SECOND,
  reuseMs: 300 * SECOND,
  reuseCount: 0,
  addressLimit: 5,
  ipv4: true,
  ipv6: false,
}

/** Answers from a table of "TYPE name"; everything else does not exist, "failed" does not answer. */
export function tableResolver(answers: Readonly<Record<string, DnsAnswer>> = {}): Resolver {
  return {
    query: (name, type) =>
      Promise.resolve(answers[`${type} ${name}`] ?? { status: 'absent', reason: 'nxdomain', secondsLeft: 60 }),
  }
}

export interface HopBench {
  readonly hops: NextHops
  readonly events: Event[]
}

export function hopBench(
  nextHop: string,
  settings: Partial<HopSettings> = {},
  resolver: Resolver = tableResolver(),
): HopBench {
  const events: Event[] = []
  const deps = {
    settings: { ...TEST_SETTINGS, ...settings },
    resolver,
    clock: systemClock,
    emit: (e: Event) => void events.push(e),
  }
  const made = makeNextHops(nextHop, deps)
  if ('problem' in made) throw new Error(made.problem)
  return { hops: made.hops, events }
}

export function envelope(changes: Partial<HopEnvelope> = {}): HopEnvelope {
  return {
    sender: 'alice@sender.example',
    smtputf8: false,
    body: null,
    size: 0,
    ret: null,
    envid: null,
    queueId: '4F00BA',
    client: {
      name: 'mx.sender.example',
      address: '192.0.2.1',
      port: 40_000,
      helo: 'mx.sender.example',
      protocol: 'ESMTP',
    },
    ...changes,
  }
}

export const PLAIN_RCPT: HopRecipientOptions = { notify: [], orcpt: null }

/** A message in the given pieces. */
export async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text, 'latin1')
}
