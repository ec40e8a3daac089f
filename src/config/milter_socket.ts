/**
 * A socket as OpenDKIM, OpenDMARC and libmilter write it (opendmarc.conf(5) Socket: "local:PATH", "inet:PORT@HOST") in our own
 * words ("unix:PATH", "inet:HOST:PORT"); null: it is none.
 */
export function inOurWords(text: string): string | null {
  const local = /^(?:local:|(?=\/))(\/.*)$/s.exec(text)
  if (local !== null) return `unix:${local[1]}`
  const inet = /^inet(6?):([0-9]{1,5})(?:@(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)))?$/.exec(text)
  if (inet === null) return null
  const [, six, port, address, name] = inet
  const host = address ?? name ?? (six === '6' ? '::' : '0.0.0.0')
  const placed = host === 'localhost' ? (six === '6' ? '::1' : '127.0.0.1') : host
  return placed.includes(':') ? `inet:[${placed}]:${port}` : `inet:${placed}:${port}`
}
