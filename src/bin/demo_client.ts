import { connectLines, type LineConnection } from '../net/line_client.ts'
import type { Clock } from '../util/clock.ts'
import type { DemoPlay } from './demo_plays.ts'

const CONNECT_MS = 5000

/** Plays one dialogue against a server; resolves with the reply that decided: the first refusal, or the one to the message. */
export async function playDialogue(
  play: DemoPlay,
  server: { readonly address: string; readonly port: number },
  clock: Clock,
): Promise<string> {
  const connection = await connectLines({ kind: 'inet', ...server, from: play.from }, CONNECT_MS, clock)
  if (typeof connection === 'string') throw new Error(`Cannot connect from ${play.from}: ${connection}`)
  const replies = new Replies(connection)
  try {
    return play.burst === true ? await burst(play, connection, replies) : await converse(play, connection, replies)
  } finally {
    connection.write('QUIT\r\n')
    await replies.next()
    connection.destroy()
  }
}

function commands(play: DemoPlay): readonly string[] {
  const hello = play.helo === null ? [] : [`${play.burst === true ? 'HELO' : 'EHLO'} ${play.helo}`]
  return [...hello, `MAIL FROM:<${play.sender}>`, `RCPT TO:<${play.recipient}>`, 'DATA']
}

function message(play: DemoPlay): string {
  return `From: <${play.sender}>\r\nTo: <${play.recipient}>\r\nSubject: ${play.title}\r\n\r\nHello!\r\n.`
}

async function converse(play: DemoPlay, connection: LineConnection, replies: Replies): Promise<string> {
  let reply = await replies.next()
  for (const line of [...commands(play), message(play)]) {
    if (isRefusal(reply)) return reply
    connection.write(line + '\r\n')
    reply = await replies.next()
  }
  return reply
}

async function burst(play: DemoPlay, connection: LineConnection, replies: Replies): Promise<string> {
  // It does wait for the greeting: many do.
  let reply = await replies.next()
  const lines = commands(play)
  connection.write([...lines, message(play)].join('\r\n') + '\r\n')
  for (let i = 0; i <= lines.length && !isRefusal(reply); i++) reply = await replies.next()
  return reply
}

function isRefusal(reply: string): boolean {
  return !/^[23]/.test(reply)
}

/** The last lines of replies, in order; '' when the server has closed. */
class Replies {
  #ready: string[] = []
  #waiting: ((reply: string) => void)[] = []
  #closed = false

  constructor(connection: LineConnection) {
    connection.onLine(line => {
      if (/^\d{3}-/.test(line)) return
      const waiter = this.#waiting.shift()
      if (waiter === undefined) this.#ready.push(line.trimEnd())
      else waiter(line.trimEnd())
    })
    connection.onClose(() => {
      this.#closed = true
      for (const waiter of this.#waiting.splice(0)) waiter('')
    })
  }

  next(): Promise<string> {
    const ready = this.#ready.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    if (this.#closed) return Promise.resolve('')
    return new Promise(resolve => this.#waiting.push(resolve))
  }
}
