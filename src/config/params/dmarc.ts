import { type Cidr, parseCidr } from '../../util/cidr.ts'
import { splitPlacedWords } from '../../util/words.ts'
import { authservId, authservIds, domains, file, headerLine, replyText } from '../mail_types.ts'
import { ownParams } from '../param.ts'
import { oneOf, type ParamType, yesNo } from '../types.ts'

const param = ownParams('postern')

/** Hosts by address, network or name. */
export interface HostWords {
  readonly networks: readonly Cidr[]
  /** ".example.com": the hosts below it. */
  readonly names: readonly string[]
}

const NAME = /^\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

function hosts(): ParamType<HostWords> {
  const wanted = 'addresses, networks and host names such as 127.0.0.0/8 or .example.com'
  return {
    kind: 'list of hosts',
    wanted,
    parse(value) {
      const networks: Cidr[] = []
      const names: string[] = []
      for (const word of splitPlacedWords(value.text)) {
        const parsed = parseCidr(word.text)
        // "192.0.2" is no name of a host, whatever else it may be.
        if (parsed.kind === 'cidr') networks.push(parsed.cidr)
        else if (NAME.test(word.text) && !/^[0-9.]+$/.test(word.text)) names.push(word.text.toLowerCase())
        else return { ok: false, word: word.text, offset: word.offset, instead: `${wanted} (${parsed.text})` }
      }
      return { ok: true, value: { networks, names } }
    },
  }
}

/** "NAME" or "NAME:RECIPIENT_DOMAIN". */
function forwarders(): ParamType<readonly ForwarderWord[]> {
  const wanted =
    'client names, each with the domain of recipients it may forward for, such as mx.example.net:example.org'
  return {
    kind: 'list of NAME:DOMAIN',
    wanted,
    parse(value) {
      const found: ForwarderWord[] = []
      for (const word of splitPlacedWords(value.text)) {
        const [client = '', recipientDomain, ...rest] = word.text.toLowerCase().split(':')
        const isGood = NAME.test(client) && (recipientDomain === undefined || NAME.test(recipientDomain))
        if (!isGood || rest.length > 0) return { ok: false, word: word.text, offset: word.offset, instead: wanted }
        found.push({ client, recipientDomain: recipientDomain ?? null })
      }
      return { ok: true, value: found }
    },
  }
}

export interface ForwarderWord {
  readonly client: string
  /** Null: any. */
  readonly recipientDomain: string | null
}

/** DMARC and what is said of a message; opendmarc.conf(5) has the names in the notes. */
export const dmarcParams = [
  param({
    name: 'postern_authserv_id',
    type: authservId(),
    default: '$myhostname',
    doc: `
      Who says so, in the Authentication-Results headers that are added (RFC 8601). What arrives under this name is forged
      and taken out. AuthservID.`,
  }),
  param({
    name: 'postern_dmarc_conf',
    type: file(),
    default: '',
    doc: `
      An opendmarc.conf to take all settings of DMARC from, such as /etc/opendmarc.conf. What it leaves out is as in
      OpenDMARC 1.4.2 (RejectFailures is "false" there), and the postern_dmarc_ parameters that have a name in it do not
      count, nor does postern_authserv_id. What opendmarc does not start with (an unknown name, a bad value, a file that
      cannot be read) is an error here, too; what has no use here is a warning.`,
  }),
  param({
    name: 'postern_dmarc_method',
    type: oneOf('rfc9989', 'rfc7489'),
    default: 'rfc9989',
    doc: `
      How the domain is found whose policy counts: by walking up the DNS (RFC 9989), or by the list of public suffixes, as
      OpenDMARC does (RFC 7489); np, psd and t mean nothing then.`,
  }),
  param({
    name: 'postern_dmarc_reject_failures',
    type: yesNo(),
    default: 'yes',
    doc: `
      Refuse what fails DMARC and whose domain asks for that: "550 5.7.1 rejected by DMARC policy for DOMAIN". With "no"
      nothing is refused, deferred or held, only marked. RejectFailures.`,
  }),
  param({
    name: 'postern_dmarc_reject_string',
    type: replyText(),
    default: 'rejected by DMARC policy for %s',
    doc: `
      The text of that reply; %s is the domain that asked for it, as often as it stands there, and %% a percent sign.
      RejectString (which must have %s once).`,
  }),
  param({
    name: 'postern_dmarc_hold_quarantined',
    type: yesNo(),
    default: 'no',
    doc: `
      Hold what fails DMARC and whose domain asks for quarantine. With "no" it goes on with an Authentication-Results
      header that says so. HoldQuarantinedMessages.`,
  }),
  param({
    name: 'postern_dmarc_quarantine_header',
    type: headerLine(),
    default: '',
    doc: 'A header line for such mail, held or not, for filters behind: "X-Spam-Flag: YES". Empty: none.',
  }),
  param({
    name: 'postern_dmarc_temperror',
    type: oneOf('accept', 'defer'),
    default: 'accept',
    doc: `
      What becomes of mail about which DMARC cannot be decided, because the DNS does not answer: "defer" is "451 4.7.1". It
      is never refused for good, and never counts as proven.`,
  }),
  param({
    name: 'postern_dmarc_ignore_hosts',
    type: hosts(),
    default: '127.0.0.0/8, [::1]/128',
    doc: `
      Clients whose mail is not looked at: no check, no header; Authentication-Results under our own name are taken out of it
      all the same. (A content filter that hands mail back to where a milter is asked: let it be handed back without milters.)
      $mynetworks may be named here if it holds no tables. IgnoreHosts.`,
  }),
  param({
    name: 'postern_dmarc_ignore_authenticated_clients',
    type: yesNo(),
    default: 'yes',
    doc: `
      Do not check mail of clients that have signed in; OpenDMARC's own default is "false", which refuses mail of our own
      users that is not signed yet. IgnoreAuthenticatedClients.`,
  }),
  param({
    name: 'postern_dmarc_ignore_mail_from',
    type: domains(),
    default: '',
    doc: 'Domains of the From header for which DMARC is not evaluated; ".example.com" is all below. IgnoreMailFrom.',
  }),
  param({
    name: 'postern_dmarc_exempt_domains',
    type: domains(),
    default: '',
    doc: `
      Domains of the From header whose mail is evaluated, reported and marked, but neither refused nor held. The reason is
      told.`,
  }),
  param({
    name: 'postern_dmarc_trusted_forwarders',
    type: forwarders(),
    default: '',
    doc: `
      Forwarders whose mail is neither refused nor held: the forward-confirmed name of the client, or ".example.net" for
      all hosts of a domain, and after a colon the domain of the recipients for whom it forwards. Without a domain: for all.
      Counts for a message only when it counts for each of its recipients.`,
  }),
  param({
    name: 'postern_arc_trusted_sealers',
    type: domains(),
    default: '',
    doc: `
      Domains that seal mail which they pass on (ARC, RFC 8617) and whose word is taken: mail that fails DMARC goes on when
      its chain is sound, all sealers of it are listed here, and the first of them found that it passed. DomainWhitelist.`,
  }),
  param({
    name: 'postern_dmarc_reject_multi_value_from',
    type: yesNo(),
    default: 'no',
    doc: `
      Refuse mail with several From addresses of different domains. With "no" each domain is evaluated, and the strictest
      policy of those that fail counts (RFC 9989 11.5); OpenDMARC lets such mail pass unchecked. RejectMultiValueFrom.`,
  }),
  param({
    name: 'postern_dmarc_required_headers',
    type: yesNo(),
    default: 'no',
    doc: `
      Refuse mail whose header has not exactly one From and one Date, has a second one of a field that may be there once
      (RFC 5322 3.6), or has no domain in From. RequiredHeaders.`,
  }),
  param({
    name: 'postern_dmarc_trusted_authserv_ids',
    type: authservIds(),
    default: '',
    doc: `
      Hosts of ours in front of this one: what their Authentication-Results headers say has passed is believed. They must
      take forged ones out. Our own name has no effect here. TrustedAuthservIDs.`,
  }),
  param({
    name: 'postern_dmarc_spf_ignore_results',
    type: yesNo(),
    default: 'no',
    doc: 'Do not believe these about SPF. SPFIgnoreResults.',
  }),
  param({
    name: 'postern_dmarc_spf_self_validate',
    type: yesNo(),
    default: 'yes',
    doc: `
      Check SPF of the client. "no": only postern_dmarc_trusted_authserv_ids tell about it. SPFSelfValidate.`,
  }),
  param({
    name: 'postern_dmarc_authserv_id_with_job_id',
    type: yesNo(),
    default: 'no',
    doc: 'Write the queue id behind our name in Authentication-Results: "mx.example.org/4bXyz". AuthservIDWithJobID.',
  }),
  param({
    name: 'postern_dmarc_received_spf',
    type: yesNo(),
    default: 'no',
    doc: 'Add a Received-SPF header (RFC 7208 9.1) as well.',
  }),
  param({
    name: 'postern_dmarc_software_header',
    type: yesNo(),
    default: 'no',
    doc: 'Add a DMARC-Filter header that names this program. SoftwareHeader.',
  }),
  param({
    name: 'postern_dmarc_log',
    type: yesNo(),
    default: 'yes',
    doc: 'Log lines in the words of opendmarc and opendkim. Syslog.',
  }),
] as const
