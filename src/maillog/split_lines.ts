/** Chunks of bytes into lines, a batch for each chunk. */

/** Syslog lines have at most 8 kB; what is longer is no line, and its rest is dropped. */
const MAX_LINE = 1 << 20

/** Lines as latin1, without their ends. The last one may have none. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  let begun = ''
  for await (const chunk of chunks) {
    const text = begun + chunk.toString('latin1')
    const end = text.lastIndexOf('\n')
    begun = (end < 0 ? text : text.slice(end + 1)).slice(0, MAX_LINE)
    if (end >= 0) yield withoutReturns(text.slice(0, end)).split('\n')
  }
  if (begun !== '') yield [withoutReturns(begun)]
}

/** A log that went through Windows, or over a serial line. */
function withoutReturns(text: string): string {
  return text.includes('\r') ? text.replace(/\r+(?=\n|$)/g, '') : text
}
