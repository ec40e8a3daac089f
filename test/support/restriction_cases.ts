import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Answers } from '../../src/engine/answers.ts'
import { type CheckItem, ListCompiler } from '../../src/engine/compile.ts'
import { SessionMemory } from '../../src/engine/session_ask.ts'
import { describeVerdict, type SettledVerdict, settleVerdict } from '../../src/engine/settle.ts'
import type { Facts } from '../../src/model/facts.ts'
import type { Subject, SubjectClass } from '../../src/model/subject.ts'
import { registry } from '../../src/restrictions/index.ts'
import { makeFacts, type Said } from './facts.ts'
import { type FakeWorldOptions, makeFakeWorld } from './fake_world.ts'

/** What one restriction says, as text, and what it wants logged. */
export interface Told {
  /** "dunno", "permit", "554 5.7.1 …", "fault 451 …", "defer_if_permit 450 …", "list words", "HOLD text". */
  readonly verdict: string
  readonly notes: readonly string[]
}

/** Runs one restriction with its argument, alone, over a world of plain data. `list`: whose list it stands in. */
export async function tellRestriction(
  word: string,
  said: Said,
  world: FakeWorldOptions & { readonly list?: SubjectClass } = {},
): Promise<Told> {
  const facts = makeFacts(said)
  const subject = subjectOf(world.list ?? 'Recipient address', facts)
  const memory = new SessionMemory(makeFakeWorld(world))
  const item = compileWord(word, subject.class, memory)
  const { verdict, notes } = await new Answers(memory).ask(item, facts, subject)
  const text = tellVerdict(settleVerdict(verdict, facts, subject))
  return { verdict: text, notes: notes.map(note => note.text) }
}

function compileWord(text: string, subject: SubjectClass, memory: SessionMemory): CheckItem {
  const compiler = new ListCompiler({ registry, classes: new Map(), openTable: spec => memory.world.openTable(spec) })
  const { items } = compiler.compileText('test', text, subject)
  const [item] = items
  assert.equal(items.length, 1, `"${text}" is one restriction`)
  assert.ok(item?.kind === 'check', `"${text}" is a restriction`)
  return item
}

function subjectOf(list: SubjectClass, facts: Facts): Subject {
  const names: Readonly<Partial<Record<SubjectClass, string | null>>> = {
    'Client host': `client[${facts.client.address}]`,
    'Helo command': facts.helo?.name ?? null,
    'Sender address': facts.sender,
    'Recipient address': facts.recipient,
    'Etrn command': facts.etrnDomain,
    'Data command': 'DATA',
    'End-of-data': 'END-OF-MESSAGE',
  }
  return { name: names[list] ?? '', class: list }
}

function tellVerdict(verdict: SettledVerdict): string {
  if (verdict.kind === 'fault') return `fault ${describeVerdict(verdict)}`
  if (verdict.kind !== 'list') return describeVerdict(verdict)
  return `list ${verdict.words}${verdict.onPermit === 'permit' ? '' : `, OK ${verdict.onPermit}`}`
}

/** Case of a table: the fact that the restriction is about, lines of main.cf, the verdict, and warnings if there are any. */
export type RestrictionCase = readonly [what: string, mainCf: string, verdict: string, ...notes: string[]]

export interface RestrictionSetting extends FakeWorldOptions {
  /** The restriction with its argument. */
  readonly word: string
  /** Which fact the first column is. */
  readonly fact: 'client' | 'helo' | 'sender' | 'recipient' | 'etrn' | 'sasl'
  readonly said?: Said
  readonly list?: SubjectClass
}

/** One test per case; its name is the case. */
export function testRestriction(setting: RestrictionSetting, cases: readonly RestrictionCase[]): void {
  const { word, fact, said = {}, ...world } = setting
  describe(word, () => {
    for (const [what, mainCf, verdict, ...notes] of cases) {
      const name = `${fact} "${what}"${mainCf === '' ? '' : `, ${mainCf}`}: ${verdict}`
      test(name, async () => {
        const told = await tellRestriction(
          word,
          { ...said, [fact]: what },
          { ...world, mainCf: `${world.mainCf ?? ''}\n${mainCf}` },
        )
        assert.deepEqual(told, { verdict, notes })
      })
    }
  })
}

/** Older spellings lead to the same restriction. */
export function testAliases(name: string, aliases: readonly string[]): void {
  for (const alias of aliases) {
    test(`${alias} is ${name}`, () => {
      assert.equal(registry.find(alias)?.name, name)
    })
  }
}

/** The warnings about a lookup in a table that FakeWorld does not have. */
export function unavailable(table: string, key: string): [string, string] {
  return [`${table} is unavailable. no such table`, lookupError(table, key)]
}

/** The warning about a lookup in a table that is there and fails. */
export function lookupError(table: string, key: string): string {
  return `${table} lookup error for "${key}"`
}

/** Without the fact that it judges a restriction has no opinion, and asks nothing. */
export function testSilent(word: string, said: Said, world: FakeWorldOptions = {}): void {
  test(`${word} says nothing about ${JSON.stringify(said)}`, async () => {
    assert.deepEqual(await tellRestriction(word, said, world), { verdict: 'dunno', notes: [] })
  })
}

/** Case of a table where the verdict hangs on several facts. */
export type SaidCase = readonly [said: Said, mainCf: string, verdict: string, ...notes: string[]]

/** As testRestriction, with any facts in the first column. */
export function testSaid(setting: Omit<RestrictionSetting, 'fact'>, cases: readonly SaidCase[]): void {
  const { word, said = {}, ...world } = setting
  describe(word, () => {
    for (const [own, mainCf, verdict, ...notes] of cases) {
      test(`${JSON.stringify(own)}${mainCf === '' ? '' : `, ${mainCf}`}: ${verdict}`, async () => {
        const told = await tellRestriction(word, { ...said, ...own }, withMainCf(world, mainCf))
        assert.deepEqual(told, { verdict, notes })
      })
    }
  })
}

const EVERYTHING: Said = {
  helo: 'helo.example',
  sender: 'a@b.example',
  recipient: 'user@here.example',
  etrn: 'etrn.example',
}

/** As testRestriction, for a restriction whose reply depends on whose list it stands in (first column). */
export function testInLists(
  setting: Omit<RestrictionSetting, 'fact' | 'list'>,
  cases: readonly (readonly [list: SubjectClass, mainCf: string, verdict: string])[],
): void {
  const { word, said = {}, ...world } = setting
  describe(word, () => {
    for (const [list, mainCf, verdict] of cases) {
      test(`list "${list}"${mainCf === '' ? '' : `, ${mainCf}`}: ${verdict}`, async () => {
        const told = await tellRestriction(word, { ...EVERYTHING, ...said }, { ...withMainCf(world, mainCf), list })
        assert.deepEqual(told, { verdict, notes: [] })
      })
    }
  })
}

function withMainCf<T extends FakeWorldOptions>(world: T, mainCf: string): T & { mainCf: string } {
  return { ...world, mainCf: `${world.mainCf ?? ''}\n${mainCf}` }
}
