import { postfixParams } from '../param.ts'
import { oneOf, replyCode, template, yesNo } from '../types.ts'

const param = postfixParams('codes')

export const codesParams = [
  param({
    name: 'access_map_defer_code',
    type: replyCode(),
    default: '450',
    doc: 'The reply code of DEFER in an access table.',
  }),
  param({
    name: 'access_map_reject_code',
    type: replyCode(),
    default: '554',
    doc: 'The reply code of REJECT in an access table.',
  }),
  param({
    name: 'defer_code',
    type: replyCode(),
    default: '450',
    doc: 'The reply code of the restriction defer.',
  }),
  param({
    name: 'reject_code',
    type: replyCode(),
    default: '554',
    doc: 'The reply code of the restriction reject.',
  }),
  param({
    name: 'invalid_hostname_reject_code',
    type: replyCode(),
    default: '501',
    doc: 'The reply code of reject_invalid_helo_hostname.',
  }),
  param({
    name: 'maps_rbl_reject_code',
    type: replyCode(),
    default: '554',
    doc: 'The reply code when a DNS list refuses someone.',
  }),
  param({
    name: 'multi_recipient_bounce_reject_code',
    type: replyCode(),
    default: '550',
    doc: 'The reply code of reject_multi_recipient_bounce.',
  }),
  param({
    name: 'non_fqdn_reject_code',
    type: replyCode(),
    default: '504',
    doc: 'The reply code of the reject_non_fqdn_ restrictions.',
  }),
  param({
    name: 'plaintext_reject_code',
    type: replyCode(),
    default: '450',
    doc: 'The reply code of reject_plaintext_session.',
  }),
  param({
    name: 'relay_domains_reject_code',
    type: replyCode(),
    default: '554',
    doc: 'The reply code of reject_unauth_destination.',
  }),
  param({
    name: 'unknown_address_reject_code',
    type: replyCode(),
    default: '450',
    doc: `
      The reply code of reject_unknown_sender_domain and reject_unknown_recipient_domain, when the domain does not
      exist. A failed lookup is always 450.`,
  }),
  param({
    name: 'unknown_client_reject_code',
    type: replyCode(),
    default: '450',
    doc: "The reply code when the client's address has no valid name. A failed lookup is always 450.",
  }),
  param({
    name: 'unknown_hostname_reject_code',
    type: replyCode(),
    default: '450',
    doc: 'The reply code of reject_unknown_helo_hostname. A failed lookup is always 450.',
  }),
  param({
    name: 'unknown_local_recipient_reject_code',
    type: replyCode(),
    default: '550',
    doc: 'The reply code for a user of mydestination whom local_recipient_maps does not have.',
  }),
  param({
    name: 'unknown_relay_recipient_reject_code',
    type: replyCode(),
    default: '550',
    doc: 'The reply code for an address of relay_domains that relay_recipient_maps does not have.',
  }),
  param({
    name: 'unknown_virtual_alias_reject_code',
    type: replyCode(),
    default: '550',
    doc: 'The reply code for an address of virtual_alias_domains that virtual_alias_maps does not have.',
  }),
  param({
    name: 'unknown_virtual_mailbox_reject_code',
    type: replyCode(),
    default: '550',
    doc: 'The reply code for an address of virtual_mailbox_domains that virtual_mailbox_maps does not have.',
  }),
  param({
    name: 'unverified_recipient_defer_code',
    type: replyCode({ min: 200, max: 499 }),
    default: '450',
    doc: 'The reply code while a recipient probe has no result. 250: let it pass.',
  }),
  param({
    name: 'unverified_recipient_reject_code',
    type: replyCode({ min: 200, max: 599 }),
    default: '450',
    doc: 'The reply code when a recipient probe was refused.',
  }),
  param({
    name: 'unverified_sender_defer_code',
    type: replyCode({ min: 200, max: 499 }),
    default: '450',
    doc: 'The reply code while a sender probe has no result. 250: let it pass.',
  }),
  param({
    name: 'unverified_sender_reject_code',
    type: replyCode({ min: 200, max: 599 }),
    default: '450',
    doc: 'The reply code when a sender probe was refused.',
  }),
  param({
    name: 'unverified_recipient_reject_reason',
    type: template(),
    default: '',
    doc: 'Said to the client in place of what the probe was told.',
  }),
  param({
    name: 'unverified_sender_reject_reason',
    type: template(),
    default: '',
    doc: 'Said to the client in place of what the probe was told.',
  }),
  param({
    name: 'reject_tempfail_action',
    type: oneOf('defer', 'defer_if_permit'),
    default: 'defer_if_permit',
    doc: `
      What a restriction does when its lookup failed for now: refuse at once with 4xx, or only if nothing refuses for
      good.`,
  }),
  param({
    name: 'unknown_address_tempfail_action',
    type: oneOf('defer', 'defer_if_permit'),
    default: '$reject_tempfail_action',
    doc: 'The same for reject_unknown_sender_domain and reject_unknown_recipient_domain.',
  }),
  param({
    name: 'unknown_helo_hostname_tempfail_action',
    type: oneOf('defer', 'defer_if_permit'),
    default: '$reject_tempfail_action',
    doc: 'The same for reject_unknown_helo_hostname.',
  }),
  param({
    name: 'unverified_recipient_tempfail_action',
    type: oneOf('defer', 'defer_if_permit'),
    default: '$reject_tempfail_action',
    doc: 'The same for reject_unverified_recipient.',
  }),
  param({
    name: 'unverified_sender_tempfail_action',
    type: oneOf('defer', 'defer_if_permit'),
    default: '$reject_tempfail_action',
    doc: 'The same for reject_unverified_sender.',
  }),
  param({
    name: 'show_user_unknown_table_name',
    type: yesNo(),
    default: 'yes',
    doc: 'Name the table that does not have the user: "User unknown in local recipient table".',
  }),
  param({
    name: 'smtpd_forbid_bare_newline_reject_code',
    type: replyCode({ min: 500 }),
    default: '550',
    doc: 'The reply code of smtpd_forbid_bare_newline = reject.',
  }),
] as const
