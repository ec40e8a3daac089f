import type { AuthEnvelope, DmarcRecord, MessageAuth, MessageVerdict } from '../../src/model/mail_auth.ts'

export const RECORD: DmarcRecord = {
  p: 'reject',
  sp: null,
  np: null,
  adkim: 'r',
  aspf: 'r',
  fo: '0',
  testing: false,
  psd: 'u',
  rua: ['mailto:rua@example.org'],
  ruf: [],
  text: 'v=DMARC1; p=reject; rua=mailto:rua@example.org',
}

/** The verdict on a message from example.org with p=reject that passes by DKIM, changed as said. */
export function makeVerdict(
  changes: { readonly dmarc?: Partial<MessageAuth['dmarc']> } & Partial<Omit<MessageAuth, 'dmarc'>> = {},
  action: MessageVerdict['action'] = 'accept',
): MessageVerdict {
  const { dmarc, ...auth } = changes
  return {
    action,
    reply: action === 'reject' ? '550 5.7.1 rejected by DMARC policy for example.org' : '',
    insert: [],
    remove: [],
    log: [],
    auth: {
      spf: { helo: null, mailfrom: spf('softfail', 'bounce.example.net') },
      dkim: [dkim('pass', 'example.org', 's1')],
      arc: { result: 'none', sets: [], oldestPass: 0, problem: null },
      dmarc: {
        result: 'pass',
        fromDomain: 'example.org',
        organizationalDomain: 'example.org',
        policyDomain: 'example.org',
        policy: 'reject',
        publishedPolicy: 'reject',
        testing: false,
        spfAligned: false,
        dkimAligned: true,
        record: RECORD,
        problem: null,
        ...dmarc,
      },
      override: null,
      disposition: 'none',
      ...auth,
    },
  }
}

/** One that fails, and is refused. */
export function makeFailure(changes: Parameters<typeof makeVerdict>[0] = {}): MessageVerdict {
  const dmarc = { result: 'fail' as const, dkimAligned: false, ...changes?.dmarc }
  return makeVerdict({ dkim: [], disposition: 'reject', ...changes, dmarc }, 'reject')
}

export function spf(
  result: NonNullable<MessageAuth['spf']['mailfrom']>['result'],
  domain: string,
): NonNullable<MessageAuth['spf']['mailfrom']> {
  return { result, identity: 'mailfrom', domain, explanation: null, mechanism: null, problem: null }
}

export function dkim(
  result: MessageAuth['dkim'][number]['result'],
  domain: string,
  selector: string,
): MessageAuth['dkim'][number] {
  return {
    ...{ result, domain, selector, identity: `@${domain}`, algorithm: 'rsa-sha256', keyBits: 2048, tag: 'abcdefgh' },
    testing: false,
    problem: result === 'pass' ? null : 'body has been altered',
  }
}

export function makeEnvelope(changes: Partial<AuthEnvelope> = {}): AuthEnvelope {
  return {
    clientAddress: '192.0.2.1',
    clientName: 'mx.example.net',
    helo: 'mx.example.net',
    sender: 'someone@bounce.example.net',
    recipients: ['you@here.example'],
    authenticated: false,
    queueId: null,
    ...changes,
  }
}
