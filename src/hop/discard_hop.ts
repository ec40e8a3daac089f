import type { HopResult, HopTransaction, NextHop } from '../model/hop.ts'
import { drain } from './transfer.ts'

/** Takes everything and keeps nothing (Postfix: discard(8)); `text` is what the log says about it. */
export function makeDiscardHop(text: string): NextHop {
  return { begin: () => new DiscardTransaction(text), close: () => Promise.resolve() }
}

class DiscardTransaction implements HopTransaction {
  readonly #text: string
  #recipients: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  get isLost(): boolean {
    return false
  }

  addRecipient(address: string): Promise<{ readonly ok: true }> {
    this.#recipients.push(address)
    return Promise.resolve({ ok: true })
  }

  async data(message: AsyncIterable<Uint8Array>): Promise<HopResult> {
    if (!(await drain(message)))
      return { outcome: 'aborted', reply: '451 4.3.0 Message was not completed', recipients: [] }
    const recipients = this.#recipients.map(recipient => ({
      recipient,
      status: 'sent' as const,
      relay: 'none',
      dsn: '2.0.0',
      text: this.#text,
    }))
    return { outcome: 'taken', reply: '250 2.0.0 Ok', recipients }
  }

  abort(): void {
    this.#recipients = []
  }
}
