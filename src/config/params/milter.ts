import { postfixParams } from '../param.ts'
import { duration, filledText, list, tableList, text } from '../types.ts'

const param = postfixParams('milter')

export const milterParams = [
  param({
    name: 'smtpd_milters',
    type: list(),
    default: '',
    doc: 'Milters that are asked about mail received by SMTP.',
  }),
  param({
    name: 'smtpd_milter_maps',
    type: tableList(),
    default: '',
    doc: 'smtpd_milters by client address; DISABLE: none.',
  }),
  param({
    name: 'non_smtpd_milters',
    type: list(),
    default: '',
    doc: 'Milters for mail that was not received by SMTP; known, unused.',
  }),
  param({
    name: 'milter_default_action',
    type: text(),
    default: 'tempfail',
    doc: 'What is done when a milter does not answer: accept, reject, tempfail, quarantine or shutdown.',
  }),
  param({
    name: 'milter_protocol',
    type: filledText(),
    default: '6',
    doc: 'The version of the milter protocol.',
  }),
  param({
    name: 'milter_connect_timeout',
    type: duration(1),
    default: '30s',
    doc: 'How long connecting to a milter may take.',
  }),
  param({
    name: 'milter_command_timeout',
    type: duration(1),
    default: '30s',
    doc: 'How long a milter may take for one command.',
  }),
  param({
    name: 'milter_content_timeout',
    type: duration(1),
    default: '300s',
    doc: 'How long a milter may take for the content.',
  }),
  param({
    name: 'milter_macro_daemon_name',
    type: filledText(),
    default: '$myhostname',
    doc: 'What milters see as {daemon_name}.',
  }),
  param({
    name: 'milter_macro_v',
    type: filledText(),
    default: '$mail_name $mail_version',
    doc: 'What milters see as v.',
  }),
  param({
    name: 'milter_macro_defaults',
    type: list(),
    default: '',
    doc: 'Values for macros that have none.',
  }),
  param({
    name: 'milter_connect_macros',
    type: list(),
    default: 'j {daemon_name} {daemon_addr} v _',
    doc: 'The macros sent at connect.',
  }),
  param({
    name: 'milter_helo_macros',
    type: list(),
    default: '{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}',
    doc: 'The macros sent at HELO.',
  }),
  param({
    name: 'milter_mail_macros',
    type: list(),
    default: 'i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}',
    doc: 'The macros sent at MAIL.',
  }),
  param({
    name: 'milter_rcpt_macros',
    type: list(),
    default: 'i {rcpt_addr} {rcpt_host} {rcpt_mailer}',
    doc: 'The macros sent at RCPT.',
  }),
  param({
    name: 'milter_data_macros',
    type: list(),
    default: 'i',
    doc: 'The macros sent at DATA.',
  }),
  param({
    name: 'milter_end_of_header_macros',
    type: list(),
    default: 'i',
    doc: 'The macros sent at the end of the headers.',
  }),
  param({
    name: 'milter_end_of_data_macros',
    type: list(),
    default: 'i',
    doc: 'The macros sent at the end of the message.',
  }),
  param({
    name: 'milter_unknown_command_macros',
    type: list(),
    default: '',
    doc: 'The macros sent at unknown commands.',
  }),
  param({
    name: 'milter_header_checks',
    type: tableList(),
    default: '',
    doc: 'header_checks for headers that milters add.',
  }),
] as const
