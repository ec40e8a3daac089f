import { askPolicy } from './policy_asker.ts'

export interface Delivery {
  readonly client: string
  readonly sender: string
  readonly recipient: string
}

/** Asks a policy server about each, on `connections` connections at once; the actions in the same order. */
export async function askBurst(
  port: number,
  deliveries: readonly Delivery[],
  connections: number,
): Promise<readonly string[]> {
  const actions: string[] = []
  let next = 0
  const row = async (): Promise<void> => {
    const asker = await askPolicy(port)
    for (let i = next++; i < deliveries.length; i = next++) {
      const delivery = deliveries[i]
      if (delivery !== undefined) actions[i] = await asker.ask(attributes(delivery, i))
    }
    asker.close()
  }
  await Promise.all(Array.from({ length: connections }, row))
  return actions
}

function attributes({ client, sender, recipient }: Delivery, serial: number): Readonly<Record<string, string>> {
  return {
    request: 'smtpd_access_policy',
    protocol_state: 'RCPT',
    protocol_name: 'ESMTP',
    client_address: client,
    client_name: 'unknown',
    helo_name: 'there.example',
    sender,
    recipient,
    instance: `${process.pid}.${serial}.${sender}`,
    etrn_domain: '',
  }
}
