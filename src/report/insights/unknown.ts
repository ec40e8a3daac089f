import { own } from './bounded.ts'
import type { UnknownFacts } from './insights.ts'

const MAX_FORMS = 2000
const SHOWN = 50

/** Lines that nobody understands, put together by what is the same in them (T8.2). */
export class UnknownForms {
  #read = 0
  #lines = 0
  readonly #forms = new Map<string, { count: number; readonly example: string }>()

  read(): void {
    this.#read++
  }

  add(program: string, message: string): void {
    this.#lines++
    const form = `${program}: ${normalised(message)}`
    const known = this.#forms.get(form)
    if (known !== undefined) known.count++
    else if (this.#forms.size < MAX_FORMS)
      this.#forms.set(own(form), { count: 1, example: own(`${program}: ${message.slice(0, 300)}`) })
  }

  finish(): UnknownFacts {
    const forms = [...this.#forms].map(([form, { count, example }]) => ({ form, count, example }))
    forms.sort((a, b) => b.count - a.count || (a.form < b.form ? -1 : 1))
    return { lines: this.#lines, read: this.#read, forms: forms.slice(0, SHOWN) }
  }
}

/** "warning: 4ABC: table * (*): * entries": numbers, addresses, quoted things and ids make no form of their own. */
function normalised(message: string): string {
  return message
    .slice(0, 300)
    .replace(/<[^>]*>|\[[^\]]*\]|"[^"]*"|[\w.+-]+@[\w.-]+|\b(?=\w*\d)[\w.:]{2,}|\d+/g, '*')
    .slice(0, 160)
}
