/**
 * A text with a place for a name, as OpenDMARC's RejectString: each "%s" is the name, "%%" is one "%", and what follows "%" otherwise
 * must be no letter or digit. opendmarc hands the text to printf(3), so that "%d" there prints what lies about in memory.
 */
export function fillPercent(text: string, name: string): string {
  return text.replace(/%([s%])/g, (_, what: string) => (what === 's' ? name : '%'))
}

/** Where the first "%" stands that means nothing, with what follows it; null: there is none. */
export function findBadPercent(text: string): { readonly word: string; readonly offset: number } | null {
  for (const { 0: word, index: offset } of text.matchAll(/%[%A-Za-z0-9]/g))
    if (word !== '%s' && word !== '%%') return { word, offset }
  return null
}
