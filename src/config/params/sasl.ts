import { postfixParams } from '../param.ts'
import { filledText, list, matchList, size, text, yesNo } from '../types.ts'

const param = postfixParams('sasl')

export const saslParams = [
  param({
    name: 'smtpd_sasl_auth_enable',
    type: yesNo(),
    default: 'no',
    doc: 'Offer AUTH (RFC 4954).',
  }),
  param({
    name: 'smtpd_sasl_type',
    type: text(),
    default: 'cyrus',
    doc: 'The kind of server that checks passwords. Postern speaks to dovecot.',
  }),
  param({
    name: 'smtpd_sasl_path',
    type: filledText(),
    default: 'smtpd',
    doc: 'Where it is: a socket below queue_directory, or inet:HOST:PORT.',
  }),
  param({
    name: 'smtpd_sasl_service',
    type: filledText(),
    default: 'smtp',
    doc: 'The service name that it is told.',
  }),
  param({
    name: 'smtpd_sasl_local_domain',
    type: text(),
    default: '',
    doc: 'The realm of login names without one.',
  }),
  param({
    name: 'smtpd_sasl_security_options',
    type: list(),
    default: 'noanonymous',
    doc: `
      What a mechanism must not be: noanonymous, noplaintext, nodictionary, noactive; mutual_auth, forward_secrecy.`,
  }),
  param({
    name: 'smtpd_sasl_tls_security_options',
    type: list(),
    default: '$smtpd_sasl_security_options',
    doc: 'The same over TLS.',
  }),
  param({
    name: 'smtpd_sasl_exceptions_networks',
    type: matchList(),
    default: '',
    doc: 'Clients to whom AUTH is not offered.',
  }),
  param({
    name: 'smtpd_sasl_authenticated_header',
    type: yesNo(),
    default: 'no',
    doc: 'Show the login name in the Received header.',
  }),
  param({
    name: 'smtpd_sasl_mechanism_filter',
    type: list(),
    default: '!external, static:rest',
    doc: "Which of the server's mechanisms are offered.",
  }),
  param({
    name: 'smtpd_sasl_response_limit',
    type: size({ min: 12288 }),
    default: '12288',
    doc: 'The longest answer of a client during AUTH.',
  }),
  param({
    name: 'broken_sasl_auth_clients',
    type: yesNo(),
    default: 'no',
    doc: 'Offer AUTH= as well, for programs older than RFC 4954.',
  }),
  param({
    name: 'cyrus_sasl_config_path',
    type: text(),
    default: '',
    doc: 'Where Cyrus SASL looks for its files; known, unused.',
  }),
] as const
