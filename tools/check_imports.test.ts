import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkImports } from './check_imports.ts'
import { makeTree } from './test_support.ts'

// file                                   text                                                        what is said
const cases: readonly [string, string, RegExp | null][] = [
  ['src/smtp/session.ts', "import type { Facts } from '../model/facts.ts'", null],
  ['src/smtp/session.ts', "import {\n  a,\n  b,\n} from '../util/a.ts'\nimport { c } from './codec.ts'", null],
  [
    'src/util/a.ts',
    "import { Facts } from '../model/facts.ts'",
    /^src\/util\/a\.ts:1: util may not import model .*lower row/,
  ],
  ['src/util/a.ts', "export * from '../model/facts.ts'", /util may not import model/],
  ['src/util/a.ts', "const m = await import('../model/facts.ts')", /util may not import model/],
  ['src/util/a.ts', "import {\n  a,\n} from '../mail/a.ts'", /^src\/util\/a\.ts:1: util may not import mail/],
  ['src/policy/a.ts', "import { b } from '../smtp/b.ts'", /policy may not import smtp/],
  [
    'src/smtp/a.ts',
    "import { r } from '../restrictions/index.ts'",
    /smtp may not import restrictions .*bin hands the registry in/,
  ],
  ['src/hop/a.ts', "import { r } from '../engine/judge.ts'", /hop may not import engine/],
  ['src/misc/a.ts', '', /"misc" has no row/],
  ['src/util/a.ts', "import { x } from '../../tools/x.ts'", /outside src/],
  ['src/bin/version.ts', "import p from '../../package.json' with { type: 'json' }", null],
  ['src/util/a.ts', "import { z } from 'zod'", /package "zod", which has no row/],
  ['src/store/valkey/client.ts', "import { Redis } from 'iovalkey'", null],
  ['src/bin/a.ts', "import { Redis } from 'iovalkey'", /"iovalkey" is only for src\/store\/valkey\//],
  ['src/net/dial.ts', "import { connect } from 'node:net'", null],
  ['src/smtp/server.ts', "import { connect } from 'node:net'", /node:net is only for src\/net\//],
  ['src/engine/a.ts', "import { readFileSync } from 'node:fs'", /node:fs is only for/],
  ['src/dns/client.ts', "import dns from 'node:dns'", /node:dns is only for nobody/],
  ['src/engine/a.ts', 'const now = Date.now()', /^src\/engine\/a\.ts:1: Date\.now is not for engine: take a Clock/],
  ['src/engine/a.ts', '// Date.now() would be wrong here\nconst a = "setTimeout"', null],
  ['src/util/clock.ts', 'const now = Date.now()', null],
  ['src/dns/a.ts', 'const id = Math.random()', /Math\.random is not for dns/],
  ['src/bin/a.ts', 'setTimeout(() => 1, 5)', /setTimeout is not for bin/],
  ['src/event/a.ts', 'console.log(1)', /console\.log is not for event/],
  ['src/table/a.ts', 'process.exit(1)', /process\.exit is not for table/],
  ['src/util/a.test.ts', "import { x } from '../bin/x.ts'\nsetTimeout(x, 1)", null],
  ['src/util/a.ts', "const header = { from: 'x' }\nconst text = `import from 'zod'`", null],
]

for (const [path, text, said] of cases) {
  test(`checkImports() on ${path}: ${text.replace(/\s+/g, ' ')}`, t => {
    const problems = checkImports(makeTree(t, { [path]: text + '\n' }))
    if (said === null) return assert.deepEqual(problems, [])
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', said)
  })
}
