import net from 'node:net'

/** One policy request as text; `request` first, an empty line behind. */
export function policyRequest(attributes: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ request: 'smtpd_access_policy', ...attributes }).map(
    ([name, value]) => `${name}=${value}\n`,
  )
  return `${lines.join('')}\n`
}

/** A raw connection to a policy server, by port or by path. */
export class RawPolicyClient {
  readonly #socket: net.Socket
  #text = ''
  #ended = false
  #wake: () => void = () => undefined

  constructor(target: { readonly port: number; readonly host?: string } | { readonly path: string }) {
    this.#socket = net.connect('path' in target ? target : { host: '127.0.0.1', ...target })
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk
      this.#wake()
    })
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes)
  }

  /** We send no more. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** The next action; "[closed]", "[timeout]". */
  async action(timeoutMs = 10_000): Promise<string> {
    const until = performance.now() + timeoutMs
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const answer = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return answer.replace(/^action=/, '')
      }
      if (this.#ended) return '[closed]'
      const left = until - performance.now()
      if (left <= 0) return '[timeout]'
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async ask(attributes: Readonly<Record<string, string>>): Promise<string> {
    this.write(policyRequest(attributes))
    return this.action()
  }
}
