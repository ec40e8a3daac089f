/** The beginning of a text that has at most `limit` bytes in UTF-8; never ends within a character. */
export function cutBytes(text: string, limit: number): string {
  // No character has more than three bytes per UTF-16 unit.
  if (text.length * 3 <= limit) return text
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(limit))
  return text.slice(0, read)
}
