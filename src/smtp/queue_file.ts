import type { HopEnvelope } from '../model/hop.ts'
import type { Dialogue } from './dialogue.ts'

/** Where Postfix opens its queue file: the transaction gets its id, and the log says whom it came from. */
export async function openQueueFile(d: Dialogue): Promise<string> {
  const { tx } = d
  if (tx.queueId !== null) return tx.queueId
  const queueId = d.doors.queueIds.next(tx.arrivedMs)
  tx.queueId = queueId
  const sasl = d.sasl === null ? null : { ...d.sasl, sender: tx.saslSender }
  const { forwarded } = d
  const origin = {
    ...(sasl === null && tx.saslSender !== '' ? { saslSender: tx.saslSender } : {}),
    ...(forwarded !== null && forwarded.ident !== 'unknown' ? { origQueueId: forwarded.ident } : {}),
    ...(forwarded !== null ? { origClient: forwardedNamaddr(d) } : {}),
  }
  d.log.add(client => ({ kind: 'accept_client', queueId, client, sasl, ...origin }))
  return queueId
}

function forwardedNamaddr(d: Dialogue): string {
  const { forwarded } = d
  if (forwarded === null) return ''
  if (forwarded.address === 'unknown') return forwarded.name
  const port = d.config.smtpd_client_port_logging ? `:${forwarded.port}` : ''
  return `${forwarded.name}[${forwarded.address}]${port}`
}

/** What the next hop is told about a transaction; `sender` may be another than the client's. */
export async function makeEnvelope(d: Dialogue, sender: string): Promise<HopEnvelope> {
  const { tx } = d
  const { name } = await d.clientName()
  return {
    sender,
    smtputf8: tx.smtputf8,
    body: tx.body,
    size: tx.receivedSize > 0 ? tx.receivedSize : tx.announcedSize,
    ret: tx.ret,
    envid: tx.envid,
    queueId: tx.queueId ?? '',
    client: { name, address: d.client.address, port: d.client.port, helo: d.helo?.name ?? '', protocol: d.protocol },
  }
}
