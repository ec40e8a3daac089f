import type { DnsRecord, Resolver } from '../../dns/resolver.ts'
import { questionText } from './names.ts'
import { isSpfRecord, parseRecord, type RecordProblem, type SpfRecord } from './record.ts'

export type FoundRecord =
  | { readonly kind: 'record'; readonly record: SpfRecord }
  | { readonly kind: 'none' }
  | { readonly kind: 'temperror' | 'permerror'; readonly problem: string }

const NONE: FoundRecord = { kind: 'none' }
/** Memory for parsed records, of each of two generations; ordinary ones take about a kilobyte. */
const GENERATION_BYTES = 16 << 20
/** V8 takes about 110 bytes for a mechanism and 80 for a macro; charged generously. */
const ENTRY_BYTES = 300
const MECHANISM_BYTES = 200
const PIECE_BYTES = 100

/**
 * Finds and parses SPF records. What was parsed is kept by its text, so that the thousandth mail from a domain costs no
 * parsing; two generations bound the memory, whatever strangers publish.
 */
export class Records {
  readonly #resolver: Resolver
  #young = new Map<string, FoundRecord>()
  #old = new Map<string, FoundRecord>()
  #youngBytes = 0

  constructor(resolver: Resolver) {
    this.#resolver = resolver
  }

  /** The one record of a domain (RFC 7208 4.4, 4.5). `name` is a valid name. */
  async find(name: string): Promise<FoundRecord> {
    const answer = await this.#resolver.query(questionText(name), 'TXT')
    if (answer.status === 'absent') return NONE
    if (answer.status === 'failed') return { kind: 'temperror', problem: `TXT ${name}: ${answer.reason}` }
    let found: string | null = null
    for (const record of answer.records) {
      const text = recordText(record)
      if (text === null || !isSpfRecord(text)) continue
      if (found !== null) return { kind: 'permerror', problem: `${name}: more than one SPF record` }
      found = text
    }
    return found === null ? NONE : this.#parse(found, name)
  }

  #parse(text: string, name: string): FoundRecord {
    const known = this.#young.get(text) ?? this.#promote(text)
    if (known !== undefined)
      return known.kind === 'permerror' ? { ...known, problem: `${name}: ${known.problem}` } : known
    const parsed = parseRecord(text)
    const entry: FoundRecord = isProblem(parsed)
      ? { kind: 'permerror', problem: `${parsed.problem} in "${parsed.term}"` }
      : { kind: 'record', record: parsed }
    this.#keep(text, entry)
    return entry.kind === 'permerror' ? { ...entry, problem: `${name}: ${entry.problem}` } : entry
  }

  #promote(text: string): FoundRecord | undefined {
    const known = this.#old.get(text)
    if (known !== undefined) this.#keep(text, known)
    return known
  }

  #keep(text: string, entry: FoundRecord): void {
    this.#young.set(text, entry)
    this.#youngBytes += sizeOf(text, entry)
    if (this.#youngBytes < GENERATION_BYTES) return
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
  }
}

function isProblem(parsed: SpfRecord | RecordProblem): parsed is RecordProblem {
  return 'problem' in parsed
}

/** RFC 7208 3.3: the strings of one record are joined without blanks. */
function recordText(record: DnsRecord): string | null {
  if (record.type !== 'TXT') return null
  return record.strings.length === 1 ? (record.strings[0] ?? '') : record.strings.join('')
}

function sizeOf(text: string, entry: FoundRecord): number {
  let bytes = ENTRY_BYTES + text.length
  if (entry.kind !== 'record') return bytes
  for (const mechanism of entry.record.mechanisms) {
    bytes += MECHANISM_BYTES
    if ('domain' in mechanism) bytes += (mechanism.domain?.pieces.length ?? 0) * PIECE_BYTES
  }
  return bytes
}
