import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameBuffer, type FramesRead, type Record, readFrames } from './record.ts'

interface Plain {
  readonly kind: number
  readonly forget: boolean
  readonly first: number
  readonly last: number
  readonly count: number
  readonly generation: number
  readonly key: string
}

const word = fc.integer({ min: 0, max: 0xffffffff })
const plain: fc.Arbitrary<Plain> = fc.record(
  {
    kind: fc.integer({ min: 0, max: 2 }),
    forget: fc.boolean(),
    first: word,
    last: word,
    count: word,
    generation: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 48 })),
    key: fc.string({ unit: 'grapheme', maxLength: 60 }),
  },
  { noNullPrototype: true },
)
/** Some frames, each of some records. */
const file = fc.array(fc.array(plain, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })

/** The bytes of these frames, and where each ends. */
function write(frames: readonly (readonly Plain[])[]): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  const parts: Buffer[] = []
  for (const records of frames) {
    const frame = new FrameBuffer()
    for (const { key, ...fields } of records) {
      const bytes = Buffer.from(key)
      frame.add({ ...fields, bytes, keyStart: 0, keyEnd: bytes.length })
    }
    parts.push(Buffer.from(frame.frames))
  }
  let at = 0
  return {
    bytes: Buffer.concat(parts),
    ends: parts.map(part => {
      at += part.length
      return at
    }),
  }
}

function read(bytes: Buffer): FramesRead & { readonly records: readonly Plain[] } {
  const records: Plain[] = []
  const seen = readFrames(
    { bytes, length: bytes.length, isEnd: true },
    {
      record({ bytes: from, keyStart, keyEnd, ...fields }: Record) {
        records.push({ ...fields, key: Buffer.from(from.subarray(keyStart, keyEnd)).toString() })
      },
      header: () => undefined,
      end: () => undefined,
    },
  )
  return { ...seen, records }
}

test('what is written is read', () => {
  fc.assert(
    fc.property(file, frames => {
      const { bytes } = write(frames)
      assert.deepEqual(read(bytes), { at: bytes.length, unsound: 0, records: frames.flat() })
    }),
  )
})

test('T22.1 a file cut off anywhere has all its earlier frames, and waits for the rest', () => {
  fc.assert(
    fc.property(file, fc.double({ min: 0, max: 1, noNaN: true }), (frames, share) => {
      const { bytes, ends } = write(frames)
      const cut = Math.floor(share * bytes.length)
      const whole = ends.filter(end => end <= cut).length
      const seen = read(bytes.subarray(0, cut))
      assert.deepEqual(seen, { at: ends[whole - 1] ?? 0, unsound: 0, records: frames.slice(0, whole).flat() })
    }),
  )
})

test('T22.2 bytes that were changed cost the frames they are in, and no other', () => {
  fc.assert(
    fc.property(
      file,
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 255 }),
      (frames, at, flip) => {
        const { bytes, ends } = write(frames)
        const hit = new Set(at.map(place => place % bytes.length))
        for (const place of hit) bytes[place] = (bytes[place] ?? 0) ^ flip
        const sound = frames.filter((_, i) => {
          const [start, end] = [ends[i - 1] ?? 0, ends[i] ?? 0]
          return ![...hit].some(place => place >= start && place < end)
        })
        assert.deepEqual(read(bytes).records, sound.flat())
      },
    ),
  )
})

test('any bytes before, between and after frames are passed over', () => {
  const junk = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes))
  fc.assert(
    fc.property(file, fc.array(junk, { minLength: 7, maxLength: 7 }), (frames, wild) => {
      const parts = frames.flatMap((records, i) => [wild[i] ?? Buffer.alloc(0), write([records]).bytes])
      assert.deepEqual(read(Buffer.concat([...parts, wild[6] ?? Buffer.alloc(0)])).records, frames.flat())
    }),
  )
})

test('any bytes at all: no record without a right checksum, and no throw', () => {
  const mark = Buffer.from([0xff, 0x50, 0x4d, 0xf8])
  const piece = fc.oneof(
    fc.constant(mark),
    fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      const bytes = Buffer.concat(pieces)
      const { at, unsound, records } = read(bytes)
      assert.deepEqual([at, unsound, records], [0, 0, []])
    }),
  )
})
