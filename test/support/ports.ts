import net from 'node:net'

/** A TCP port of 127.0.0.1 that nobody listens on; outside the range that the system gives to clients. */
export async function freePort(): Promise<number> {
  for (;;) {
    next = next >= 29_000 ? 20_000 : next + 1
    // Others may ask while this one is tried.
    const tried = next
    if (await canBind(tried)) return tried
  }
}

let next = 20_000 + (process.pid % 8000)

function canBind(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
