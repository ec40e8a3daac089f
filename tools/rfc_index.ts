/** Makes docs/rfc.md: which RFC is cited by which line of the sources. Citations look like `RFC 5321 4.5.3.1.8`. */
import { type KnownRfc, rfcTitles } from './rfc_titles.ts'
import { readTree } from './tree.ts'

interface Citation {
  readonly rfc: string
  readonly section: string
  readonly place: string
}

/** The document, and one sentence for each citation of an RFC that tools/rfc_titles.ts does not know. */
export function renderRfcIndex(root: string): { readonly text: string; readonly problems: readonly string[] } {
  const citations = readTree(root, ['src/**/*.ts']).flatMap(file =>
    file.text.split('\n').flatMap((line, i) => cite(line, file.path, i + 1)),
  )
  const unknown = citations.filter(citation => rfcTitles[citation.rfc] === undefined)
  const byRfc = Map.groupBy(citations, citation => citation.rfc)
  const numbers = [...byRfc.keys()].sort((a, b) => Number(a) - Number(b))
  const parts = numbers.flatMap(number => renderRfc(number, byRfc.get(number) ?? [], rfcTitles[number]))
  return {
    text: [HEAD, ...parts].join('\n') + '\n',
    problems: unknown.map(citation => `${citation.place}: RFC ${citation.rfc} is not in tools/rfc_titles.ts`),
  }
}

const HEAD = `# RFCs and where they are followed

Made by \`npm run docs\` from the comments of the sources (\`RFC 5321 4.5.3.1.8\`: number, section). "partial": the parts that
the sources name.
`

function cite(line: string, path: string, number: number): readonly Citation[] {
  // Only comments and strings name RFCs; code cannot.
  return [...line.matchAll(/\bRFC (\d{3,5})(?: (?:section )?(\d+(?:\.\d+)*|[A-Z]\.\d+)(?![\w-]))?/g)].map(match => ({
    rfc: match[1] ?? '',
    section: match[2] ?? '',
    place: `${path}:${number}`,
  }))
}

function renderRfc(number: string, citations: readonly Citation[], known: KnownRfc | undefined): readonly string[] {
  const bySection = Map.groupBy(citations, citation => citation.section)
  const sections = [...bySection.keys()].sort(bySectionNumber)
  const files = (section: string) => [
    ...new Set((bySection.get(section) ?? []).map(citation => citation.place.replace(/:\d+$/, ''))),
  ]
  return [
    `## RFC ${number}: ${known?.title ?? 'unknown'} (${known?.status ?? 'unknown'})`,
    '',
    ...sections.map(
      section =>
        `- ${section === '' ? 'as a whole' : section}: ${files(section)
          .map(file => `\`${file}\``)
          .join(', ')}`,
    ),
    '',
  ]
}

function bySectionNumber(a: string, b: string): number {
  const left = a.split('.')
  const right = b.split('.')
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? '').localeCompare(right[i] ?? '', 'en', { numeric: true })
    if (difference !== 0) return difference
  }
  return 0
}
