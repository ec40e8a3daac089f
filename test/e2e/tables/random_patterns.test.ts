/** Patterns by lot in pcre: and regexp: tables, against Debian's postmap(1): same answers, same complaints. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openTable } from '../../../src/table/open.ts'
import { type Random, seededRandom } from '../../../src/util/random.ts'
import { Postmap } from '../../support/postmap.ts'
import { RandomPattern } from '../../support/random_pattern.ts'
import { TableBench } from '../../support/table_context.ts'

const missing = Postmap.missing('pcre', 'regexp')
/** The slow run tries other patterns each time; a failure prints the seed. */
const slow = process.env['POSTERN_SLOW'] !== undefined
const count = slow ? 3000 : 150
const seed = slow ? Date.now() % 1_000_000 : 7

const bench = new TableBench()
const postmap = new Postmap()
after(() => {
  bench.remove()
  postmap.remove()
})

const PIECES = ['a', 'b', 'c', 'A', 'B', '-', '.', '1', ' ', '@', 'aa', 'ab', '_']

/** Not all have characters of two bytes: a group cut within one fails the lookup, and postmap then sleeps a second. */
function subjects(random: Random): string[] {
  const pieces = random.below(12) === 0 ? [...PIECES, 'é'] : PIECES
  const keys = Array.from({ length: 8 }, () =>
    Array.from({ length: 1 + random.below(9) }, () => pieces[random.below(pieces.length)])
      .join('')
      .trim(),
  )
  return [...new Set(keys)].filter(key => key !== '' && key !== '-')
}

/**
 * glibc finds other groups than the first possibility gives where an anchor ends a branch or a group that may be empty is
 * repeated; whether there is a match is the same.
 */
function groupsAreComparable(pattern: string): boolean {
  return !/[$^{]|\\[bB<>`']/.test(pattern.replace(/\[[^\]]*\]/g, ''))
}

/** glibc forgets anchors of words in repeated groups: `(a|\<b)+` goes on where no word begins. */
function isMisreadByGlibc(pattern: string): boolean {
  return /\\[bB<>]/.test(pattern) && /\)[*+?{]/.test(pattern)
}

for (const type of ['pcre', 'regexp'] as const) {
  test(`${count} ${type} patterns, seed ${seed}`, { skip: missing ?? false }, async () => {
    const random = seededRandom(seed)
    for (let i = 0; i < count; i++) {
      const generator = new RandomPattern(random, type)
      const pattern = generator.make(4)
      if (/^\s|\s$/.test(pattern) || (type === 'regexp' && isMisreadByGlibc(pattern))) continue
      const showsGroups = type === 'pcre' || groupsAreComparable(pattern)
      const shown = showsGroups ? Array.from({ length: generator.groups }, (_, n) => `[$(${n + 1})]`).join('') : ''
      const letters = ['', '', 'i', 'm', 'x', type === 'pcre' ? 'U' : '', type === 'pcre' ? 'A' : '']
      const rule = `/${pattern}/${letters[random.below(letters.length)]} OK${shown}`
      await compare(`${type}:${bench.directory}/${bench.file('rules', `${rule}\n`)}`, subjects(random), rule)
    }
  })
}

async function compare(spec: string, keys: readonly string[], rule: string): Promise<void> {
  const warnings: string[] = []
  const table = openTable(spec, bench.context({ warn: problem => warnings.push(problem.text) }))
  await table.ready()
  const wanted = postmap.query(spec, keys, 'of a key')
  assert.deepEqual(warnings, wanted.warnings, rule)
  for (const [key, value] of wanted.answers) {
    const answer = await table.lookup(key)
    const have = answer.status === 'found' ? answer.value : answer.status === 'absent' ? null : 'failed'
    assert.equal(have, value, `${rule} on "${key}"`)
  }
  table.close()
}
