/** Case-folds a key as Postfix's casefold(3) does: ASCII fast, the rest by full Unicode case folding. */
export function foldKey(key: string): string {
  const folded = key.toLowerCase()
  if (/^[\x00-\x7f]*$/.test(folded)) return folded
  // Lower case and folded form differ in these letters only, as far as mail addresses go.
  return folded.replaceAll('ß', 'ss').replaceAll('ς', 'σ').replaceAll('ſ', 's')
}
