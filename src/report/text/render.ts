/** The insights as plain text, to stand below pflogsumm's. */
import type { Language } from '../document.ts'
import type { GatewayFacts, Insights, Suspect } from '../insights/insights.ts'
import { shownText } from '../shown_text.ts'
import { Speaker } from '../words.ts'

/** Lines of text, to be written as UTF-8; each section with its heading underlined, as pflogsumm's. */
export function renderInsights(insights: Insights, language: Language): string {
  const speaker = new Speaker(language)
  const { gateway, suspects } = insights
  const hidden = suspects.total - suspects.list.reduce((sum, { others }) => sum + others + 1, 0)
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [speaker.say('overview'), overview(gateway, speaker)],
    [
      speaker.say('suspects'),
      suspects.list.length === 0
        ? [speaker.say('noSuspects')]
        : [
            ...suspects.list.flatMap(each => ['', ...suspectLines(each, speaker)]).slice(1),
            ...(hidden > 0 ? ['', speaker.say('moreSuspects', speaker.number(hidden))] : []),
          ],
    ],
    [
      speaker.say('checks'),
      gateway.checks.map(each => counted(each.refused + each.deferred, speaker.check(each.check))),
    ],
    [speaker.say('dnsLists'), dnsLists(insights, speaker)],
    [speaker.say('greylist'), greylist(insights, speaker)],
    [speaker.say('bans'), insights.bans.addresses.map(({ name, count }) => counted(count, shownText(name)))],
    [speaker.say('unknown'), insights.unknown.forms.map(({ example, count }) => counted(count, shownText(example)))],
  ]
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `\n${title}\n${'-'.repeat(title.length)}\n${lines.map(indented).join('')}`)
    .join('')
}

function overview(gateway: GatewayFacts, speaker: Speaker): readonly string[] {
  const { share, accepted, refused, deferred, own, ownFaults } = gateway
  return [
    share === null ? speaker.say('noMail') : `${speaker.percent(share)} ${speaker.say('stopped')}`,
    counted(accepted, speaker.say('accepted')),
    counted(refused, speaker.say('refused')),
    counted(deferred, speaker.say('deferred')),
    counted(own, speaker.say('own')),
    ...(ownFaults === 0 ? [] : [speaker.say('ownFaults', speaker.number(ownFaults))]),
  ]
}

function suspectLines(suspect: Suspect, speaker: Speaker): readonly string[] {
  const { check, detail, refused, deferred, last, sender, recipient, fix, reasons, text } = suspect
  const route = [
    sender === null ? '' : `${speaker.say('from')} <${shownText(sender)}>`,
    recipient === null ? '' : `${speaker.say('to')} <${shownText(recipient)}>`,
  ].filter(each => each !== '')
  return [
    speaker.who(suspect, shownText),
    `  ${speaker.check(check)}: ${shownText(detail)}, ${speaker.times(refused + deferred)}, ${last}`,
    ...(route.length === 0 ? [] : [`  ${route.join(' ')}`]),
    `  ${shownText(text)}`,
    ...reasons.map(reason => `  * ${speaker.reason(reason, shownText)}`),
    fix === null
      ? `  ${speaker.say('noFix')}`
      : `  ${speaker.say('addLine', speaker.fix(fix.list))}  ${shownText(fix.line)}`,
  ]
}

function dnsLists({ dnsLists: { lists, overlap } }: Insights, speaker: Speaker): readonly string[] {
  return [
    ...lists.map(({ name, hits, alone }) =>
      counted(hits, `${shownText(name)} (${speaker.say('alone')}: ${speaker.number(alone)})`),
    ),
    ...overlap.map(({ a, b, clients }) => counted(clients, `${shownText(a)} + ${shownText(b)}`)),
  ]
}

function greylist({ greylist: facts }: Insights, speaker: Speaker): readonly string[] {
  const { early, passed, lost, delay, skipped } = facts
  if (facts.new + early + passed + skipped.length === 0) return []
  return [
    counted(facts.new, speaker.say('greyNew')),
    counted(early, speaker.say('greyEarly')),
    counted(passed, speaker.say('greyPassed')),
    counted(lost, speaker.say('greyLost')),
    ...skipped.map(({ name, count }) => counted(count, `${speaker.say('skipped')}: ${shownText(name)}`)),
    ...(delay === null
      ? []
      : [
          `${speaker.say('greyMean')}: ${speaker.duration(delay.mean)}`,
          `${speaker.say('greyMedian')}: ${speaker.duration(delay.median)}`,
          `${speaker.say('greyLongest')}: ${speaker.duration(delay.longest)}`,
        ]),
  ]
}

function counted(count: number, text: string): string {
  return `${String(count).padStart(7)}   ${text}`
}

function indented(line: string): string {
  return line === '' ? '\n' : `  ${line}\n`
}
