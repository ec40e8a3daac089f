import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkBudgets, findFunctions } from './check_budgets.ts'
import { makeTree } from './test_support.ts'

// source                                                                              name/lines/parameters of each function
const heads: readonly [string, string][] = [
  ['function f(a: string, b = 1) {\n  return a\n}', 'f/3/2'],
  ['export function f<T extends { a: 1 }>(a: T): readonly string[] {\n}', 'f/2/1'],
  ['export async function* f(): AsyncIterable<Map<string, number>> {\n}', 'f/2/0'],
  ['function f(a: Map<string, number>, { b, c }: { b: 1; c: 2 }, d: (x: 1, y: 2) => void) {\n}', 'f/2/3'],
  ['function f(\n  a: 1,\n  b: 2,\n): { ok: true } | { ok: false } {\n}', 'f/5/2'],
  ['function f(a: unknown): a is { b: 1 } {\n}', 'f/2/1'],
  ['const f = (a: 1, b: 2) => {\n}', 'f/2/2'],
  ['export const f = async (): Promise<void> => {\n}', 'f/2/0'],
  ['const f = (a: 1) => a + 1', ''],
  ['interface A {\n  f(a: 1, b: 2, c: 3, d: 4): void\n}', ''],
  ['declare function f(a: 1): void\nfunction g() {\n}', 'g/2/0'],
  [
    'class A {\n  constructor(a: 1) {\n  }\n  async #f(a: 1, b: 2): Promise<void> {\n  }\n  get g(): string {\n    return ""\n  }\n}',
    'constructor/2/1 #f/2/2 g/3/0',
  ],
  ['if (a) {\n}\nfor (const f of g) {\n}\nwhile (x) {\n}', ''],
  [
    'function f() {\n  const s = "}"\n  // }\n  const r = /[}/]\\}/\n  const t = `}${{ a: 1 }.a}}`\n  return s\n}',
    'f/7/0',
  ],
]

for (const [source, expected] of heads) {
  test(`findFunctions() reads ${source.replace(/\s+/g, ' ')}`, () => {
    const found = findFunctions(source + '\n').map(({ name, lines, parameters }) => `${name}/${lines}/${parameters}`)
    assert.equal(found.join(' '), expected)
  })
}

const long = (lines: number) => `function f() {\n${'  g()\n'.repeat(lines - 2)}}\n`

test('checkBudgets() lets pass what is at each limit', t => {
  const root = makeTree(t, {
    'src/a/file.ts': '//\n'.repeat(400),
    'src/a/fn.ts': long(60),
    'src/a/three.ts': 'function f(a: 1, b: 2, c: 3) {\n}\n',
    'src/a/cases.test.ts': long(500),
  })
  assert.deepEqual(checkBudgets(root), [])
})

test('checkBudgets() names what is one over each limit', t => {
  const root = makeTree(t, {
    'src/a/file.ts': '//\n'.repeat(401),
    'src/a/fn.ts': '//\n' + long(61),
    'src/a/four.ts': 'function f(a: 1, b: 2, c: 3, d: 4) {\n}\n',
  })
  assert.deepEqual(checkBudgets(root), [
    'src/a/file.ts: 401 lines; a file has at most 400',
    'src/a/fn.ts:2: f: 61 lines; a function has at most 60',
    'src/a/four.ts:1: f: 4 parameters; a function has at most 3, then an object',
  ])
})
