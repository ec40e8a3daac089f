import { shownText } from '../shown_text.ts'
import type { Speaker } from '../words.ts'
import { bar } from './charts.ts'
import { h, type Markup, type Part } from './markup.ts'

export interface Column {
  readonly head: string
  /** n: numbers, to the right; detail: left out on small screens. */
  readonly kind?: 'n' | 'detail' | 'n detail' | 'graph'
}

/** The first cell of each row is its heading. */
export function table(columns: readonly Column[], rows: readonly (readonly Part[])[], caption?: string): Markup {
  const cell = (part: Part, index: number): Markup => {
    const kind = columns[index]?.kind ?? ''
    return index === 0 ? h`<th scope="row" class="${kind}">${part}</th>` : h`<td class="${kind}">${part}</td>`
  }
  return h`<div class="scroll"><table>${caption === undefined ? null : h`<caption>${caption}</caption>`}<thead><tr>${columns.map(
    ({ head, kind }) => h`<th scope="col" class="${kind ?? ''}">${head}</th>`,
  )}</tr></thead><tbody>${rows.map(row => h`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`
}

export interface Ranking {
  readonly title: string
  readonly head: string
  readonly rows: readonly { readonly name: string; readonly count: number }[]
  readonly outcome: 'accepted' | 'refused' | 'deferred'
}

/** Names of the log and how often, with bars; nothing when there is none. */
export function ranking({ title, head, rows, outcome }: Ranking, speaker: Speaker): Markup | null {
  if (rows.length === 0) return null
  const most = Math.max(...rows.map(row => row.count))
  return h`<div>${table(
    [{ head }, { head: '', kind: 'graph' }, { head: speaker.say('count'), kind: 'n' }],
    rows.map(({ name, count }) => [shownText(name), bar([[outcome, count]], most), speaker.number(count)]),
    title,
  )}</div>`
}
