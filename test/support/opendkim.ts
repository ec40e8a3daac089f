/** Debian's OpenDKIM as a milter, on a socket of its own, with the MTA played here. */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { type Packet, PacketReader } from '../../src/milter/codec.ts'
import type { Message } from './messages.ts'
import { mta } from './milter_packets.ts'

const PROGRAM = '/usr/sbin/opendkim'
const START_MS = 10_000
/** SMFIP_HDR_LEADSPC alone: values with their leading space, and an answer to everything. */
const PROTOCOL = 0x100000
/** Postfix sends bodies in pieces of 65535 bytes. */
const CHUNK = 65_535

/** Why it cannot be asked here; false: it can. */
export function openDkimSkip(): string | false {
  return fs.existsSync(PROGRAM) ? false : 'opendkim is not installed'
}

/** "Name: value", lines ending in CRLF, as they are to be put on top. */
export type Inserted = readonly string[]

export class RealOpenDkim {
  readonly #child: ChildProcess
  readonly #directory: string

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child
    this.#directory = directory
  }

  /** A verifier that puts an Authentication-Results into everything. `records`: TXT records by name. */
  static verifier(records: Readonly<Record<string, string>>, conf = ''): Promise<RealOpenDkim> {
    const keys = Object.entries(records).map(([name, text]) => `${name} ${text}\n`)
    const lines = `Mode v\nTestPublicKeys DIRECTORY/keys\nAlwaysAddARHeader yes\nAuthservID here.example\n${conf}`
    return RealOpenDkim.#start(lines, { keys: keys.join('') })
  }

  /** A signer of whatever it is given. */
  static signer(signing: {
    readonly domain: string
    readonly selector: string
    readonly pem: string
    readonly algorithm: 'rsa-sha256' | 'ed25519-sha256'
    /** "relaxed/simple" */
    readonly canonicalization: string
  }): Promise<RealOpenDkim> {
    const conf = [
      'Mode s',
      'KeyTable file:DIRECTORY/table',
      'SigningTable refile:DIRECTORY/signers',
      'InternalHosts 0.0.0.0/0',
      'RequireSafeKeys no',
      `SignatureAlgorithm ${signing.algorithm}`,
      `Canonicalization ${signing.canonicalization}`,
    ]
    return RealOpenDkim.#start(conf.join('\n'), {
      'key.pem': signing.pem,
      table: `key ${signing.domain}:${signing.selector}:DIRECTORY/key.pem\n`,
      signers: '* key\n',
    })
  }

  static async #start(conf: string, files: Readonly<Record<string, string>>): Promise<RealOpenDkim> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-opendkim-'))
    const own = `Socket local:DIRECTORY/socket\nSyslog no\nBackground no\nUMask 000\n${conf}\n`
    for (const [name, text] of Object.entries({ ...files, conf: own }))
      fs.writeFileSync(path.join(directory, name), text.replaceAll('DIRECTORY', directory), { mode: 0o600 })
    const child = spawn(PROGRAM, ['-f', '-x', path.join(directory, 'conf')], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const real = new RealOpenDkim(child, directory)
    const until = performance.now() + START_MS
    while (!fs.existsSync(path.join(directory, 'socket'))) {
      if (child.exitCode !== null || performance.now() > until) throw new Error('opendkim did not start')
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    return real
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async connect(): Promise<OpenDkimConnection> {
    const socket = net.connect(path.join(this.#directory, 'socket'))
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const connection = new OpenDkimConnection(socket)
    await connection.ask(mta.offer(6, 0x1ff, PROTOCOL))
    await connection.ask(mta.connect('client.example', '192.0.2.1'))
    await connection.ask(mta.helo())
    return connection
  }

  /** What it puts into each message. */
  async judge(messages: readonly Message[]): Promise<readonly Inserted[]> {
    const connection = await this.connect()
    const inserted: Inserted[] = []
    for (const message of messages) inserted.push(await connection.message(message))
    connection.end()
    return inserted
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    // Else it waits five seconds, for nothing.
    this.#child.kill('SIGKILL')
    await ended
    fs.rmSync(this.#directory, { recursive: true })
  }
}

export class OpenDkimConnection {
  readonly #socket: net.Socket
  readonly #reader = new PacketReader()
  #wake: () => void = () => undefined

  constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#reader.push(chunk)
      this.#wake()
    })
    socket.on('close', () => this.#wake())
  }

  /** The answer to one packet. */
  async ask(packet: Buffer): Promise<Packet> {
    this.#socket.write(packet)
    return this.#next()
  }

  async message({ fields, body }: Message): Promise<Inserted> {
    const packets = [mta.mail(), mta.rcpt(), ...fields.map(headerPacket), mta.eoh()]
    for (let at = 0; at < body.length; at += CHUNK) packets.push(mta.body(body.subarray(at, at + CHUNK)))
    for (const packet of packets) {
      const { command } = await this.ask(packet)
      if (command !== 'c') return this.#endOfMessage(command, [])
    }
    this.#socket.write(mta.end())
    const inserted: string[] = []
    for (;;) {
      const { command, data } = await this.#next()
      if (command === 'i' || command === 'h') inserted.push(insertedField(command, data))
      else return this.#endOfMessage(command, inserted)
    }
  }

  end(): void {
    this.#socket.end(mta.quit())
  }

  #endOfMessage(command: string, inserted: Inserted): Inserted {
    if (command !== 'c' && command !== 'a') throw new Error(`opendkim answered ${command}`)
    return inserted
  }

  async #next(): Promise<Packet> {
    for (;;) {
      const packet = this.#reader.next()
      if (packet !== null) return packet
      if (this.#socket.destroyed) throw new Error('opendkim ended the connection')
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

/** As Postfix does: lines end in LF. */
function headerPacket(field: Buffer): Buffer {
  const text = field.toString('latin1').replaceAll('\r\n', '\n')
  const colon = text.indexOf(':')
  return mta.header(text.slice(0, colon).trimEnd(), Buffer.from(text.slice(colon + 1), 'latin1'))
}

function insertedField(command: string, data: Buffer): string {
  const text = data.toString('latin1', command === 'i' ? 4 : 0).replace(/\0$/, '')
  const [name = '', value = ''] = text.split('\0')
  return `${name}:${value.startsWith(' ') ? '' : ' '}${value.replace(/\r?\n/g, '\r\n')}`
}
