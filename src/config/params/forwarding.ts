import { domain, domains, file, selector } from '../mail_types.ts'
import { ownParams } from '../param.ts'
import { duration } from '../types.ts'

const param = ownParams('postern')

/** What is done to mail that is passed on to others. */
export const forwardingParams = [
  param({
    name: 'postern_arc_seal_domain',
    type: domain(),
    default: '',
    doc: `
      The domain in whose name messages are sealed (ARC, RFC 8617), so that whoever gets them from us can believe what we found
      out about them. For a gateway in front of mailing lists and forwarders. Every message is judged for it. Nothing: no seals.`,
  }),
  param({
    name: 'postern_arc_seal_selector',
    type: selector(),
    default: 'arc',
    doc: 'The selector of seals: the public key is the TXT record of SELECTOR._domainkey.DOMAIN, as for DKIM.',
  }),
  param({
    name: 'postern_arc_seal_key_file',
    type: file(),
    default: '',
    doc: 'The private key of seals, RSA or Ed25519, as PEM. Read when the configuration is.',
  }),
  param({
    name: 'postern_srs_domain',
    type: domain(),
    default: '',
    doc: `
      Mail from others to others (REDIRECT, relaying for a mailing list or forwarder) is passed on under a sender of this domain
      (Sender Rewriting Scheme), so that it passes SPF there, and bounces to such addresses go to the first sender. It has to be
      a domain for which mail is accepted here. Nothing: senders stay as they are.`,
  }),
  param({
    name: 'postern_srs_secret_file',
    type: file(),
    default: '',
    doc: `
      Secrets of the Sender Rewriting Scheme, one a line, as postsrsd has them: the first signs, all count for bounces. Read when
      the configuration is.`,
  }),
  param({
    name: 'postern_srs_exclude_domains',
    type: domains(),
    default: '',
    doc: 'Sender domains that stay as they are; ".example.org" stands for all domains below it. Our own always do.',
  }),
  param({
    name: 'postern_srs_max_age',
    type: duration(86_400),
    default: '21d',
    doc: 'Bounces to rewritten senders are let back for so long, in whole days.',
  }),
] as const
