import fs from 'node:fs'
import path from 'node:path'
import { openGateway } from '../../src/bin/gateway.ts'
import { formatOptions } from '../../src/bin/log.ts'
import { memoryLifetimes } from '../../src/bin/memory.ts'
import { readConfig } from '../../src/config/read.ts'
import { type FormatOptions, formatLogLine } from '../../src/event/format.ts'
import type { Event } from '../../src/model/event.ts'
import { LocalRates } from '../../src/net/anvil.ts'
import { type AcceptedSocket, listen } from '../../src/net/listener.ts'
import { acceptedConnection } from '../../src/net/socket_stream.ts'
import type { MessageJudging } from '../../src/smtp/doors.ts'
import { makeSmtpServer } from '../../src/smtp/server.ts'
import { systemClock } from '../../src/util/clock.ts'
import { systemRandom } from '../../src/util/random.ts'
import { FakeMemory } from './fake_memory.ts'
import { freePort } from './ports.ts'

export interface PosternOptions {
  /** Holds main.cf; gets the log. */
  readonly dir: string
  readonly overrides: readonly string[]
  /** Judges whole messages in place of what the configuration says. */
  readonly messages?: MessageJudging
}

/** A gateway of this process: the same parts as a worker of `postern serve`, without its start-up time. */
export interface PosternInside {
  readonly port: number
  readonly logPath: string
  stop(): Promise<void>
}

/** Postern's own parameters for a test: this machine's name servers and host names are not asked. */
export function posternOverrides(dir: string, dns: string): readonly string[] {
  return [`postern_dns_servers=${dns}`, `postern_state_directory=${dir}/state`, 'postern_hosts_file=']
}

export async function startPosternInside(options: PosternOptions): Promise<PosternInside> {
  const { dir } = options
  const logPath = path.join(dir, 'postern.log')
  let stopped = false
  let formats: FormatOptions | undefined
  const emit = (event: Event): void => {
    if (stopped) return
    fs.appendFileSync(
      logPath,
      `Jan  1 00:00:00 mx ${formatLogLine(event, formats === undefined ? { pid: 1 } : { pid: 1, options: formats })}\n`,
    )
  }
  fs.writeFileSync(logPath, '')
  const read = readConfig({ config: dir, overrides: options.overrides })
  if (!read.ok) throw new Error(`Cannot read main.cf: ${read.problem.text}`)
  const { config } = read.loaded
  formats = formatOptions(config)
  const memory = new FakeMemory(memoryLifetimes(config), systemClock)
  const gateway = openGateway({ config, configPath: read.path, clock: systemClock, emit, memory, pid: 1, processes: 1 })
  if ('problem' in gateway) throw new Error(`Cannot open the gateway: ${gateway.problem}`)
  const server = makeSmtpServer({
    setup: options.messages === undefined ? gateway.setup : { ...gateway.setup, messages: options.messages },
    rates: new LocalRates(systemClock, config.anvil_rate_time_unit * 1000),
    emit,
    clock: systemClock,
    random: systemRandom,
    pid: 1,
  })
  const port = await freePort()
  const listened = await listen({ kind: 'inet', address: '127.0.0.1', port }, (socket: AcceptedSocket) => {
    void server.serve(acceptedConnection(socket))
  })
  if (!listened.ok) throw new Error(`Cannot listen on 127.0.0.1:${port}: ${listened.text}`)
  return {
    port,
    logPath,
    async stop() {
      listened.listener.close()
      await server.stop(0)
      await gateway.close()
      stopped = true
    },
  }
}
