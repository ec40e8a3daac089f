/** HTML that cannot be made without escaping: a string in a template is text, only Markup is markup. */

export class Markup {
  readonly html: string

  /** For `h` and for what is written here by hand; text of others never comes this way. */
  constructor(html: string) {
    this.html = html
  }
}

export type Part = string | number | Markup | null | readonly Part[]

/** h`<td>${text}</td>`: escaped for content and for attributes in double quotes. */
export function h(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let html = strings[0] ?? ''
  for (const [index, part] of parts.entries()) html += rendered(part) + (strings[index + 1] ?? '')
  return new Markup(html)
}

function rendered(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escapeHtml(part)
  return part instanceof Markup ? part.html : part.map(rendered).join('')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, char => ESCAPES[char] ?? '')
}
