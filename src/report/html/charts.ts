import type { Speaker } from '../words.ts'
import { h, type Markup } from './markup.ts'

export interface StackedBar {
  readonly label: string
  readonly accepted: number
  readonly refused: number
  readonly deferred: number
}

const OUTCOMES = ['accepted', 'refused', 'deferred'] as const
const HEIGHT = 220
const LEFT = 44
const BOTTOM = 22
const TOP = 8

/** Columns of accepted, refused and deferred on each other; drawn twice, for wide and for narrow screens, so that letters keep their size. */
export function stackedChart(bars: readonly StackedBar[], title: string, speaker: Speaker): Markup {
  return h`<div class="chart">${legend(speaker)}${drawing(bars, { title, speaker, width: 960, kind: 'wide' })}${drawing(
    bars,
    { title, speaker, width: 320, kind: 'narrow' },
  )}</div>`
}

function legend(speaker: Speaker): Markup {
  const item = (outcome: (typeof OUTCOMES)[number]): Markup =>
    h`<li><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="${outcome}" width="12" height="12" rx="2"/></svg>${speaker.say(outcome)}</li>`
  return h`<ul class="legend">${OUTCOMES.map(item)}</ul>`
}

interface Drawing {
  readonly title: string
  readonly speaker: Speaker
  readonly width: number
  readonly kind: 'wide' | 'narrow'
}

function drawing(bars: readonly StackedBar[], { title, speaker, width, kind }: Drawing): Markup {
  const most = Math.max(1, ...bars.map(sum))
  const step = niceStep(most)
  const top = Math.ceil(most / step) * step
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP)
  const slot = (width - LEFT) / Math.max(1, bars.length)
  const marks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
  const every = Math.ceil(bars.length / (kind === 'wide' ? 24 : 8))
  return h`<svg class="${kind}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${title}">${marks.map(
    value =>
      h`<line x1="${LEFT}" x2="${width}" y1="${round(y(value))}" y2="${round(y(value))}"/><text x="${LEFT - 6}" y="${round(y(value) + 4)}" text-anchor="end">${speaker.number(value)}</text>`,
  )}${bars.map((bar, index) => {
    const x = LEFT + slot * index
    const label =
      index % every === 0
        ? h`<text x="${round(x + slot / 2)}" y="${HEIGHT - 6}" text-anchor="middle">${bar.label}</text>`
        : null
    return h`<g><title>${tooltip(bar, speaker)}</title>${column(bar, { x: x + slot * 0.14, width: slot * 0.72, y })}</g>${label}`
  })}</svg>`
}

function column(
  bar: StackedBar,
  { x, width, y }: { readonly x: number; readonly width: number; y(value: number): number },
): readonly Markup[] {
  let below = 0
  return OUTCOMES.filter(outcome => bar[outcome] > 0).map(outcome => {
    const bottom = y(below)
    below += bar[outcome]
    const height = Math.max(0.8, bottom - y(below))
    return h`<rect class="${outcome}" x="${round(x)}" y="${round(bottom - height)}" width="${round(width)}" height="${round(height)}"/>`
  })
}

function tooltip(bar: StackedBar, speaker: Speaker): string {
  return `${bar.label}: ${OUTCOMES.map(outcome => `${speaker.say(outcome)} ${speaker.number(bar[outcome])}`).join(', ')}`
}

function sum(bar: StackedBar): number {
  return bar.accepted + bar.refused + bar.deferred
}

/** 1, 2 or 5 times a power of ten, so that there are about four lines; never a part of a message. */
function niceStep(most: number): number {
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find(each => each * power >= rough) ?? 10
  return Math.max(1, factor * power)
}

/** A bar in a table; widths are parts of `most`. */
export function bar(
  parts: readonly (readonly [outcome: (typeof OUTCOMES)[number], value: number])[],
  most: number,
): Markup {
  let x = 0
  const rects = parts.map(([outcome, value]) => {
    const width = most === 0 ? 0 : (value / most) * 100
    const rect = h`<rect class="${outcome}" x="${round(x)}" width="${round(width)}" height="10"/>`
    x += width
    return rect
  })
  return h`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
