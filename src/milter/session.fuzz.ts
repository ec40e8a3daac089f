import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock, settle } from '../../test/support/manual_clock.ts'
import { ACCEPT, ALL_PROTOCOL, message, mta, NotingJudge, shown } from '../../test/support/milter_packets.ts'
import { formatPacket, MilterError, PacketReader } from './codec.ts'
import { parseCommand } from './command.ts'
import { MilterSession } from './session.ts'

const LETTERS = 'ODCHMRTLNBEAQKUZ'

/** Pieces of the protocol, sound ones and others, so that many sequences get far. */
const packet = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...message('x'), mta.abort(), mta.helo(), mta.data(), mta.quitNc(), mta.connect()),
  },
  { weight: 1, arbitrary: fc.constantFrom(mta.unknown('x'), mta.macros('M', '{auth_authen}', 'me'), mta.end('tail')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...LETTERS), fc.uint8Array({ maxLength: 20 }))
      .map(([letter, data]) => formatPacket(letter, data)),
  },
)
const wire = fc
  .tuple(
    fc.constantFrom(mta.offer(), mta.offer(2, 0x3f, 0x7f), mta.offer(6, 0x1ff, ALL_PROTOCOL & ~0x100080)),
    fc.array(packet, { maxLength: 30 }),
    fc.uint8Array({ maxLength: 6 }),
  )
  .map(([offer, packets, tail]) => Buffer.concat([offer, mta.connect(), ...packets, tail]))
const cuts = fc.array(fc.nat(600), { maxLength: 20 })

function chop(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const sorted = [0, ...at.map(cut => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, i) => Buffer.from(bytes.subarray(sorted[i], end)))
}

/** Everything that can be seen of a session from outside. */
async function play(chunks: readonly Buffer[]): Promise<unknown> {
  const clock = new ManualClock()
  const written: Buffer[] = []
  const warnings: string[] = []
  const judges: NotingJudge[] = []
  let open = 0
  const session = new MilterSession({
    isLocal: false,
    clock,
    open() {
      open++
      const judge = new NotingJudge(async () => ({ ...ACCEPT, insert: ['A: b'] }))
      judges.push(judge)
      return { judge, log: () => undefined, warn: text => warnings.push(text), release: () => void open-- }
    },
    warn: text => warnings.push(text),
    write: bytes => written.push(Buffer.from(bytes)),
    wake: () => session.proceed(),
  })
  for (const chunk of chunks) {
    session.push(chunk)
    session.proceed()
    await settle()
  }
  await settle()
  const isOver = session.isOver
  session.close()
  await settle()
  assert.equal(open, 0, 'every message is released')
  assert.equal(clock.waiting, 0, 'no timer is left')
  for (const text of warnings) assert.ok(!text.includes('unexpected fault'), text)
  const told = judges.map(judge => [judge.fields, judge.content.toString('latin1'), judge.envelope])
  return { said: shown(Buffer.concat(written)), warnings, told, isOver }
}

test('T5.2 a session does not depend on the chunks in which it comes, and no packet breaks it', async () => {
  await fc.assert(
    fc.asyncProperty(wire, cuts, async (bytes, at) => {
      assert.deepEqual(await play(chop(bytes, at)), await play([bytes]))
    }),
    { numRuns: 300 },
  )
})

test('T5.2 any bytes are packets or a MilterError', () => {
  fc.assert(
    fc.property(fc.constantFrom(...LETTERS), fc.uint8Array({ maxLength: 60 }), (letter, data) => {
      const reader = new PacketReader()
      reader.push(formatPacket(letter, data))
      try {
        const packet = reader.next()
        assert.ok(packet)
        parseCommand(packet)
      } catch (error) {
        assert.ok(error instanceof MilterError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})
