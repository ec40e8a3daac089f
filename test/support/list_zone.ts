import type { FakeZone } from './fake_resolver.ts'

/** DNS lists: bl.example of addresses, dbl.example of domains. */
export const LIST_ZONE = {
  PTR: {
    '1.2.0.192.in-addr.arpa': ['mail.listed.example'],
    '2.2.0.192.in-addr.arpa': ['mail.clean.example'],
    '3.2.0.192.in-addr.arpa': ['mail.slow.example'],
    '4.2.0.192.in-addr.arpa': ['forged.listed.example'],
  },
  A: {
    'mail.listed.example': ['192.0.2.1'],
    'mail.clean.example': ['192.0.2.2'],
    'mail.slow.example': ['192.0.2.3'],
    '1.2.0.192.bl.example': ['127.0.0.2'],
    '2.2.0.192.bl.example': ['127.0.0.9', '127.0.0.4'],
    '6.2.0.192.bl.example': ['127.255.255.254'],
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.0.0.0.8.b.d.0.1.0.0.2.bl.example': ['127.0.0.2'],
    'mail.listed.example.dbl.example': ['127.0.1.2'],
    'forged.listed.example.dbl.example': ['127.0.1.3'],
    'listed.example.dbl.example': ['127.0.1.4'],
    'xn--bcher-kva.example.dbl.example': ['127.0.1.5'],
  },
  TXT: {
    '1.2.0.192.bl.example': ['listed, see bl.example'],
    'mail.listed.example.dbl.example': ['seen in spam'],
  },
  fail: ['A 3.2.0.192.bl.example', '* mail.slow.example.dbl.example', '* slow.example.dbl.example'],
} as const satisfies FakeZone

/** What Postfix logs of a list that does not answer. */
export function lookupError(query: string): string {
  return `${query}: RBL lookup error: Host or domain name not found. Name service error for name=${query} type=A: Host not found, try again`
}
