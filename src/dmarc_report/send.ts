import type { NextHop } from '../model/hop.ts'

export interface Letter {
  readonly from: string
  readonly to: string
  readonly message: Uint8Array
  /** For the log of the next hop's side. */
  readonly queueId: string
  /** Our name. */
  readonly hostname: string
}

/** What came of one mail, with the reply that said so. */
export interface SendResult {
  readonly status: 'sent' | 'deferred' | 'refused'
  readonly reply: string
}

/** Hands one mail to a next hop. Never rejects. */
export async function sendLetter(hop: NextHop, letter: Letter): Promise<SendResult> {
  const first = await trySending(hop, letter)
  // A connection that was kept may have ended meanwhile; a new one is no second try for the destination.
  return first.isLost ? trySending(hop, letter) : first
}

async function trySending(hop: NextHop, letter: Letter): Promise<SendResult & { readonly isLost: boolean }> {
  const { from, to, message, queueId, hostname } = letter
  const transaction = hop.begin({
    sender: from,
    smtputf8: false,
    body: '7BIT',
    size: message.length,
    ret: null,
    envid: null,
    queueId,
    client: { name: hostname, address: '127.0.0.1', port: null, helo: hostname, protocol: 'ESMTP' },
  })
  // RFC 9990 asks for no bounces, and those that come are for the report's sender.
  const answer = await transaction.addRecipient(to, { notify: [], orcpt: null })
  if (!answer.ok) {
    transaction.abort()
    return { status: statusOf(answer.reply), reply: answer.reply, isLost: false }
  }
  const { outcome, reply, recipients } = await transaction.data(once(message))
  const { isLost } = transaction
  if (outcome !== 'taken') return { status: statusOf(reply), reply, isLost }
  // LMTP answers for each recipient.
  const delivery = recipients[0]
  if (delivery === undefined || delivery.status === 'sent') return { status: 'sent', reply, isLost: false }
  return { status: delivery.status === 'bounced' ? 'refused' : 'deferred', reply: delivery.text, isLost: false }
}

function statusOf(reply: string): 'deferred' | 'refused' {
  return reply.startsWith('5') ? 'refused' : 'deferred'
}

async function* once(message: Uint8Array): AsyncGenerator<Uint8Array> {
  yield message
}
