/** Makes docs/restrictions.md out of the registry. */
import type { Restriction } from '../src/engine/restriction.ts'
import { joinParagraph } from './paragraph.ts'

const ARGUMENTS: Readonly<Record<NonNullable<Restriction['argument']>, string>> = {
  domain: 'domain[=filter]',
  table: 'type:table',
  server: 'server',
  seconds: 'seconds',
}

const NEEDS: Readonly<Record<Restriction['needs'], string>> = {
  client: 'the client is known: asked ahead at connect',
  helo: 'HELO is known: asked ahead then',
  sender: 'the sender is known: asked ahead at MAIL',
  recipient: 'the recipient is known',
  moment: 'the list gets there',
}

/** One section for each restriction, in the order of the registry. */
export function renderRestrictions(restrictions: Iterable<Restriction>): string {
  const sections = [...restrictions].flatMap(renderOne)
  return [HEAD, ...sections].join('\n') + '\n'
}

const HEAD = `# Restrictions

Made by \`npm run docs\` from \`src/restrictions\`. Each word may stand in the lists smtpd_client_restrictions,
smtpd_helo_restrictions, smtpd_sender_restrictions, smtpd_relay_restrictions, smtpd_recipient_restrictions,
smtpd_data_restrictions, smtpd_end_of_data_restrictions and smtpd_etrn_restrictions. Differences from Postfix are in
[compatibility.md](compatibility.md).
`

function renderOne(restriction: Restriction): readonly string[] {
  const { name, aliases = [], argument, params, needs } = restriction
  const heading = argument === undefined ? name : `${name} *${ARGUMENTS[argument]}*`
  const facts = [
    `Answers as soon as ${NEEDS[needs]}.`,
    params.length > 0 ? `Reads ${params.map(param => `\`${param}\``).join(', ')}.` : '',
    aliases.length > 0 ? `Older spelling: ${aliases.map(alias => `\`${alias}\``).join(', ')}.` : '',
    restriction.own === true ? "Postern's own; Postfix has no such word." : '',
  ]
  return [`## ${heading}`, '', joinParagraph(restriction.doc), '', facts.filter(fact => fact !== '').join(' '), '']
}
