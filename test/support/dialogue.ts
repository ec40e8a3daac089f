import type { Act, Dialogue, Step } from './dialogue_file.ts'
import type { ReplyLines } from './smtp_client.ts'
import { SmtpClient } from './smtp_client.ts'

/** Rewrites what differs from run to run (ids, dates, directories, helper addresses) to fixed words. */
export type Normalise = (line: string) => string

export interface Server {
  readonly host: string
  readonly port: number
}

/** What the TLS steps show: names of client certificates to PEM texts. */
export type ClientCerts = ReadonlyMap<string, { readonly cert: string; readonly key: string }>

export interface RunOptions {
  readonly server: Server
  readonly normalise: Normalise
  readonly certs: ClientCerts
}

/** The reply lines of each step, in the order of `dialogue.steps`; a last one more when the server said more than was read. */
export type Transcript = readonly (readonly string[])[]

/** Stands for the replies to steps that a closed connection left out. */
export const SKIPPED = '[skipped]'

const CAPABILITY = /^250[- ](PIPELINING|SIZE\b|8BITMIME|ENHANCEDSTATUSCODES)/

/** Holds one dialogue with a server. */
export async function runDialogue(dialogue: Dialogue, options: RunOptions): Promise<Transcript> {
  const client = new SmtpClient({ ...options.server, from: dialogue.from })
  const held: SmtpClient[] = []
  const run = new Run(dialogue, client, { ...options, held })
  try {
    const transcript: string[][] = []
    for (const step of dialogue.steps) {
      transcript.push(await run.step(step))
    }
    const last = dialogue.steps.at(-1)
    if (last?.kind === 'lines' && /^QUIT$/i.test(last.lines.at(-1) ?? '')) await client.waitForClose(2000)
    const extra = client.drain().flat().map(options.normalise)
    return extra.length > 0 ? [...transcript, extra] : transcript
  } finally {
    client.destroy()
    for (const one of held) one.destroy()
  }
}

/** How many connections the dialogue makes: as many "disconnect from" lines end its part of the log. */
export function connectionsOf(dialogue: Dialogue): number {
  let count = 1
  for (const step of dialogue.steps) if (step.kind === 'hold') count += step.count
  return count
}

class Run {
  readonly #dialogue: Dialogue
  readonly #client: SmtpClient
  readonly #options: RunOptions & { readonly held: SmtpClient[] }
  #stuck = false

  constructor(dialogue: Dialogue, client: SmtpClient, options: RunOptions & { readonly held: SmtpClient[] }) {
    this.#dialogue = dialogue
    this.#client = client
    this.#options = options
  }

  async step(step: Step): Promise<string[]> {
    const client = this.#client
    if (this.#stuck || (client.closed && client.waiting === 0 && step.kind !== 'connect')) {
      return step.kind === 'wait' || step.kind === 'gone' || step.kind === 'extra'
        ? []
        : step.kind === 'close'
          ? ['[closed]']
          : [SKIPPED]
    }
    const replies = await this.#act(step)
    this.#stuck = replies.some(reply => reply[0] === '[timeout]')
    return replies.flatMap(reply => this.#withoutKeywords(reply)).map(line => this.#options.normalise(line))
  }

  #act(step: Step): Promise<readonly ReplyLines[]> {
    switch (step.kind) {
      case 'connect':
        return this.#read(1, step)
      case 'extra':
        return Promise.resolve(this.#client.drain())
      case 'lines':
        this.#write(step.lines.map(line => line + '\r\n').join(''))
        return this.#read(step.options.replies ?? step.lines.length, step)
      case 'raw':
        this.#write(step.text)
        return this.#read(step.options.replies ?? 1, step)
      case 'long':
        this.#write(step.before + step.repeat.repeat(step.count) + step.after + '\r\n')
        return this.#read(step.options.replies ?? 1, step)
      case 'message':
        return this.#message(step.lines.join('\r\n') + '\r\n.\r\n')
      case 'filler':
        return this.#message(
          'Subject: filler\r\n\r\n' + ('x'.repeat(70) + '\r\n').repeat(Math.ceil(step.bytes / 72)) + '.\r\n',
        )
      case 'repeat':
        return this.#repeat(step)
      case 'wait':
        return new Promise(resolve => setTimeout(() => resolve([]), step.ms))
      case 'close':
        return this.#waitForClose(step.ms)
      case 'tls':
        return this.#tls(step.cert)
      case 'hold':
        return this.#hold(step)
      case 'gone':
        this.#client.destroy()
        return Promise.resolve([])
    }
  }

  #write(text: string): void {
    this.#client.write(Buffer.from(text, this.#dialogue.flags.includes('latin1') ? 'latin1' : 'utf8'))
  }

  async #read(count: number, step: Step): Promise<readonly ReplyLines[]> {
    const replies: ReplyLines[] = []
    for (let i = 0; i < count; i++) {
      const reply = await this.#client.read()
      replies.push(reply)
      if (reply[0] === '[closed]' || reply[0] === '[timeout]') return replies
    }
    if (step.options.settle !== undefined) {
      await this.#client.settle(step.options.settle)
      replies.push(...this.#client.drain())
      if (this.#client.closed) replies.push(['[closed]'])
    }
    return replies
  }

  async #message(text: string): Promise<readonly ReplyLines[]> {
    this.#client.write('DATA\r\n')
    const first = await this.#client.read()
    if (!first[0]?.startsWith('354')) return [first]
    this.#write(text)
    return [first, await this.#client.read()]
  }

  async #repeat(act: Act & { readonly kind: 'repeat' }): Promise<readonly ReplyLines[]> {
    const replies: ReplyLines[] = []
    for (let i = 1; i <= act.count; i++) {
      if (this.#client.closed && this.#client.waiting === 0) break
      this.#write(act.line.replaceAll('#', String(i)) + '\r\n')
      replies.push(await this.#client.read())
    }
    return replies
  }

  async #waitForClose(ms: number): Promise<readonly ReplyLines[]> {
    const closed = await this.#client.waitForClose(ms)
    return [...this.#client.drain(), [closed ? '[closed]' : '[open]']]
  }

  async #tls(cert: string | null): Promise<readonly ReplyLines[]> {
    const pem = cert === null ? undefined : this.#options.certs.get(cert)
    if (cert !== null && !pem) throw new Error(`Cannot show client certificate: no "${cert}"`)
    const error = await this.#client.startTls({ ...(pem && { cert: pem.cert, key: pem.key }) })
    return [[error === null ? '[tls]' : '[tls failed]']]
  }

  async #hold(act: Act & { readonly kind: 'hold' }): Promise<readonly ReplyLines[]> {
    const replies: ReplyLines[] = []
    for (let i = 0; i < act.count; i++) {
      const client = new SmtpClient({ ...this.#options.server, from: act.from })
      this.#options.held.push(client)
      replies.push(await client.read())
    }
    return replies
  }

  #withoutKeywords(reply: ReplyLines): ReplyLines {
    if (this.#dialogue.flags.includes('ehlo') || !reply.some(line => CAPABILITY.test(line))) return reply
    return [(reply[0] ?? '').replace(/^(\d{3})-/, '$1 ')]
  }
}
