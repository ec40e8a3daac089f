/** Which signatures of a message are verified where there are more than that. */
import { authorDomains } from '../../mail/from_header.ts'
import { toAscii } from '../../mail/idna.ts'
import { type Field, type HeaderBlock, valueText } from './header_block.ts'
import { type ParsedSignature, parseSignature } from './signature.ts'

export interface FoundSignature {
  readonly field: Field
  readonly parsed: ParsedSignature
}

export interface Chosen {
  /** In the order of the header. */
  readonly signatures: readonly FoundSignature[]
  /** The topmost of those that are not verified; null: all are. */
  readonly left: FoundSignature | null
}

/** So many are read at all, from the topmost: reading one costs next to nothing, ten thousand do not. */
const MAX_READ = 100
/** As many as are read by message/header_facts.ts. */
const MAX_FROM_FIELDS = 20
/** Of each: to take apart 256 KB of authors takes 60 ms. */
const MAX_FROM_CHARS = 1000

/**
 * At most `limit` signatures. Those that can count for DMARC come first: whoever may add fields to a message could otherwise hide
 * its author's signature behind his own, in front of it. What cannot be read costs no question, and comes last.
 */
export function chooseSignatures(header: HeaderBlock, limit: number): Chosen {
  const fields = header.named('dkim-signature')
  if (fields.length <= limit) return { signatures: fields.map(read), left: null }
  const found = fields.slice(0, MAX_READ).map(read)
  const from = header.named('from').slice(0, MAX_FROM_FIELDS)
  const authors = authorDomains(from.map(field => valueText(field).slice(0, MAX_FROM_CHARS))).domains
  const ranked = found.map(each => ({ each, rank: rankOf(each.parsed, authors) }))
  const best = new Set(
    ranked
      .toSorted((a, b) => b.rank - a.rank)
      .slice(0, limit)
      .map(({ each }) => each),
  )
  return {
    signatures: found.filter(each => best.has(each)),
    left: found.find(each => !best.has(each)) ?? null,
  }
}

function read(field: Field): FoundSignature {
  return { field, parsed: parseSignature(valueText(field), 'dkim') }
}

const UNREADABLE = -1
const OF_RELATIVE = 1000
const OF_AUTHOR = 2000

/** The more the domain of a signature has in common with an author's, the higher; that needs no DNS. */
function rankOf({ kind, claims }: ParsedSignature, authors: readonly string[]): number {
  if (kind === 'refused') return UNREADABLE
  const domain = /^[\x00-\x7f]*$/.test(claims.domain) ? claims.domain : toAscii(claims.domain)
  return Math.max(0, ...authors.map(author => likeness(domain, author)))
}

/** RFC 9989 4.4.1: an aligned domain is the author's, or one above, below or beside it. */
function likeness(domain: string, author: string): number {
  if (domain === author) return OF_AUTHOR
  const [ours, theirs] = [domain.split('.').toReversed(), author.split('.').toReversed()]
  const differs = ours.findIndex((label, at) => label !== theirs[at])
  const common = differs < 0 ? ours.length : differs
  const isRelative = common === ours.length || common === theirs.length
  return common + (isRelative ? OF_RELATIVE : 0)
}
