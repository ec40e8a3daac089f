import type { DnsAnswer, DnsRecord } from '../dns/resolver.ts'
import type { SpfAnswer } from '../model/spf.ts'

/** Answers of the world as traces show them. */

/** "pass by include:_spf.example.net", "permerror: example.net: …". */
export function describeSpf({ result, mechanism, problem }: SpfAnswer): string {
  if (problem !== null) return `${result}: ${problem}`
  return mechanism === null ? result : `${result} by ${mechanism}`
}

/** "127.0.0.2, 127.0.0.4", "absent (NXDOMAIN)", "failed: timeout". */
export function describeDns(answer: DnsAnswer): string {
  if (answer.status === 'failed') return `failed: ${answer.reason}`
  if (answer.status === 'absent') return answer.reason === 'nxdomain' ? 'absent (NXDOMAIN)' : 'absent (no such record)'
  return answer.records.map(describeRecord).join(', ') + (answer.stale ? ' (stale)' : '')
}

function describeRecord(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address
    case 'MX':
      return `${record.preference} ${record.exchange === '' ? '.' : record.exchange}`
    case 'TXT':
      return `"${record.strings.join('')}"`
    case 'SOA':
      return record.primary
    case 'NS':
    case 'PTR':
    case 'CNAME':
      return record.name
  }
}
