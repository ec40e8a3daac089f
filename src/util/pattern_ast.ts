import type { CharSet } from './pattern_charset.ts'

/** A pattern, whatever syntax it was written in; letters already stand for both cases where case is ignored. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly items: readonly PatternNode[] }
  | RepeatNode
  | { readonly kind: 'group'; readonly index: number; readonly body: PatternNode }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'look'; readonly ahead: boolean; readonly negative: boolean; readonly body: PatternNode }
  | { readonly kind: 'atomic'; readonly body: PatternNode }
  /** Several when groups share a name: the first that is set counts. */
  | { readonly kind: 'back'; readonly groups: readonly number[]; readonly ignoreCase: boolean }
  | {
      readonly kind: 'if_group'
      readonly groups: readonly number[]
      readonly yes: PatternNode
      readonly no: PatternNode
    }
  | { readonly kind: 'fail' }

export interface RepeatNode {
  readonly kind: 'repeat'
  readonly body: PatternNode
  readonly min: number
  /** Infinity: no limit. */
  readonly max: number
  readonly mode: 'greedy' | 'lazy' | 'possessive'
}

export type Assertion =
  /** Very start and very end of the subject. */
  | 'start'
  | 'end'
  /** The end, or before a line feed that is the last character. */
  | 'end_or_newline'
  /** After and before any line feed too; PCRE's 'line_start' is not after the last character, POSIX's is. */
  | 'line_start'
  | 'posix_line_start'
  | 'line_end'
  | 'word_boundary'
  | 'not_word_boundary'
  | 'word_start'
  | 'word_end'

export interface ParsedPattern {
  readonly root: PatternNode
  /** Number of capturing groups. */
  readonly groupCount: number
  readonly names: ReadonlyMap<string, readonly number[]>
  /** The match must begin at the start of the subject. */
  readonly anchored: boolean
  /** Largest character of the subject's alphabet: 0xff for bytes. */
  readonly maxChar: number
  /** Characters that \b counts as part of a word. */
  readonly wordChars: CharSet
}

export const EMPTY: PatternNode = { kind: 'sequence', items: [] }

export function sequence(items: readonly PatternNode[]): PatternNode {
  const [only] = items
  return items.length === 1 && only !== undefined ? only : { kind: 'sequence', items }
}

export function choice(items: readonly PatternNode[]): PatternNode {
  const [only] = items
  return items.length === 1 && only !== undefined ? only : { kind: 'choice', items }
}

/** The nodes right below. */
export function children(node: PatternNode): readonly PatternNode[] {
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      return node.items
    case 'repeat':
    case 'group':
    case 'look':
    case 'atomic':
      return [node.body]
    case 'if_group':
      return [node.yes, node.no]
    case 'set':
    case 'assert':
    case 'back':
    case 'fail':
      return []
  }
}

/** Whether the node or any below it satisfies `test`. */
export function someNode(node: PatternNode, test: (node: PatternNode) => boolean): boolean {
  return test(node) || children(node).some(child => someNode(child, test))
}

/** Whether the node can match the empty string; true when in doubt. */
export function isNullable(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
    case 'fail':
      return false
    case 'sequence':
      return node.items.every(isNullable)
    case 'choice':
      return node.items.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.body)
    case 'group':
    case 'atomic':
      return isNullable(node.body)
    case 'if_group':
      return isNullable(node.yes) || isNullable(node.no)
    case 'assert':
    case 'look':
    case 'back':
      return true
  }
}

/** Length of everything the node can match, when that is always the same; else null. */
export function fixedLength(node: PatternNode): number | null {
  switch (node.kind) {
    case 'set':
      return 1
    case 'assert':
    case 'look':
    case 'fail':
      return 0
    case 'sequence':
      return node.items.reduce<number | null>((sum, item) => {
        const length = fixedLength(item)
        return sum === null || length === null ? null : sum + length
      }, 0)
    case 'choice':
      return sameLength(node.items)
    case 'if_group':
      return sameLength([node.yes, node.no])
    case 'repeat': {
      const length = fixedLength(node.body)
      return length !== null && node.min === node.max ? length * node.min : null
    }
    case 'group':
    case 'atomic':
      return fixedLength(node.body)
    case 'back':
      return null
  }
}

function sameLength(nodes: readonly PatternNode[]): number | null {
  const [first, ...rest] = nodes.map(fixedLength)
  return first !== undefined && rest.every(length => length === first) ? first : null
}

/** A pattern that cannot be used: wrong, or beyond what can be translated. */
export class PatternError extends SyntaxError {
  /** Characters of the pattern before the trouble. */
  readonly offset: number
  /** What to write instead; null when the message says it. */
  readonly remedy: string | null

  constructor(message: string, offset: number, remedy: string | null = null) {
    super(message)
    this.name = 'PatternError'
    this.offset = offset
    this.remedy = remedy
  }
}
