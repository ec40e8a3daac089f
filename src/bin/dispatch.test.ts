import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commands } from './commands.ts'
import { commandHelp, overview } from './help.ts'
import { postern } from './test_support.ts'

// command line                          status  what is said on stderr
const usage: readonly [string, number, RegExp][] = [
  ['', 2, /^usage: postern COMMAND/],
  ['chekc', 2, /^postern: unknown command "chekc": did you mean "check"\?\nTry "postern help"\.\n$/],
  ['frobnicate', 2, /^postern: unknown command "frobnicate"\nTry/],
  ['help frob', 2, /unknown command "frob"/],
  ['check --jsno', 2, /^postern check: unknown option '--jsno'\nTry "postern help check"\.\n$/],
  ['check -c', 2, /argument missing/],
  ['check x', 2, /cannot use "x": too many arguments/],
  ['map hash:x', 2, /--query KEY is needed/],
  ['map -q x', 2, /TYPE:NAME … is needed/],
  ['explain --to x@example.com', 2, /--client IP is needed/],
  ['explain --client 1.2.3 --to x', 2, /cannot use "1\.2\.3" for --client: expected an IP address/],
  ['explain --client ::1 --to x --size many', 2, /cannot use "many" for --size: expected a whole number/],
  ['conf -c /no/such/place', 1, /\/no\/such\/place: cannot read the file: there is no such file/],
]

describe('dispatch()', () => {
  for (const [line, status, said] of usage) {
    test(`"postern ${line}" ends with ${status} and prints nothing to stdout`, async () => {
      const result = await postern(...line.split(' ').filter(word => word !== ''))
      assert.equal(result.status, status)
      assert.match(result.err, said)
      assert.equal(result.out, '')
    })
  }

  for (const line of ['help', '--help', '-h']) {
    test(`"postern ${line}" lists every command`, async () => {
      const { status, out } = await postern(line)
      assert.equal(status, 0)
      for (const { name, summary } of commands) assert.ok(out.includes(`  ${name.padEnd(9)} ${summary}\n`), name)
    })
  }

  test('"postern COMMAND --help" is "postern help COMMAND"', async () => {
    for (const { name } of commands) assert.deepEqual(await postern(name, '--help'), await postern('help', name))
  })

  test('version is told as text and as JSON', async () => {
    assert.match((await postern('version')).out, /^postern \d+\.\d+\.\d+ \(behaves as Postfix 3\.7\.11, .*\)\n$/)
    assert.deepEqual(Object.keys(JSON.parse((await postern('--version', '--json')).out)), [
      'postern',
      'postfix',
      'node',
    ])
  })
})

describe('the help', () => {
  test('fits into 80 columns', () => {
    for (const text of [overview(commands), ...commands.map(commandHelp)]) {
      for (const line of text.split('\n')) assert.ok(line.length < 80 || /^ {2}(postern|-)/.test(line), line)
    }
  })

  test('names every option with its value and its letter', () => {
    for (const command of commands) {
      const help = commandHelp(command)
      for (const { name, short, value } of command.options) {
        const head = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
        assert.ok(help.includes(`  ${head}\n`), `${command.name}: ${head}`)
      }
    }
  })

  test('of map reads like this', () => {
    const map = commands.find(command => command.name === 'map')
    assert.ok(map)
    assert.equal(
      commandHelp(map),
      `postern map: ask a lookup table

usage: postern map [OPTION …] TYPE:NAME …

Looks a key up in tables, as postmap -q does, and prints the value of the first
table that has it.

options:
  -q, --query KEY
      The key; "-" reads keys from stdin, one a line, and prints "key value".
      Required.
  --json
      Print JSON.

exit status:
   0  found
   1  not found
  75  a table did not answer
   2  the command line is wrong

example:
  postern map -q mail.example.org hash:/etc/postfix/helo_access
`,
    )
  })
})
