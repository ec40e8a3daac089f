import type { Random } from '../../src/util/random.ts'

const COMMON = [
  ...'abcA.-1 @',
  '\\.',
  '[ab]',
  '[^a]',
  '[a-c]',
  '[[:alpha:]]',
  '^',
  '$',
  '\\w',
  '\\W',
  '\\s',
  '\\b',
  '[]a]',
  '[^]a]',
]
const ATOMS = {
  pcre: [
    ...COMMON,
    '\\d',
    '\\x61',
    '[\\w.]',
    '\\S',
    '\\D',
    '[[:^digit:]]',
    '\\Qa.\\E',
    '\\h',
    '\\N',
    '\\B',
    '\\A',
    '\\z',
    '\\Z',
    'é',
    '\\G',
  ],
  regexp: [
    ...COMMON,
    '[[:upper:]]',
    '\\<',
    '\\>',
    '[a-]',
    '\\d',
    '[[.a.]]',
    '[[=b=]]',
    '\\`',
    "\\'",
    '[A-b]',
    '[.*]',
    '{',
    '}',
    '\\S',
  ],
}
const COUNTS = {
  pcre: ['*', '+', '?', '{2}', '{1,2}', '*?', '+?', '??', '{0,3}', '++', '*+', '?+', '{2,}', '{,2}'],
  regexp: ['*', '+', '?', '{2}', '{1,2}', '{0,3}', '{2,}', '**'],
}
const LOOK_BEHINDS = ['a', 'b.', 'a|bc', '[ab]', '\\w']

/** A pattern of a pcre: or regexp: table by lot, right or wrong, and how many groups it opens. */
export class RandomPattern {
  readonly #random: Random
  readonly #type: 'pcre' | 'regexp'
  groups = 0

  constructor(random: Random, type: 'pcre' | 'regexp') {
    this.#random = random
    this.#type = type
  }

  make(depth: number): string {
    const kind = this.#random.below(depth <= 0 ? 6 : 12)
    const inner = () => this.make(depth - 1)
    if (kind < 6) return this.#pick(ATOMS[this.#type])
    if (kind < 8) return inner() + inner() + (this.#random.below(2) === 0 ? inner() : '')
    if (kind === 8) return this.#group(inner)
    if (kind === 9) return this.#group(() => `${inner()}|${inner()}`)
    if (kind === 10) return inner() + this.#pick(COUNTS[this.#type])
    return this.#type === 'pcre' ? this.#perlish(inner) : this.#group(inner)
  }

  #group(body: () => string): string {
    this.groups++
    return `(${body()})`
  }

  #perlish(inner: () => string): string {
    const group = 1 + this.#random.below(Math.max(this.groups, 1))
    switch (this.#random.below(10)) {
      case 0:
        return `(?=${inner()})`
      case 1:
        return `(?!${inner()})`
      case 2:
        return `(?>${inner()})`
      case 3:
        return `(?<=${this.#pick(LOOK_BEHINDS)})`
      case 4:
        return `(?<!${this.#pick(LOOK_BEHINDS)})`
      case 5:
        return `\\${group}`
      case 6:
        return `(?i-s)${inner()}`
      case 7:
        return `(?-i:${inner()})`
      case 8:
        return `(?(${group})${inner()}|${inner()})`
      default:
        return `(?:${inner()})`
    }
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#random.below(choices.length)]
    if (choice === undefined) throw new RangeError('Cannot pick: nothing to choose from')
    return choice
  }
}
