/** --pscrn-stats of pflogsumm 1.1.13: what postscreen(8) did to whom, and how long it kept them. */
import { flatCopy } from '../../../maillog/read_line.ts'
import type { PostscreenFacts } from '../../facts.ts'
import { type Moment, secondOf } from './connections.ts'
import { count2, type Map2 } from './nested.ts'

/** postscreen_*.c's log lines, each with the client as "[address]:port" behind what was done. */
const ACTIONS: readonly RegExp[] = [
  /^(CONNECT) from \[([^\]]+)\]:(\d+) to /,
  /^(PASS (?:NEW|OLD)|DISCONNECT|(?:ALLOW|WHITE)LIST VETO|[A-Z]+LISTED) \[([^\]]+)\]:(\d+)/,
  /^(HANGUP) after .+? from \[([^\]]+)\]:(\d+) in /,
  /^(DNSBL rank \d+) for \[([^\]]+)\]:(\d+)/,
  /^(PREGREET) .+? after .+? from \[([^\]]+)\]:(\d+): /s,
  /^((?:BARE NEWLINE|COMMAND (?:COUNT LIMIT|LENGTH LIMIT|PIPELINING|TIME LIMIT)|NON-SMTP COMMAND|(?:BDAT|DATA) without valid RCPT)) from \[([^\]]+)\]:(\d+)/,
  /^NOQUEUE: (reject: (?:CONNECT|RCPT)) from \[([^\]]+)\]:(\d+): /,
]
const BEGINS = 'CONNECT'
const ENDS = /^(?:DISCONNECT|HANGUP|PASS (?:NEW|OLD))$/

export class PostscreenCounts {
  readonly #actions: Map2 = new Map()
  /** "address:port" → second of the connection. */
  readonly #begun = new Map<string, number>()
  readonly #addresses = new Set<string>()
  #connections = 0
  #time = 0

  /** `text` begins with the program: "postfix/postscreen[12]: CONNECT from …". */
  count(text: string, moment: Moment): void {
    const message = text.slice(text.indexOf(': ') + 2)
    for (const pattern of ACTIONS) {
      const parts = pattern.exec(message)
      if (parts === null) continue
      const [, action = '', address = '', port = ''] = parts
      const client = `${address}:${port}`
      if (action === BEGINS) this.#begun.set(client, secondOf(moment))
      else {
        if (ENDS.test(action)) this.#end(client, address, moment)
        // That a connection ends is no news.
        if (action !== 'DISCONNECT' && action !== 'HANGUP') count2(this.#actions, action, address)
      }
      return
    }
  }

  #end(client: string, address: string, moment: Moment): void {
    const begun = this.#begun.get(client)
    if (begun === undefined) return
    this.#begun.delete(client)
    this.#addresses.add(flatCopy(address))
    this.#connections++
    this.#time += secondOf(moment) - begun
  }

  facts(): PostscreenFacts {
    return { connections: this.#connections, addresses: this.#addresses.size, time: this.#time, actions: this.#actions }
  }
}
