/** Messages and bytes by address and by domain: what senders and recipients have in common. */
import type { MailFacts } from '../../facts.ts'
import { Column } from './column.ts'
import { Names } from './names.ts'

export class MailCounts {
  readonly names = new Names()
  readonly messages = new Column()
  readonly bytes = new Column()

  add(number: number, bytes: number): void {
    this.messages.add(number, 1)
    this.bytes.add(number, bytes)
  }

  /** Those with a message. */
  facts(): ReadonlyMap<string, MailFacts> {
    const facts = new Map<string, MailFacts>()
    for (let number = 0; number < this.names.size; number++) {
      const messages = this.messages.at(number)
      if (messages > 0) facts.set(this.names.text(number), { messages, bytes: this.bytes.at(number) })
    }
    return facts
  }
}
