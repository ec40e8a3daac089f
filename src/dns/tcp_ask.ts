import { connect } from 'node:net'
import type { ServerAddress } from './server_address.ts'

export type TcpAnswer = { readonly ok: true; readonly packet: Buffer } | { readonly ok: false; readonly reason: string }

/**
 * Asks one question over a connection of its own (RFC 7766 6.2.1 allows it; truncated answers are rare for a mail server).
 * `done` is called once, unless the returned function ended it before. The caller bounds the time.
 */
export function askTcp(server: ServerAddress, query: Uint8Array, done: (answer: TcpAnswer) => void): () => void {
  const socket = connect({ host: server.address, port: server.port, noDelay: true })
  let received: Buffer[] = []
  let length = 0
  let ended = false
  const finish = (answer: TcpAnswer): void => {
    if (ended) return
    ended = true
    socket.destroy()
    done(answer)
  }
  socket.on('connect', () => {
    // RFC 1035 4.2.2: two octets of length first. In one write, because some servers read only once.
    const framed = Buffer.alloc(2 + query.length)
    framed.writeUInt16BE(query.length, 0)
    framed.set(query, 2)
    socket.write(framed)
  })
  socket.on('data', chunk => {
    received.push(chunk)
    length += chunk.length
    if (length < 2) return
    const whole = received.length === 1 ? chunk : Buffer.concat(received, length)
    received = [whole]
    const wanted = 2 + whole.readUInt16BE(0)
    if (length >= wanted) finish({ ok: true, packet: whole.subarray(2, wanted) })
  })
  socket.on('error', error => finish({ ok: false, reason: error.message }))
  socket.on('close', () => finish({ ok: false, reason: 'connection closed before the answer' }))
  return () => {
    ended = true
    socket.destroy()
  }
}
