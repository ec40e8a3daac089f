/** What the gate did: figures, traffic, checks, false alarms. */
import type { GatewayFacts, Suspect, SuspectFacts } from '../insights/insights.ts'
import { shownText } from '../shown_text.ts'
import type { Speaker } from '../words.ts'
import { bar, type StackedBar, stackedChart } from './charts.ts'
import { h, type Markup } from './markup.ts'
import { table } from './tables.ts'

export function overview(gateway: GatewayFacts, speaker: Speaker): Markup {
  const { share, accepted, refused, deferred, own, ownFaults } = gateway
  const stopped =
    share === null
      ? h`<div class="tile"><b>–</b><span>${speaker.say('noMail')}</span></div>`
      : h`<div class="tile refused"><b>${speaker.percent(share)}</b><span>${speaker.say('stopped')}</span></div>`
  const tile = (kind: string, value: number, label: string): Markup =>
    h`<div class="tile ${kind}"><b>${speaker.number(value)}</b><span>${label}</span></div>`
  return h`<section><h2>${speaker.say('overview')}</h2><div class="tiles">${stopped}${tile('accepted', accepted, speaker.say('accepted'))}${tile(
    'refused',
    refused,
    speaker.say('refused'),
  )}${tile('', deferred, speaker.say('deferred'))}${tile('', own, speaker.say('own'))}</div>${
    ownFaults === 0 ? null : h`<p class="note">${speaker.say('ownFaults', speaker.number(ownFaults))}</p>`
  }<p class="soft">${speaker.say('footnote')}</p></section>`
}

export function suspectSection({ list, total }: SuspectFacts, speaker: Speaker): Markup {
  const shown = list.slice(0, 30)
  const more = total - shown.reduce((sum, { others }) => sum + others + 1, 0)
  return h`<section><h2>${speaker.say('suspects')}</h2>${
    shown.length === 0
      ? h`<p>${speaker.say('noSuspects')}</p>`
      : h`<p>${speaker.say('suspectsIntro')}</p><ol class="suspects">${shown.map(each => suspectItem(each, speaker))}</ol>`
  }${more > 0 ? h`<p class="soft">${speaker.say('moreSuspects', speaker.number(more))}</p>` : null}</section>`
}

function suspectItem(suspect: Suspect, speaker: Speaker): Markup {
  const { check, detail, fix, sender, recipient, text, last } = suspect
  const route = [
    sender === null ? '' : `${speaker.say('from')} <${shownText(sender)}>`,
    recipient === null ? '' : `${speaker.say('to')} <${shownText(recipient)}>`,
  ]
  return h`<li><div class="who">${speaker.who(suspect, shownText)}</div><div>${speaker.check(check)}: ${shownText(detail)} · ${speaker.times(
    suspect.refused + suspect.deferred,
  )} · ${last}</div><div class="soft">${route.filter(each => each !== '').join(' ')}</div><ul class="why">${suspect.reasons.map(
    reason => h`<li>${speaker.reason(reason, shownText)}</li>`,
  )}</ul>${
    fix === null
      ? h`<p class="fix soft">${speaker.say('noFix')}</p>`
      : h`<p class="fix">${speaker.say('addLine', speaker.fix(fix.list))} <code class="line">${shownText(fix.line)}</code></p>`
  }<details><summary>${speaker.say('lastReply')}</summary><code>${shownText(text)}</code></details></li>`
}

export function trafficSection(gateway: GatewayFacts, speaker: Speaker): Markup {
  const hours = gateway.hours.map((traffic, hour): StackedBar => ({ label: String(hour), ...traffic }))
  const days = gateway.days.map(({ year, month, day, ...traffic }): StackedBar => {
    const label = speaker.language === 'de' ? `${day}.${month}.` : `${year}-${two(month)}-${two(day)}`.slice(5)
    return { label, ...traffic }
  })
  return h`<section><h2>${speaker.say('traffic')}</h2>${stackedChart(hours, speaker.say('traffic'), speaker)}${trafficTable(
    hours,
    speaker.say('hour'),
    speaker,
  )}${
    days.length < 2
      ? null
      : h`<h3>${speaker.say('trafficDays')}</h3>${stackedChart(days, speaker.say('trafficDays'), speaker)}${trafficTable(days, speaker.say('day'), speaker)}`
  }</section>`
}

function trafficTable(bars: readonly StackedBar[], head: string, speaker: Speaker): Markup {
  const number = (word: 'accepted' | 'refused' | 'deferred') => ({ head: speaker.say(word), kind: 'n' as const })
  const columns = [{ head }, number('accepted'), number('refused'), number('deferred')]
  const rows = bars.map(({ label, accepted, refused, deferred }) => [
    label,
    ...[accepted, refused, deferred].map(value => speaker.number(value)),
  ])
  return h`<details><summary>${speaker.say('asTable')}</summary>${table(columns, rows)}</details>`
}

export function checkSection({ checks }: GatewayFacts, speaker: Speaker): Markup | null {
  if (checks.length === 0) return null
  const most = Math.max(...checks.map(({ refused, deferred }) => refused + deferred))
  const columns = [
    { head: speaker.say('check') },
    { head: '', kind: 'graph' as const },
    { head: speaker.say('refused'), kind: 'n' as const },
    { head: speaker.say('deferred'), kind: 'n' as const },
    { head: speaker.say('details'), kind: 'detail' as const },
  ]
  const rows = checks.map(({ check, refused, deferred, details }) => [
    speaker.check(check),
    bar(
      [
        ['refused', refused],
        ['deferred', deferred],
      ],
      most,
    ),
    speaker.number(refused),
    speaker.number(deferred),
    details
      .slice(0, 3)
      .map(({ name, count }) => `${shownText(name)} (${speaker.number(count)})`)
      .join(', '),
  ])
  return h`<section><h2>${speaker.say('checks')}</h2>${table(columns, rows)}</section>`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
