import fs from 'node:fs'
import path from 'node:path'
import { AuthServer } from './auth_server.ts'
import { FixtureDns, loadZone } from './fixture_dns.ts'
import { PolicyServer } from './policy_server.ts'
import { SinkServer } from './sink_server.ts'
import { TableServer } from './table_server.ts'

/** Where dialogues, zone, tables and scripts are. */
export const DIALOGUES = path.join(import.meta.dirname, '../e2e/dialogues')

/** Ports of the helper address, as the dialogues' configurations name them; nothing ever listens on 10039. */
const PORTS = { policy: 10031, auth: 10032, sink: 10033, tcpTable: 10034, socketmap: 10035 } as const

/** The world around one server under test: name server, policy, SASL, table servers and a next hop, on a loopback address of its own. */
export interface Lab {
  readonly address: string
  readonly dnsPort: number
  readonly dns: FixtureDns
  readonly policy: PolicyServer
  readonly sink: SinkServer
  close(): void
}

/** Starts the helpers on the first 127.0.53.x address that is free; port 53 where it is allowed, because a C library asks no other. */
export async function openLab(): Promise<Lab> {
  let last: unknown = null
  for (let i = 1; i < 250; i++) {
    try {
      return await openLabAt(`127.0.53.${i}`, process.getuid?.() === 0 ? 53 : 10053)
    } catch (error) {
      last = error
    }
  }
  throw new Error('Cannot start helper servers: no free address in 127.0.53.0/24', { cause: last })
}

async function openLabAt(address: string, dnsPort: number): Promise<Lab> {
  const script = readJson('policy.json')
  const dns = new FixtureDns(loadZone(path.join(DIALOGUES, 'zone.json')))
  // Domains whose mail goes to the sink.
  dns.set('sink.example', { A: [address] })
  dns.set('verify.example', { MX: [[10, 'sink.example']] })
  // RFC 5782 5: sound lists list their own test entries.
  for (const zone of ['zen.spamhaus.org', 'list.dnswl.org', 'rbl.example', 'rbl2.example', 'dnswl.example'])
    dns.set(`2.0.0.127.${zone}`, { A: ['127.0.0.2'] })
  for (const zone of ['dbl.spamhaus.org', 'rhsbl.example', 'rhswl.example'])
    dns.set(`test.${zone}`, { A: ['127.0.1.2'] })
  const policy = new PolicyServer(script)
  const auth = new AuthServer()
  const sink = new SinkServer(readJson('sink.json'))
  const tables = new TableServer(readJson('network_tables.json'))
  const close = (): void => {
    for (const server of [dns, policy, auth, sink, tables]) server.close()
  }
  try {
    await dns.listen(address, dnsPort)
    await policy.listen(address, PORTS.policy)
    await auth.listen(address, PORTS.auth)
    await sink.listen(address, PORTS.sink)
    await tables.listen(address, PORTS)
  } catch (error) {
    close()
    throw error
  }
  return { address, dnsPort, dns, policy, sink, close }
}

function readJson(name: string): Readonly<Record<string, string>> {
  const value: Record<string, string> = JSON.parse(fs.readFileSync(path.join(DIALOGUES, name), 'utf8'))
  return value
}
