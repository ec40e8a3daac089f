import { postfixParams } from '../param.ts'
import { characterSet, filledText, list, matchList, restrictionList, tableList, template, yesNo } from '../types.ts'

const param = postfixParams('access')

export const accessParams = [
  param({
    name: 'smtpd_client_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked of a client when it connects.',
  }),
  param({
    name: 'smtpd_helo_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked at HELO or EHLO.',
  }),
  param({
    name: 'smtpd_sender_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked at MAIL FROM.',
  }),
  param({
    name: 'smtpd_relay_restrictions',
    type: restrictionList(),
    default:
      '${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}',
    doc: 'Who may send to domains that are not ours. This list or smtpd_recipient_restrictions must refuse the rest.',
  }),
  param({
    name: 'smtpd_recipient_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked at RCPT TO, once relaying has been dealt with.',
  }),
  param({
    name: 'smtpd_data_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked at DATA.',
  }),
  param({
    name: 'smtpd_end_of_data_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked once the message has been received.',
  }),
  param({
    name: 'smtpd_etrn_restrictions',
    type: restrictionList(),
    default: '',
    doc: 'What is asked at ETRN.',
  }),
  param({
    name: 'smtpd_restriction_classes',
    type: list(),
    default: '',
    doc: "Names of restriction lists of one's own. Each is a parameter, and may be used in lists and access tables.",
  }),
  param({
    name: 'smtpd_delay_reject',
    type: yesNo(),
    default: 'yes',
    doc: `
      Ask the client, helo and sender lists only at RCPT TO (or ETRN). More senders take the reply to heart then, and
      the log shows whom the mail was for.`,
  }),
  param({
    name: 'smtpd_relay_before_recipient_restrictions',
    type: yesNo(),
    default: '${{$compatibility_level} <level {3.6} ? {no} : {yes}}',
    doc: 'Ask smtpd_relay_restrictions before smtpd_recipient_restrictions, not after.',
  }),
  param({
    name: 'smtpd_helo_required',
    type: yesNo(),
    default: 'no',
    doc: 'Take no MAIL FROM before HELO or EHLO.',
  }),
  param({
    name: 'smtpd_reject_unlisted_recipient',
    type: yesNo(),
    default: 'yes',
    doc: 'Refuse recipients that do not exist even where no list says reject_unlisted_recipient.',
  }),
  param({
    name: 'smtpd_reject_unlisted_sender',
    type: yesNo(),
    default: 'no',
    doc: 'Refuse senders of our own domains that do not exist even where no list says reject_unlisted_sender.',
  }),
  param({
    name: 'smtpd_null_access_lookup_key',
    type: filledText(),
    default: '<>',
    doc: 'What access tables are asked for the null sender.',
  }),
  param({
    name: 'smtpd_sender_login_maps',
    type: tableList(),
    default: '',
    doc: 'Who may use a sender address: the login names that own it. See reject_sender_login_mismatch.',
  }),
  param({
    name: 'smtpd_log_access_permit_actions',
    type: list(),
    default: '',
    doc: 'Permits that are worth a log line: names as in smtpd restriction lists, or static:all.',
  }),
  param({
    name: 'permit_mx_backup_networks',
    type: matchList(),
    default: '',
    doc: 'permit_mx_backup only trusts destinations whose primary MX lies in these networks.',
  }),
  param({
    name: 'allow_untrusted_routing',
    type: yesNo(),
    default: 'no',
    doc: 'Let strangers send to user@elsewhere@ours, user%elsewhere@ours and elsewhere!user@ours.',
  }),
  param({
    name: 'rbl_reply_maps',
    type: tableList(),
    default: '',
    doc: 'Replies for single DNS lists, found by list name. `$` works as in default_rbl_reply.',
  }),
  param({
    name: 'default_rbl_reply',
    type: template(),
    default:
      '$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using $rbl_domain${rbl_reason?; $rbl_reason}',
    doc: 'The reply when a DNS list refuses someone, unless rbl_reply_maps has one.',
  }),
  param({
    name: 'maps_rbl_domains',
    type: list(),
    default: '',
    doc: 'Deprecated: DNS lists for the restriction reject_maps_rbl. Use reject_rbl_client.',
  }),
  param({
    name: 'smtpd_expansion_filter',
    type: characterSet(),
    default:
      '\\t\\40!"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~',
    doc: 'The characters of foreign text that survive in replies; others become "_".',
  }),
  param({
    name: 'smtpd_reject_footer',
    type: template(),
    default: '',
    doc: 'Text behind each 4xx and 5xx reply, for example whom to ask. \\c joins it to the line.',
  }),
  param({
    name: 'smtpd_reject_footer_maps',
    type: tableList(),
    default: '',
    doc: "Footers found by the reply's text; they win over smtpd_reject_footer.",
  }),
  param({
    name: 'smtpd_dns_reply_filter',
    type: tableList(),
    default: '',
    doc: 'Tables that DNS answers pass, to drop records that lead nowhere.',
  }),
  param({
    name: 'smtpd_peername_lookup',
    type: yesNo(),
    default: 'yes',
    doc: 'Look for the client\'s name. Without it every client is "unknown".',
  }),
  param({
    name: 'smtpd_authorized_xclient_hosts',
    type: matchList(),
    default: '',
    doc: 'Clients that may tell with XCLIENT who the real client is.',
  }),
  param({
    name: 'smtpd_authorized_xforward_hosts',
    type: matchList(),
    default: '',
    doc: 'Clients that may hand on with XFORWARD whom a message came from.',
  }),
  param({
    name: 'smtpd_authorized_verp_clients',
    type: matchList(),
    default: '$authorized_verp_clients',
    doc: 'Clients that may ask for VERP.',
  }),
  param({
    name: 'authorized_verp_clients',
    type: matchList(),
    default: '',
    doc: 'Old name of smtpd_authorized_verp_clients.',
  }),
  param({
    name: 'local_header_rewrite_clients',
    type: list(),
    default: 'permit_inet_interfaces',
    doc: 'Clients whose headers are completed with our domain.',
  }),
] as const
