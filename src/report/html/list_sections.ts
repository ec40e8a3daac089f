/** Greylisting, DNS lists, bans, and what the parser did not know. */
import type { BanFacts, DnsListFacts, GreylistFacts, UnknownFacts } from '../insights/insights.ts'
import { shownText } from '../shown_text.ts'
import type { Speaker } from '../words.ts'
import { bar } from './charts.ts'
import { h, type Markup } from './markup.ts'
import { ranking, table } from './tables.ts'

export function greylistSection(greylist: GreylistFacts, speaker: Speaker): Markup | null {
  const { passed, early, lost, skipped, delay } = greylist
  if (greylist.new + passed + early === 0 && skipped.length === 0) return null
  const figures: readonly (readonly [string, string])[] = [
    [speaker.say('greyNew'), speaker.number(greylist.new)],
    [speaker.say('greyEarly'), speaker.number(early)],
    [speaker.say('greyPassed'), speaker.number(passed)],
    [speaker.say('greyLost'), speaker.number(lost)],
  ]
  const delays: readonly (readonly [string, string])[] =
    delay === null
      ? []
      : [
          [speaker.say('greyMean'), speaker.duration(delay.mean)],
          [speaker.say('greyMedian'), speaker.duration(delay.median)],
          [speaker.say('greyLongest'), speaker.duration(delay.longest)],
        ]
  return h`<section><h2>${speaker.say('greylist')}</h2><div class="two"><div>${table(
    [{ head: '' }, { head: speaker.say('messages'), kind: 'n' }],
    [...figures, ...delays],
  )}</div>${delay === null ? null : delayTable(delay, speaker)}${ranking(
    { title: speaker.say('skipped'), head: speaker.say('reason'), rows: skipped, outcome: 'accepted' },
    speaker,
  )}</div></section>`
}

function delayTable({ steps }: NonNullable<GreylistFacts['delay']>, speaker: Speaker): Markup {
  const most = Math.max(...steps.map(({ count }) => count))
  const rows = steps.map(({ upTo, count }) => [
    upTo === null ? speaker.say('longer') : speaker.say('upTo', speaker.duration(upTo)),
    bar([['deferred', count]], most),
    speaker.number(count),
  ])
  const columns = [
    { head: speaker.say('delay') },
    { head: '', kind: 'graph' as const },
    { head: speaker.say('messages'), kind: 'n' as const },
  ]
  return h`<div>${table(columns, rows)}</div>`
}

export function dnsListSection({ lists, overlap }: DnsListFacts, speaker: Speaker): Markup | null {
  if (lists.length === 0) return null
  const most = Math.max(...lists.map(({ hits }) => hits))
  const number = (head: string) => ({ head, kind: 'n' as const })
  const columns = [
    { head: speaker.say('list') },
    { head: '', kind: 'graph' as const },
    number(speaker.say('hits')),
    { head: speaker.say('clients'), kind: 'n detail' as const },
    number(speaker.say('alone')),
  ]
  const rows = lists.map(({ name, hits, clients, alone }) => [
    shownText(name),
    bar([['refused', hits]], most),
    ...[hits, clients, alone].map(value => speaker.number(value)),
  ])
  const pairs = overlap.map(({ a, b, clients }) => ({ name: `${a} + ${b}`, count: clients }))
  return h`<section><h2>${speaker.say('dnsLists')}</h2>${table(columns, rows)}${
    pairs.length === 0
      ? null
      : h`<h3>${speaker.say('overlap')}</h3>${table(
          [{ head: speaker.say('list') }, number(speaker.say('clients'))],
          pairs.map(({ name, count }) => [shownText(name), speaker.number(count)]),
        )}`
  }</section>`
}

export function banSection({ banned, unbanned, jails, addresses }: BanFacts, speaker: Speaker): Markup | null {
  if (banned + unbanned === 0) return null
  return h`<section><h2>${speaker.say('bans')}</h2><p>${speaker.say('banned')}: ${speaker.number(banned)} · ${speaker.say(
    'unbanned',
  )}: ${speaker.number(unbanned)}</p><div class="two">${ranking(
    { title: speaker.say('jail'), head: speaker.say('name'), rows: jails, outcome: 'refused' },
    speaker,
  )}${ranking(
    { title: speaker.say('bannedAddresses'), head: speaker.say('address'), rows: addresses, outcome: 'refused' },
    speaker,
  )}</div></section>`
}

export function unknownSection({ lines, read, forms }: UnknownFacts, speaker: Speaker): Markup | null {
  if (lines === 0) return null
  const columns = [{ head: speaker.say('example') }, { head: speaker.say('count'), kind: 'n' as const }]
  const part = speaker.percent(read === 0 ? 0 : lines / read)
  return h`<section><h2>${speaker.say('unknown')}</h2><p>${speaker.say(
    'unknownOf',
    speaker.number(lines),
    speaker.number(read),
    part,
  )}</p>${table(
    columns,
    forms.map(({ example, count }) => [h`<code>${shownText(example)}</code>`, speaker.number(count)]),
  )}</section>`
}
