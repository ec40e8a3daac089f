import { postfixParams } from '../param.ts'
import { filledText, list, listOf, matchList, oneOf, path, size, text, yesNo } from '../types.ts'

const param = postfixParams('general')

export const generalParams = [
  param({
    name: 'compatibility_level',
    type: text(),
    default: '0',
    doc: `
      Which release's defaults apply, such as 3.6 (what Debian installs). Some defaults, smtpd_relay_restrictions
      among them, are those of old releases while it is low. Always set it.`,
  }),
  param({
    name: 'myhostname',
    type: filledText(),
    default: 'localhost.localdomain',
    computed: true,
    doc: `
      The full name of this mail server; greeting, HELO to the next hop and Received lines show it. Default: the
      machine's name, with $mydomain behind it when it has no dot.`,
  }),
  param({
    name: 'mydomain',
    type: filledText(),
    default: 'localdomain',
    computed: true,
    doc: 'The domain of this site. Default: myhostname without its first label.',
  }),
  param({
    name: 'myorigin',
    type: filledText(),
    default: '$myhostname',
    doc: `
      The domain that completes an address without one. Debian's form is understood: a file name, the first line of
      which is the domain.`,
  }),
  param({
    name: 'inet_interfaces',
    type: list(),
    default: 'all',
    doc: `
      The network interface addresses of this mail system: "all", "loopback-only", or addresses and names. It decides
      what permit_inet_interfaces, address literals of our own and the default of mynetworks mean. Postern listens
      where postern_smtp_listen says.`,
  }),
  param({
    name: 'inet_protocols',
    type: listOf('all', 'ipv4', 'ipv6'),
    default: 'all',
    doc: 'The protocols in use. Addresses of the other kind are neither asked for nor used.',
  }),
  param({
    name: 'proxy_interfaces',
    type: list(),
    default: '',
    doc: 'Addresses under which this server is reached through a proxy or address translator; they count as its own.',
  }),
  param({
    name: 'mynetworks',
    type: matchList(),
    default: '127.0.0.0/8 [::1]/128',
    computed: true,
    doc: `
      The clients that permit_mynetworks trusts: networks, addresses, "!" exceptions, files and tables. Default: what
      mynetworks_style makes of the addresses of inet_interfaces.`,
  }),
  param({
    name: 'mynetworks_style',
    type: oneOf('host', 'subnet', 'class'),
    default: '${{$compatibility_level} <level {2} ? {subnet} : {host}}',
    doc: 'How mynetworks is made when it is not set: only this host, its subnets, or whole class A, B, C networks.',
  }),
  param({
    name: 'mail_name',
    type: filledText(),
    default: 'Postfix',
    doc: `
      The name in the greeting and in Received lines. Kept as Postfix says it, so that nothing changes for those who
      look.`,
  }),
  param({
    name: 'mail_version',
    type: filledText(),
    default: '3.7.11',
    doc: 'The release whose behaviour is followed; $mail_version shows it.',
  }),
  param({
    name: 'mail_owner',
    type: text(),
    default: 'postfix',
    doc: 'The user that owns the mail system; known for the sake of $mail_owner.',
  }),
  param({
    name: 'config_directory',
    type: path(),
    default: '/etc/postfix',
    computed: true,
    doc: 'The directory of main.cf. Default: where main.cf was read.',
  }),
  param({
    name: 'queue_directory',
    type: path(),
    default: '/var/spool/postfix',
    doc: 'Directory below which relative socket names such as unix:private/policy and smtpd_sasl_path are looked for.',
  }),
  param({
    name: 'data_directory',
    type: path(),
    default: '/var/lib/postfix',
    doc: "Directory of Postfix's own data files; known for the sake of $data_directory.",
  }),
  param({
    name: 'default_database_type',
    type: text(),
    default: 'hash',
    doc: 'The table type that $default_database_type stands for.',
  }),
  param({
    name: 'parent_domain_matches_subdomains',
    type: list(),
    default:
      'debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps',
    doc: `
      The parameters in whose lists "example.com" covers its subdomains too. Where one is not named here,
      ".example.com" has to be written for them.`,
  }),
  param({
    name: 'smtputf8_enable',
    type: yesNo(),
    default: '${{$compatibility_level} <level {1} ? {no} : {yes}}',
    doc: 'Offer and accept SMTPUTF8 (RFC 6531).',
  }),
  param({
    name: 'strict_smtputf8',
    type: yesNo(),
    default: 'no',
    doc: 'Let UTF-8 addresses in only when the client asked for SMTPUTF8.',
  }),
  param({
    name: 'soft_bounce',
    type: yesNo(),
    default: 'no',
    doc: 'Answer 4xx wherever 5xx would have been the reply: nothing is lost while a configuration is tried out.',
  }),
  param({
    name: 'stress',
    type: text(),
    default: '',
    doc: 'Set (in Postfix by its master) while all processes are busy; defaults such as smtpd_timeout shrink then.',
  }),
  param({
    name: 'multi_instance_name',
    type: text(),
    default: '',
    doc: 'The name of this one among several instances; log lines carry it.',
  }),
  param({
    name: 'respectful_logging',
    type: yesNo(),
    default: '${{$compatibility_level} <level {3.6} ? {no} : {yes}}',
    doc: 'Say allowlist and denylist in log lines.',
  }),
  param({
    name: 'default_privs',
    type: text(),
    default: 'nobody',
    doc: 'User whose rights Postfix takes for commands; known for the sake of $default_privs.',
  }),
  param({
    name: 'notify_classes',
    type: list(),
    default: 'resource, software',
    doc: 'What Postfix mails to postmaster. Postern mails nothing; the words are known.',
  }),
  param({
    name: 'known_tcp_ports',
    type: list(),
    default: 'lmtp=24, smtp=25, smtps=submissions=465, submission=587',
    doc: 'Names of TCP ports that need no look into /etc/services.',
  }),
  param({
    name: 'socketmap_max_reply_size',
    type: size({ min: 1 }),
    default: '100000',
    since: '3.10',
    doc: 'The longest answer that is taken from a socketmap server.',
  }),
  param({
    name: 'info_log_address_format',
    type: oneOf('external', 'internal'),
    default: 'external',
    doc: 'How addresses look in log lines: with quotes where RFC 5321 wants them, or bare.',
  }),
] as const
