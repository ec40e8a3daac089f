/** What an MTA says to a milter and hears from it, as bytes and as short text for tests. */

import { cString, formatPacket, type Packet, PacketReader, uint32 } from '../../src/milter/codec.ts'
import type { AuthEnvelope, MessageAuth, MessageJudge, MessageVerdict } from '../../src/model/mail_auth.ts'

/** Postfix 3.7: SMFIF_ and SMFIP_ bits of version 6. */
export const ALL_ACTIONS = 0x1ff
export const ALL_PROTOCOL = 0x1fffff

export const mta = {
  offer: (version = 6, actions = ALL_ACTIONS, protocol = ALL_PROTOCOL): Buffer =>
    formatPacket('O', uint32(version), uint32(actions), uint32(protocol)),
  macros: (stage: string, ...words: readonly string[]): Buffer =>
    formatPacket('D', Buffer.from(stage), ...words.map(cString)),
  connect: (name = 'client.example', address = '192.0.2.1', port = 4711): Buffer =>
    formatPacket(
      'C',
      cString(name),
      Buffer.from(address.includes(':') ? '6' : '4'),
      Buffer.from([port >> 8, port & 255]),
      cString(address),
    ),
  helo: (name = 'helo.example'): Buffer => formatPacket('H', cString(name)),
  mail: (path = '<sender@client.example>', ...parameters: readonly string[]): Buffer =>
    formatPacket('M', ...[path, ...parameters].map(cString)),
  rcpt: (path = '<you@example.com>', ...parameters: readonly string[]): Buffer =>
    formatPacket('R', ...[path, ...parameters].map(cString)),
  data: (): Buffer => formatPacket('T'),
  header: (name: string, value: string | Buffer): Buffer =>
    formatPacket('L', Buffer.from(name), Buffer.alloc(1), Buffer.from(value), Buffer.alloc(1)),
  eoh: (): Buffer => formatPacket('N'),
  body: (chunk: string | Buffer): Buffer => formatPacket('B', Buffer.from(chunk)),
  end: (chunk: string | Buffer = ''): Buffer => formatPacket('E', Buffer.from(chunk)),
  abort: (): Buffer => formatPacket('A'),
  quit: (): Buffer => formatPacket('Q'),
  quitNc: (): Buffer => formatPacket('K'),
  unknown: (text: string): Buffer => formatPacket('U', cString(text)),
}

/** A whole message after CONNECT; without DATA, which is answered. */
export function message(subject: string, body = 'hello\r\n'): readonly Buffer[] {
  return [
    mta.mail(),
    mta.rcpt(),
    mta.header('Subject', ` ${subject}`),
    mta.header('From', ' a@client.example'),
    mta.eoh(),
    mta.body(body),
    mta.end(),
  ]
}

/** Packets as short text: "O 6 31 100000 2 {auth_authen} 5 i", "i 0 Name value", "y 550 5.7.1 no", "a". */
export function shown(bytes: Uint8Array): readonly string[] {
  const reader = new PacketReader()
  reader.push(Buffer.from(bytes))
  const found: string[] = []
  for (let packet = reader.next(); packet !== null; packet = reader.next()) found.push(show(packet))
  return found
}

function show({ command, data }: Packet): string {
  const text = (from: number): string => data.toString('utf8', from).replace(/\0$/, '').replaceAll('\0', '|')
  switch (command) {
    case 'O': {
      const [version, actions, protocol] = [0, 4, 8].map(at => data.readUInt32BE(at).toString(16))
      const macros: string[] = []
      for (let at = 12; at < data.length; ) {
        const end = data.indexOf(0, at + 4)
        macros.push(`${data.readUInt32BE(at)}=${data.toString('utf8', at + 4, end)}`)
        at = end + 1
      }
      return ['O', version, actions, protocol, ...macros].join(' ')
    }
    case 'i':
    case 'm':
      return `${command} ${data.readUInt32BE(0)} ${text(4)}`
    default:
      return data.length === 0 ? command : `${command} ${text(0)}`
  }
}

const NOTHING: MessageAuth = {
  spf: { helo: null, mailfrom: null },
  dkim: [],
  arc: { result: 'none', sets: [], oldestPass: 0, problem: null },
  dmarc: {
    result: 'none',
    fromDomain: '',
    organizationalDomain: '',
    policyDomain: '',
    policy: 'none',
    publishedPolicy: 'none',
    testing: false,
    spfAligned: false,
    dkimAligned: false,
    record: null,
    problem: null,
  },
  override: null,
  disposition: 'none',
}

export const ACCEPT: MessageVerdict = { action: 'accept', reply: '', insert: [], remove: [], log: [], auth: NOTHING }

/** A judge that writes down what it is told, and answers what the test says. */
export class NotingJudge implements MessageJudge {
  readonly fields: string[] = []
  readonly #body: Buffer[] = []
  /** What was known before the content, and in the end. */
  started: AuthEnvelope | null = null
  envelope: AuthEnvelope | null = null
  readonly #decide: (judge: NotingJudge) => MessageVerdict | Promise<MessageVerdict>

  constructor(decide: (judge: NotingJudge) => MessageVerdict | Promise<MessageVerdict> = () => ACCEPT) {
    this.#decide = decide
  }

  get content(): Buffer {
    return Buffer.concat(this.#body)
  }

  start(envelope: AuthEnvelope): void {
    this.started = envelope
  }

  header(field: Uint8Array): void {
    this.fields.push(Buffer.from(field).toString('latin1'))
  }

  body(chunk: Uint8Array): void {
    this.#body.push(Buffer.from(chunk))
  }

  async end(envelope: AuthEnvelope): Promise<MessageVerdict> {
    this.envelope = envelope
    return this.#decide(this)
  }
}
