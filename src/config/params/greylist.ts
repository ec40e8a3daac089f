import { ownParams } from '../param.ts'
import { duration, filledText, int, list, listOf, path, yesNo } from '../types.ts'

const param = ownParams('postern')

/** Greylisting. Names and numbers in the "Postgrey:" notes are options of Postgrey 1.37, which POSTGREY_OPTS may hold. */
export const greylistParams = [
  param({
    name: 'postern_greylist',
    type: yesNo(),
    default: 'yes',
    doc: `
      Whether check_greylist greylists at all. "no": it lets everything pass, whatever is remembered, and remembers
      nothing.`,
  }),
  param({
    name: 'postern_greylist_delay',
    type: duration(),
    default: '300s',
    doc: 'How long an unknown triplet of client network, sender and recipient has to wait. Postgrey: --delay.',
  }),
  param({
    name: 'postern_greylist_retry_window',
    type: duration(),
    default: '2d',
    doc: 'A retry that comes later than this counts as a first attempt. Postgrey: --retry-window.',
  }),
  param({
    name: 'postern_greylist_max_age',
    type: duration(1),
    default: '35d',
    doc: 'What was not seen for so long is forgotten. Postgrey: --max-age.',
  }),
  param({
    name: 'postern_greylist_auto_allow',
    type: int(),
    default: '5',
    doc: `
      A client with so many successful retries is delayed no more; one an hour counts. 0: never. Postgrey:
      --auto-whitelist-clients.`,
  }),
  param({
    name: 'postern_greylist_action',
    type: filledText(),
    default: 'DEFER_IF_PERMIT',
    doc: 'The access(5) action of a greylisted recipient; the text follows it. Postgrey: --greylist-action.',
  }),
  param({
    name: 'postern_greylist_text',
    type: filledText(),
    default: 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html',
    doc: `
      What a greylisted client is told. %s: seconds to wait, %r: domain of the recipient. Begins with 4.2.0 unless it
      begins with a digit. Postgrey: --greylist-text.`,
  }),
  param({
    name: 'postern_greylist_header',
    type: filledText(),
    default: 'X-Greylist: delayed %t seconds by postgrey-%v at %h; %d',
    doc: `
      The header line of a message that had to wait, once a message. %t: seconds, %v: postern_postgrey_version, %h:
      postern_greylist_hostname, %d: date. The default is Postgrey's, so that filters which look for it go on working.
      Postgrey: --x-greylist-header.`,
  }),
  param({
    name: 'postern_greylist_hostname',
    type: filledText(),
    default: '$myhostname',
    doc: 'What %h of postern_greylist_header stands for. Postgrey: --hostname.',
  }),
  param({
    name: 'postern_postgrey_version',
    type: filledText(),
    default: '1.37',
    doc: `
      The Postgrey whose log lines and headers are written: up to 1.36 it logs client_address=192.0.2.7/32, from 1.37
      on client_address=192.0.2.7.`,
  }),
  param({
    name: 'postern_greylist_log',
    type: yesNo(),
    default: 'yes',
    doc: 'Log a line for each decision, as Postgrey does. Postgrey: "no" is --quiet.',
  }),
  param({
    name: 'postern_greylist_privacy',
    type: yesNo(),
    default: 'no',
    doc: `
      Remember SHA-1 sums in place of addresses of clients, senders and recipients. What was remembered before counts
      no more. Postgrey: --privacy.`,
  }),
  param({
    name: 'postern_greylist_lookup_by_host',
    type: yesNo(),
    default: 'no',
    doc: 'Tell clients apart by their whole address and not by their network. Postgrey: --lookup-by-host.',
  }),
  param({
    name: 'postern_greylist_ipv4_prefix',
    type: int({ min: 1, max: 32 }),
    default: '24',
    doc: 'So many bits of an IPv4 address are its network. Postgrey: --ipv4cidr.',
  }),
  param({
    name: 'postern_greylist_ipv6_prefix',
    type: int({ min: 1, max: 128 }),
    default: '64',
    doc: 'So many bits of an IPv6 address are its network; 56 or 48 where providers give more. Postgrey: --ipv6cidr.',
  }),
  param({
    name: 'postern_greylist_whitelist_clients',
    type: list('list of files'),
    default: 'auto',
    doc: `
      Files of clients that are never greylisted, in Postgrey's format: names with their subdomains, /pattern/,
      addresses and networks. auto: whitelist_clients and whitelist_clients.local in the directory of main.cf and in
      /etc/postgrey, those that there are. A changed file counts at once. Nothing: none. Postgrey: --whitelist-clients.`,
  }),
  param({
    name: 'postern_greylist_whitelist_recipients',
    type: list('list of files'),
    default: 'auto',
    doc: `
      Files of recipients for whom nothing is greylisted, in Postgrey's format: user@domain with its extensions, user@,
      domain with its subdomains, /pattern/. auto: whitelist_recipients and whitelist_recipients.local in the same
      directories. Postgrey: --whitelist-recipients.`,
  }),
  param({
    name: 'postern_greylist_providers',
    type: yesNo(),
    default: 'yes',
    doc: `
      Do not delay the big senders (Google, Microsoft 365, Amazon SES, Mailchimp, SendGrid …), known by forward-confirmed
      host name or by SPF; "postern greylist providers" shows the list and its date.`,
  }),
  param({
    name: 'postern_greylist_providers_file',
    type: path(),
    default: '$config_directory/greylist_providers',
    doc: `
      A newer list of big senders; if the file is there it replaces the one that came with Postern. "postern greylist
      providers" prints the format.`,
  }),
  param({
    name: 'postern_greylist_spf',
    type: yesNo(),
    default: 'yes',
    doc: `
      A sender that passes SPF is also known by its domain, so that a retry from another address of the same pool
      counts. SPF is asked only about mail that would be delayed.`,
  }),
  param({
    name: 'postern_greylist_correspondents',
    type: duration(),
    default: '30d',
    doc: `
      The mail of somebody to whom a user of ours (signed in, or in mynetworks) wrote no longer ago than this is not
      delayed, unless SPF says that it is forged. 0: everybody waits alike.`,
  }),
  param({
    name: 'postern_greylist_only',
    type: listOf('unknown_name', 'dynamic_name', 'no_spf'),
    default: '',
    doc: `
      Greylist only clients of which one of these holds: unknown_name (no forward-confirmed host name), dynamic_name (the
      name holds the address, or words such as "dyn", "dsl", "pool"), no_spf (the sender does not pass SPF, which is then
      asked of all mail). Nothing: greylist all.`,
  }),
] as const
