/** pflogsumm's figures: totals, senders and recipients, what went wrong. */
import type { ReportDocument } from '../document.ts'
import type { Counts, Facts, MailFacts, Totals } from '../facts.ts'
import type { GatewayFacts } from '../insights/insights.ts'
import { flat2, topRows } from '../order.ts'
import type { Speaker } from '../words.ts'
import { h, type Markup } from './markup.ts'
import { ranking, table } from './tables.ts'

const TOP = 10
const PROBLEMS = 20

export function totalSection({ facts, insights }: ReportDocument, speaker: Speaker): Markup {
  const counts: readonly (readonly [Parameters<Speaker['say']>[0], keyof Totals])[] = [
    ['received', 'received'],
    ['delivered', 'delivered'],
    ['forwarded', 'forwarded'],
    ['queueDeferred', 'deferred'],
    ['bounced', 'bounced'],
    ['refused', 'rejected'],
    ['warned', 'rejectWarnings'],
    ['held', 'held'],
    ['discarded', 'discarded'],
  ]
  const rows = counts.map(([word, total]) => [speaker.say(word), speaker.number(facts.totals[total])])
  const { bytesReceived, bytesDelivered } = facts.totals
  const volumes = [
    [speaker.say('bytesReceived'), speaker.bytes(bytesReceived)],
    [speaker.say('bytesDelivered'), speaker.bytes(bytesDelivered)],
  ]
  const { handed, returned } = insights.filterHops
  const columns = [{ head: '' }, { head: speaker.say('messages'), kind: 'n' as const }]
  return h`<section><h2>${speaker.say('messages')}</h2><div class="two"><div>${table(columns, rows)}</div><div>${table(
    [{ head: '' }, { head: '', kind: 'n' }],
    volumes,
  )}</div></div>${
    handed + returned === 0
      ? null
      : h`<p class="soft">${speaker.say('filterHops', speaker.number(handed), speaker.number(returned))}</p>`
  }</section>`
}

export function topSection(facts: Facts, gateway: GatewayFacts, speaker: Speaker): Markup | null {
  const rankings = [
    ranking(
      {
        title: speaker.say('topClients'),
        head: speaker.say('name'),
        rows: gateway.clients.slice(0, TOP),
        outcome: 'refused',
      },
      speaker,
    ),
    ranking(
      {
        title: speaker.say('topRecipients'),
        head: speaker.say('address'),
        rows: gateway.recipients.slice(0, TOP),
        outcome: 'refused',
      },
      speaker,
    ),
    ranking(
      {
        title: speaker.say('topSenderDomains'),
        head: speaker.say('name'),
        rows: gateway.senderDomains.slice(0, TOP),
        outcome: 'refused',
      },
      speaker,
    ),
    ranking(mails(speaker.say('topSenders'), facts.senders, speaker), speaker),
    ranking(mails(speaker.say('topDelivered'), facts.recipients, speaker), speaker),
  ].filter(each => each !== null)
  return rankings.length === 0
    ? null
    : h`<section><h2>${speaker.say('top')}</h2><div class="two">${rankings}</div></section>`
}

function mails(title: string, facts: ReadonlyMap<string, MailFacts>, speaker: Speaker) {
  const counts = new Map([...facts].map(([name, { messages }]) => [name, messages]))
  return { title, head: speaker.say('address'), rows: topRows(counts, TOP), outcome: 'accepted' as const }
}

export function problemSection(facts: Facts, speaker: Speaker): Markup | null {
  const fatal: Counts = new Map([...flat2(facts.fatals), ...flat2(facts.panics)])
  const lists: readonly (readonly [Parameters<Speaker['say']>[0], Counts])[] = [
    ['fatals', fatal],
    ['deferrals', flat2(facts.deferrals)],
    ['bounces', flat2(facts.bounces)],
    ['warnings', flat2(facts.warnings)],
  ]
  const parts = lists.map(([title, counts]) =>
    ranking(
      {
        title: speaker.say(title),
        head: speaker.say('reason'),
        rows: topRows(counts, PROBLEMS),
        outcome: title === 'deferrals' || title === 'warnings' ? 'deferred' : 'refused',
      },
      speaker,
    ),
  )
  return parts.every(part => part === null) ? null : h`<section><h2>${speaker.say('problems')}</h2>${parts}</section>`
}
