import type { FakeZone } from './fake_resolver.ts'

/**
 * One client address for each way in which naming it may end: 192.0.2.1 is mail.client.example; 192.0.2.2 calls itself
 * forged.example, which is elsewhere; the address of temp.example cannot be looked up now; nor can the PTR of 192.0.2.4;
 * 192.0.2.5 has no PTR; 192.0.2.6 calls itself gone.example, which has no address.
 */
export const CLIENT_ZONE = {
  PTR: {
    '1.2.0.192.in-addr.arpa': ['mail.client.example'],
    '2.2.0.192.in-addr.arpa': ['forged.example'],
    '3.2.0.192.in-addr.arpa': ['temp.example'],
    '6.2.0.192.in-addr.arpa': ['gone.example'],
  },
  A: { 'mail.client.example': ['192.0.2.1'], 'forged.example': ['203.0.113.1'] },
  fail: ['A temp.example', 'PTR 4.2.0.192.in-addr.arpa'],
} as const satisfies FakeZone
