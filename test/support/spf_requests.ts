import type { Zone } from '../../src/dns/fixture_zone.ts'
import type { Attributes } from './policyd_spf.ts'

/** A zone with an example of everything that policyd-spf tells apart, and requests about it. */
export const SPF_ZONE: Zone['records'] = {
  'pass.example': { TXT: ['v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all'] },
  'soft.example': { TXT: ['v=spf1 ip4:203.0.113.0/24 ~all'] },
  'neutral.example': { TXT: ['other text', 'v=spf1 ip4:203.0.113.0/24 ?all'] },
  'nomail.example': { TXT: ['v=spf1 -all'] },
  'exp.example': { TXT: ['v=spf1 ip4:203.0.113.1 -all exp=why.%{d}'] },
  'why.exp.example': { TXT: ['%{i} is none of %{o}, says %{h}'] },
  'perm.example': { TXT: ['v=spf1 ipv4:192.0.2.1 -all'] },
  'two.example': { TXT: ['v=spf1 -all', 'v=spf1 ~all'] },
  'loop.example': { TXT: ['v=spf1 include:loop2.example -all'] },
  'loop2.example': { TXT: ['v=spf1 include:loop.example -all'] },
  'void.example': { TXT: ['v=spf1 a:v1.example a:v2.example a:v3.example -all'] },
  'a.example': { TXT: ['v=spf1 a mx/24 include:soft.example -all'], A: ['192.0.2.1'], MX: [[10, 'mx.a.example']] },
  'mx.a.example': { A: ['198.51.100.1'], AAAA: ['2001:db8::25'], TXT: ['v=spf1 a -all'] },
  'exists.example': { TXT: ['v=spf1 exists:%{ir}.%{l1r-}.list.%{d} redirect=_spf.%{d2}'] },
  '_spf.exists.example': { TXT: ['v=spf1 ip6:2001:db8::/64 ~all'] },
  '1.2.0.192.user.list.exists.example': { A: ['127.0.0.2'] },
  'ptr.example': { TXT: ['v=spf1 ptr -all'] },
  '1.2.0.192.in-addr.arpa': { PTR: ['host.ptr.example'] },
  'host.ptr.example': { A: ['192.0.2.1'] },
  '7.100.51.198.in-addr.arpa': { PTR: ['forged.ptr.example'] },
  'relay.example': { A: ['198.51.100.7'], TXT: ['v=spf1 ip4:198.51.100.7 -all'] },
}

export const SPF_CLIENTS = ['192.0.2.1', '198.51.100.7', '2001:db8::1', '127.0.0.1']
export const SPF_HELOS = [
  'mx.a.example',
  'pass.example',
  'soft.example',
  'neutral.example',
  'nomail.example',
  'perm.example',
  'relay.example',
  'none.example',
  'single',
  '[192.0.2.1]',
]
export const SPF_SENDERS = [
  '',
  ...['pass', 'soft', 'neutral', 'nomail', 'exp', 'perm', 'two', 'loop', 'void', 'a', 'ptr', 'none'].map(
    name => `u@${name}.example`,
  ),
  ...['User-box@exists.example', 'MiXed@Pass.Example', '@nomail.example', 'bare', 'a+b=c@soft.example'],
]

/** Every client with every HELO name and every sender. */
export function spfRequests(): readonly Attributes[] {
  const requests: Attributes[] = []
  for (const client of SPF_CLIENTS)
    for (const helo of SPF_HELOS)
      for (const sender of SPF_SENDERS) requests.push(spfRequest({ client, helo, sender }, `m${requests.length}`))
  return requests
}

/** As Postfix asks at RCPT TO. */
export function spfRequest(
  {
    client,
    helo,
    sender,
    recipient = 'Someone@Here.Example',
  }: { client: string; helo: string; sender: string; recipient?: string },
  instance: string,
): Attributes {
  return {
    protocol_state: 'RCPT',
    protocol_name: 'ESMTP',
    client_address: client,
    client_name: 'unknown',
    reverse_client_name: 'unknown',
    helo_name: helo,
    sender,
    recipient,
    recipient_count: '0',
    queue_id: '',
    instance,
  }
}
