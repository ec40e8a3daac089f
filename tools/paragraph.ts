/** A text written as an indented template over several lines, as one paragraph; an empty line begins another. */
export function joinParagraph(text: string): string {
  return text
    .trim()
    .split(/\n[ \t]*\n/)
    .map(part => part.replace(/\s*\n\s*/g, ' '))
    .join('\n\n')
}
