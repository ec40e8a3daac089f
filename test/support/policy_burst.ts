import net from 'node:net'

/** A connection to a policy server, which is asked one thing after the other. */
export interface PolicyAsker {
  /** The action that it answers. */
  ask(attributes: Readonly<Record<string, string>>): Promise<string>
  close(): void
}

/** Connects to a policy server of loopback. */
export async function askPolicy(port: number): Promise<PolicyAsker> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const waiting: { resolve(action: string): void; reject(error: Error): void }[] = []
  let said = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    said += chunk
    for (let end = said.indexOf('\n\n'); end >= 0; end = said.indexOf('\n\n')) {
      waiting.shift()?.resolve(said.slice(0, end).replace(/^action=/, ''))
      said = said.slice(end + 2)
    }
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    for (const one of waiting.splice(0)) one.reject(new Error('The policy server closed the connection'))
  })
  return {
    ask: attributes =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        const lines = Object.entries({ request: 'smtpd_access_policy', ...attributes })
        socket.write(`${lines.map(([name, value]) => `${name}=${value}`).join('\n')}\n\n`)
      }),
    close: () => socket.destroy(),
  }
}
