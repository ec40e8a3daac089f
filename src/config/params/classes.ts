import { postfixParams } from '../param.ts'
import { filledText, list, matchList, tableList, text } from '../types.ts'

const param = postfixParams('classes')

export const classesParams = [
  param({
    name: 'mydestination',
    type: matchList(),
    default: '$myhostname, localhost.$mydomain, localhost',
    doc: 'The domains whose mail ends here, for system users.',
  }),
  param({
    name: 'relay_domains',
    type: matchList(),
    default: '${{$compatibility_level} <level {2} ? {$mydestination} : {}}',
    doc: 'The domains whose mail is taken and handed on to their own servers.',
  }),
  param({
    name: 'virtual_alias_domains',
    type: matchList(),
    default: '$virtual_alias_maps',
    doc: 'The domains all of whose addresses are aliases for others.',
  }),
  param({
    name: 'virtual_mailbox_domains',
    type: matchList(),
    default: '$virtual_mailbox_maps',
    doc: 'The domains whose addresses are mailboxes that are no system users.',
  }),
  param({
    name: 'local_recipient_maps',
    type: tableList(),
    default: 'proxy:unix:passwd.byname $alias_maps',
    doc: 'The users of mydestination. Nothing: take them all.',
  }),
  param({
    name: 'relay_recipient_maps',
    type: tableList(),
    default: '',
    doc: 'The addresses of relay_domains. Nothing: take them all.',
  }),
  param({
    name: 'virtual_alias_maps',
    type: tableList(),
    default: '$virtual_maps',
    doc: 'Aliases: the addresses of virtual_alias_domains, and further ones of any domain.',
  }),
  param({
    name: 'virtual_maps',
    type: tableList(),
    default: '',
    doc: 'Old name of virtual_alias_maps.',
  }),
  param({
    name: 'virtual_mailbox_maps',
    type: tableList(),
    default: '',
    doc: 'The addresses of virtual_mailbox_domains.',
  }),
  param({
    name: 'alias_maps',
    type: tableList(),
    default: 'hash:/etc/aliases, nis:mail.aliases',
    doc: 'The aliases of system users; recipients named there exist.',
  }),
  param({
    name: 'alias_database',
    type: tableList(),
    default: 'hash:/etc/aliases',
    doc: 'What newaliases builds; known for the sake of $alias_database.',
  }),
  param({
    name: 'canonical_maps',
    type: tableList(),
    default: '',
    doc: 'Rewriting of addresses; an address named there exists.',
  }),
  param({
    name: 'sender_canonical_maps',
    type: tableList(),
    default: '',
    doc: 'Rewriting of sender addresses; one named there exists.',
  }),
  param({
    name: 'recipient_canonical_maps',
    type: tableList(),
    default: '',
    doc: 'Rewriting of recipient addresses; one named there exists.',
  }),
  param({
    name: 'relocated_maps',
    type: tableList(),
    default: '',
    doc: 'Addresses that have moved: "5.1.6 User has moved to".',
  }),
  param({
    name: 'transport_maps',
    type: tableList(),
    default: '',
    doc: 'Ways to domains and addresses. An entry error: refuses the address.',
  }),
  param({
    name: 'local_transport',
    type: filledText(),
    default: 'local:$myhostname',
    doc: 'How mail for mydestination goes on; with error: the class is closed.',
  }),
  param({
    name: 'relay_transport',
    type: filledText(),
    default: 'relay',
    doc: 'How mail for relay_domains goes on.',
  }),
  param({
    name: 'virtual_transport',
    type: filledText(),
    default: 'virtual',
    doc: 'How mail for virtual_mailbox_domains goes on.',
  }),
  param({
    name: 'default_transport',
    type: filledText(),
    default: 'smtp',
    doc: 'How mail for all other domains goes on.',
  }),
  param({
    name: 'relayhost',
    type: text(),
    default: '',
    doc: 'Where mail for all other domains goes.',
  }),
  param({
    name: 'sender_dependent_relayhost_maps',
    type: tableList(),
    default: '',
    doc: 'relayhost by sender.',
  }),
  param({
    name: 'sender_dependent_default_transport_maps',
    type: tableList(),
    default: '',
    doc: 'default_transport by sender.',
  }),
  param({
    name: 'recipient_delimiter',
    type: text(),
    default: '',
    doc: 'The characters that begin an address extension: user+extension.',
  }),
  param({
    name: 'double_bounce_sender',
    type: filledText(),
    default: 'double-bounce',
    doc: 'The user name of the sender of address probes.',
  }),
  param({
    name: 'empty_address_recipient',
    type: filledText(),
    default: 'MAILER-DAEMON',
    doc: 'Who gets mail for the null address.',
  }),
  param({
    name: 'propagate_unmatched_extensions',
    type: list(),
    default: 'canonical, virtual',
    doc: 'Which rewriting keeps an address extension that it does not name.',
  }),
] as const
