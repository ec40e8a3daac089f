import { createHash } from 'node:crypto'
import type { Language, ReportDocument } from '../document.ts'
import { Speaker } from '../words.ts'
import { problemSection, topSection, totalSection } from './fact_sections.ts'
import { checkSection, overview, suspectSection, trafficSection } from './gateway_sections.ts'
import { banSection, dnsListSection, greylistSection, unknownSection } from './list_sections.ts'
import { h, Markup } from './markup.ts'
import { STYLE } from './style.ts'

/** Nothing is fetched, nothing is run: also if a mail program or browser were talked into it. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** One page that needs nothing else: no script, no font, no picture. To be written as UTF-8. */
export function renderHtml(document: ReportDocument, language: Language): string {
  const { facts, insights, about } = document
  const speaker = new Speaker(language)
  const title = `${speaker.say('title')}: ${about.host}, ${about.period ?? speaker.say('allDays')}`
  const page = h`<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header><h1>${speaker.say('title')}</h1><p class="soft">${about.host} · ${about.period ?? speaker.say('allDays')}</p></header>
<main>
${overview(insights.gateway, speaker)}
${suspectSection(insights.suspects, speaker)}
${trafficSection(insights.gateway, speaker)}
${checkSection(insights.gateway, speaker)}
${dnsListSection(insights.dnsLists, speaker)}
${greylistSection(insights.greylist, speaker)}
${banSection(insights.bans, speaker)}
${topSection(facts, insights.gateway, speaker)}
${totalSection(document, speaker)}
${problemSection(facts, speaker)}
${unknownSection(insights.unknown, speaker)}
</main>
<footer><p>${speaker.say('madeBy', about.program, about.made)}</p></footer>
</body>
</html>
`
  return page.html
}
