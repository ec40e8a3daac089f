import { TopCounter } from './bounded.ts'
import type { BanFacts } from './insights.ts'

/** fail2ban: "NOTICE  [postfix] Ban 192.0.2.1", "[postfix] Restore Ban 192.0.2.1", "[postfix] Unban 192.0.2.1". */
const BAN = /\[([\w.-]{1,64})\] (Restore Ban|Ban|Unban) ([0-9A-Fa-f:.]{2,45})(?:\/\d{1,3})?$/

export class BanCounter {
  #banned = 0
  #unbanned = 0
  readonly #jails = new TopCounter(500)
  readonly #addresses = new TopCounter()

  add(message: string): void {
    const match = BAN.exec(message)
    if (match === null) return
    const [, jail = '', what, address = ''] = match
    if (what === 'Unban') this.#unbanned++
    // A restored ban was counted when it was made.
    else if (what === 'Ban') {
      this.#banned++
      this.#jails.add(jail)
      this.#addresses.add(address)
    }
  }

  finish(): BanFacts {
    return {
      banned: this.#banned,
      unbanned: this.#unbanned,
      jails: this.#jails.top(20),
      addresses: this.#addresses.top(20),
    }
  }
}
