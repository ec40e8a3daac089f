import type { ClientCert, Facts, TlsFacts } from '../../src/model/facts.ts'

/** What a client said, as far as a test cares. A later step of the dialogue implies the earlier ones. */
export interface Said {
  readonly client?: string
  readonly toldName?: string | null | 'tempunavail'
  readonly toldReverseName?: string | null | 'tempunavail'
  /** Default: client.example once there is a sender, a recipient or an ETRN; null: none was said. */
  readonly helo?: string | null
  /** Default: sender@there.example once there is a recipient; null: none was said. */
  readonly sender?: string | null
  readonly recipient?: string | null
  readonly etrn?: string
  /** Default: the last command that the rest implies. */
  readonly where?: string
  readonly recipientCount?: number
  readonly sasl?: string
  /** true: encrypted without a client certificate. */
  readonly tls?: true | Partial<ClientCert>
  readonly smtputf8?: boolean
  readonly pipelinedEarly?: boolean
  readonly queueId?: string
}

/** Facts with defaults for all that a test does not say. */
export function makeFacts(said: Said = {}): Facts {
  const sender = said.sender === undefined && said.recipient !== undefined ? 'sender@there.example' : said.sender
  const underWay = sender !== undefined || said.recipient !== undefined || said.etrn !== undefined
  const helo = said.helo === undefined && underWay ? 'client.example' : (said.helo ?? null)
  return {
    client: {
      address: said.client ?? '192.0.2.1',
      port: 40000,
      ...(said.toldName === undefined ? {} : { toldName: said.toldName }),
      ...(said.toldReverseName === undefined ? {} : { toldReverseName: said.toldReverseName }),
    },
    server: { address: '192.0.2.25', port: 25 },
    helo: helo === null ? null : { name: helo, esmtp: true },
    tls: said.tls === undefined ? null : makeTls(said.tls),
    sasl: said.sasl === undefined ? null : { method: 'PLAIN', username: said.sasl, sender: '' },
    sender: sender ?? null,
    recipient: said.recipient ?? null,
    recipientCount: said.recipientCount ?? 0,
    etrnDomain: said.etrn ?? null,
    size: 0,
    smtputf8: said.smtputf8 ?? false,
    where: said.where ?? lastCommand(said, sender),
    protocol: helo === null ? null : 'ESMTP',
    pipelinedEarly: said.pipelinedEarly ?? false,
    queueId: said.queueId ?? null,
    instance: '1.2.3',
  }
}

function lastCommand(said: Said, sender: string | null | undefined): string {
  if (said.etrn !== undefined) return 'ETRN'
  if (said.recipient !== undefined && said.recipient !== null) return 'RCPT'
  if (sender !== undefined && sender !== null) return 'MAIL'
  return said.helo === undefined || said.helo === null ? 'CONNECT' : 'EHLO'
}

function makeTls(cert: true | Partial<ClientCert>): TlsFacts {
  const clientCert =
    cert === true
      ? null
      : {
          trusted: false,
          subjectCommonName: 'cert.example',
          issuerCommonName: 'issuer.example',
          certFingerprint: 'AA:01',
          publicKeyFingerprint: 'BB:02',
          ...cert,
        }
  return { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', keyBits: 256, clientCert }
}
