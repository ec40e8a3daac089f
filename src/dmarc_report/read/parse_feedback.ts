/** The XML of a report, of RFC 9990 or of RFC 7489, as data. Elements are known by their local names. */
import { XMLParser } from 'fast-xml-parser'
import type { Feedback, FeedbackAuthResult, FeedbackMetadata, FeedbackPolicy, FeedbackRecord } from '../feedback.ts'
import { NAMESPACE } from '../write_xml.ts'
import { ReportSyntaxError } from './problem.ts'

/** A report has seven levels; extensions may have some more. */
const MAX_LEVELS = 30

/** Entities are left as they are: the five that XML knows are put in below, and a report declares none. */
const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  // It would take away every blank that Unicode knows; see trimBlanks.
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_LEVELS,
})

const MAX_SAID = 120
const BLANKS = ' \t\r\n'

type Node = Readonly<Record<string, unknown>>

/** Throws ReportSyntaxError, and nothing else. */
export function parseFeedback(xml: string): Feedback {
  // No report has one; whoever sends it wants something else of us.
  if (/<!DOCTYPE/i.test(xml)) fail('it declares a document type')
  const root = parseXml(xml)
  const feedback = child(root, 'feedback') ?? fail('there is no "feedback"')
  const metadata = child(feedback, 'report_metadata') ?? fail('there is no "report_metadata"')
  const policy = child(feedback, 'policy_published') ?? fail('there is no "policy_published"')
  return {
    version: text(feedback, 'version'),
    format: isRfc9990(xml) ? 'rfc9990' : 'rfc7489',
    metadata: readMetadata(metadata),
    policy: readPolicy(policy),
    records: children(feedback, 'record').map(readRecord),
  }
}

function parseXml(xml: string): Node {
  try {
    const root: unknown = parser.parse(xml, true)
    if (isNode(root)) return root
  } catch (error) {
    // The parser may say it in many lines, and with what it was given.
    const said = error instanceof Error ? error.message : String(error)
    return fail(said.replace(/\s+/g, ' ').slice(0, MAX_SAID))
  }
  return fail('it is no XML')
}

function isRfc9990(xml: string): boolean {
  const tag = /<(?:[\w.-]+:)?feedback\b[^>]*>/.exec(xml)?.[0] ?? ''
  return tag.includes(NAMESPACE)
}

function readMetadata(node: Node): FeedbackMetadata {
  const range = child(node, 'date_range') ?? fail('there is no "date_range"')
  return {
    orgName: text(node, 'org_name'),
    email: text(node, 'email'),
    extraContactInfo: text(node, 'extra_contact_info'),
    reportId: text(node, 'report_id'),
    begin: number(range, 'begin'),
    end: number(range, 'end'),
    errors: texts(node, 'error'),
    generator: text(node, 'generator'),
  }
}

function readPolicy(node: Node): FeedbackPolicy {
  const domain = text(node, 'domain')
  if (domain === '') fail('"policy_published" has no domain')
  return {
    domain,
    p: text(node, 'p'),
    sp: text(node, 'sp'),
    np: text(node, 'np'),
    adkim: text(node, 'adkim'),
    aspf: text(node, 'aspf'),
    discoveryMethod: text(node, 'discovery_method'),
    fo: text(node, 'fo'),
    testing: text(node, 'testing'),
    pct: text(node, 'pct'),
  }
}

function readRecord(node: Node): FeedbackRecord {
  const row = child(node, 'row') ?? fail('a "record" has no "row"')
  const evaluated = child(row, 'policy_evaluated') ?? {}
  // RFC 7489 drafts said "identities".
  const identifiers = child(node, 'identifiers') ?? child(node, 'identities') ?? {}
  const results = child(node, 'auth_results') ?? {}
  return {
    sourceIp: text(row, 'source_ip'),
    count: number(row, 'count'),
    disposition: text(evaluated, 'disposition'),
    dkim: text(evaluated, 'dkim'),
    spf: text(evaluated, 'spf'),
    reasons: children(evaluated, 'reason').map(reason => ({
      type: text(reason, 'type'),
      comment: text(reason, 'comment'),
    })),
    headerFrom: text(identifiers, 'header_from'),
    envelopeFrom: text(identifiers, 'envelope_from'),
    envelopeTo: text(identifiers, 'envelope_to'),
    dkimResults: children(results, 'dkim').map(readAuthResult),
    spfResults: children(results, 'spf').map(readAuthResult),
  }
}

function readAuthResult(node: Node): FeedbackAuthResult {
  return {
    domain: text(node, 'domain'),
    result: text(node, 'result'),
    selector: text(node, 'selector'),
    scope: text(node, 'scope'),
    humanResult: text(node, 'human_result'),
  }
}

/** The elements of that name that have elements in them. */
function children(node: Node, name: string): readonly Node[] {
  return values(node, name).filter(isNode)
}

function child(node: Node, name: string): Node | null {
  return children(node, name)[0] ?? null
}

function texts(node: Node, name: string): readonly string[] {
  return values(node, name)
    .filter(value => typeof value === 'string')
    .map(value => decodeReferences(trimBlanks(value)))
    .filter(value => value !== '')
}

/** '': not there, or empty. */
function text(node: Node, name: string): string {
  return texts(node, name)[0] ?? ''
}

function number(node: Node, name: string): number {
  const value = text(node, name)
  if (!/^\d{1,15}$/.test(value)) fail(`"${name}" is "${value.slice(0, 40)}", which is no number`)
  return Number(value)
}

function values(node: Node, name: string): readonly unknown[] {
  const value = Object.hasOwn(node, name) ? node[name] : undefined
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

/** XML 1.0 2.3: these four are white space, and no others. Walked, because a pattern for the end looks again from each blank. */
function trimBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && BLANKS.includes(value.charAt(start))) start++
  while (end > start && BLANKS.includes(value.charAt(end - 1))) end--
  return value.slice(start, end)
}

/** XML 1.0 4.1, 4.6; what is no reference stays as it is. */
function decodeReferences(value: string): string {
  return value.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));/g, (all, decimal, hex, name) => {
    if (name !== undefined) return NAMED.get(String(name)) ?? all
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : all
  })
}

function fail(reason: string): never {
  throw new ReportSyntaxError(`Cannot read the report: ${reason}`)
}
