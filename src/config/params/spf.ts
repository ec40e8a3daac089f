import { type Cidr, parseCidr } from '../../util/cidr.ts'
import { splitPlacedWords } from '../../util/words.ts'
import { authservId, domains, file, ipAddress } from '../mail_types.ts'
import { ownParams } from '../param.ts'
import { duration, int, oneOf, type ParamType, template, text, yesNo } from '../types.ts'

const param = ownParams('postern')

/** Addresses and networks; the value is their canonical form, `parseCidr` reads it. */
function networks(): ParamType<readonly Cidr[]> {
  const wanted = 'addresses and networks such as 127.0.0.0/8'
  return {
    kind: 'list of networks',
    wanted,
    parse(value) {
      const found: Cidr[] = []
      for (const word of splitPlacedWords(value.text)) {
        const parsed = parseCidr(word.text)
        if (parsed.kind === 'problem')
          return { ok: false, word: word.text, offset: word.offset, instead: `${wanted} (${parsed.text})` }
        found.push(parsed.cidr)
      }
      return { ok: true, value: found }
    },
  }
}

/** policyd-spf's settings by the name of the option in policyd-spf.conf(5). */
export const spfParams = [
  param({
    name: 'postern_spf_policyd_conf',
    type: file(),
    default: '',
    doc: `
      A policyd-spf.conf to take all settings of check_spf from, such as
      /etc/postfix-policyd-spf-python/policyd-spf.conf. What it leaves out is as in policyd-spf 3.0.4 (HELO_reject and
      Mail_From_reject are Fail there), and the other postern_spf_ parameters do not count.`,
  }),
  param({
    name: 'postern_spf_helo_reject',
    type: oneOf('false', 'fail', 'softfail', 'spf_not_pass', 'null', 'no_check'),
    default: 'false',
    doc: `
      HELO_reject: which results of the HELO name check_spf refuses. "null": fail, but only of mail without a sender.
      "no_check": do not ask. policyd-spf's own default is Fail; here it is "false", mark only, because SPF alone must not
      refuse mail that a DKIM signature may still prove.`,
  }),
  param({
    name: 'postern_spf_mail_from_reject',
    type: oneOf('false', 'fail', 'softfail', 'spf_not_pass', 'no_check'),
    default: 'false',
    doc: `
      Mail_From_reject: which results of the sender's domain check_spf refuses. Fail refuses forwarded mail, too; see
      postern_spf_helo_reject for the default.`,
  }),
  param({
    name: 'postern_spf_helo_pass_restriction',
    type: text(),
    default: '',
    doc: 'HELO_pass_restriction: the answer of check_spf (an access(5) action or restriction) when the HELO name passes.',
  }),
  param({
    name: 'postern_spf_mail_from_pass_restriction',
    type: text(),
    default: '',
    doc: "Mail_From_pass_restriction: the answer of check_spf when the sender's domain passes.",
  }),
  param({
    name: 'postern_spf_no_mail',
    type: yesNo(),
    default: 'no',
    doc: 'No_Mail: refuse only where the record is "v=spf1 -all", whose domain sends no mail at all.',
  }),
  param({
    name: 'postern_spf_permerror_reject',
    type: yesNo(),
    default: 'no',
    doc: 'PermError_reject: refuse when the record cannot be evaluated. The reply names the term that is wrong.',
  }),
  param({
    name: 'postern_spf_temperror_defer',
    type: yesNo(),
    default: 'no',
    doc: 'TempError_Defer: answer 4xx while the DNS does not answer; otherwise such mail goes on.',
  }),
  param({
    name: 'postern_spf_reject_not_pass_domains',
    type: domains(),
    default: '',
    doc: 'Reject_Not_Pass_Domains: HELO names and sender domains for which spf_not_pass counts.',
  }),
  param({
    name: 'postern_spf_skip_addresses',
    type: networks(),
    default: '127.0.0.0/8, ::ffff:127.0.0.0/104, ::1',
    doc: 'skip_addresses: clients for which SPF means nothing. An X-Comment header says so.',
  }),
  param({
    name: 'postern_spf_whitelist',
    type: networks(),
    default: '',
    doc: 'Whitelist: relays and forwarders by address.',
  }),
  param({
    name: 'postern_spf_helo_whitelist',
    type: domains(),
    default: '',
    doc: 'HELO_Whitelist: relays by HELO name, whose A or AAAA record must be the client.',
  }),
  param({
    name: 'postern_spf_domain_whitelist',
    type: domains(),
    default: '',
    doc: 'Domain_Whitelist: forwarders by domain, whose SPF record must pass the client.',
  }),
  param({
    name: 'postern_spf_domain_whitelist_ptr',
    type: domains(),
    default: '',
    doc: 'Domain_Whitelist_PTR: forwarders by domain, in which the forward-confirmed name of the client must be.',
  }),
  param({
    name: 'postern_spf_test_only',
    type: yesNo(),
    default: 'no',
    doc: 'TestOnly = 0 in policyd-spf.conf: headers and log lines as always, but nothing is refused.',
  }),
  param({
    name: 'postern_spf_enhanced_status_codes',
    type: yesNo(),
    default: 'yes',
    doc: 'SPF_Enhanced_Status_Codes: 5.7.23, 5.7.24 and 4.7.24 of RFC 7372.',
  }),
  param({
    name: 'postern_spf_header_type',
    type: oneOf('spf', 'ar', 'none'),
    default: 'spf',
    doc: 'Header_Type: Received-SPF, Authentication-Results, or no header.',
  }),
  param({
    name: 'postern_spf_authserv_id',
    type: authservId(),
    default: '$myhostname',
    doc: 'Authserv_Id: who says so, in Authentication-Results.',
  }),
  param({
    name: 'postern_spf_hide_receiver',
    type: yesNo(),
    default: 'no',
    doc: 'Hide_Receiver: receiver=<UNKNOWN> in headers and replies instead of the domain of the first recipient.',
  }),
  param({
    name: 'postern_spf_lookup_time',
    type: duration(1),
    default: '20s',
    doc: 'Lookup_Time: how long one check of one identity may take. Then it is a temperror.',
  }),
  param({
    name: 'postern_spf_whitelist_lookup_time',
    type: duration(1),
    default: '10s',
    doc: 'Whitelist_Lookup_Time: how long each of the lists above that ask the DNS may take. Then it does not match.',
  }),
  param({
    name: 'postern_spf_void_limit',
    type: int({ max: 10 }),
    default: '2',
    doc: 'Void_Limit: how many terms of a record may ask for names that do not exist. One more is a permerror.',
  }),
  param({
    name: 'postern_spf_reason_message',
    type: template(),
    default: 'Message {rejectdefer} due to: {spf}. Please see {url}',
    doc: 'Reason_Message: the text of refusals; {rejectdefer}, {spf} and {url} are filled in.',
  }),
  param({
    name: 'postern_spf_prospective',
    type: ipAddress(),
    default: '',
    doc: 'Prospective: judge as if this address were the client, for outgoing mail. No header.',
  }),
  param({
    name: 'postern_spf_mock',
    type: yesNo(),
    default: 'no',
    doc: 'Mock: answer "dunno" to everything.',
  }),
  param({
    name: 'postern_spf_debug_level',
    type: int({ max: 5 }),
    default: '1',
    doc: 'debugLevel: 0 logs no results, 1 what was answered, 2 and more each identity as well.',
  }),
] as const
