import { createSocket } from 'node:dgram'

export interface SyslogSocket {
  /** Sends one RFC 3164 message. Never blocks, never throws: what cannot be sent is lost, as with syslog(3). */
  send(message: string): void
  close(): void
}

/** Sends to a syslog server over UDP. RFC 3164 2. */
export function openSyslogSocket(address: string, port: number): SyslogSocket {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => undefined)
  // A log is no reason to stay alive.
  socket.unref()
  return {
    // The callback swallows errors of single datagrams.
    send: message => socket.send(message, port, address, () => undefined),
    close: () => void socket.close(),
  }
}
