import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type {
  GreylistAttempt,
  GreylistNoted,
  Memory,
  MemoryEntry,
  MemoryKind,
  MemoryLifetimes,
} from '../../src/model/memory.ts'
import { LIFETIMES, RULES } from '../support/memory_rules.ts'

/** One set of data, empty at first, and whoever uses it. */
export interface MemoryUnderTest {
  /** Whole seconds since 1970 on the clock of these memories. */
  readonly now: number
  /** Another user of the same data, as another process or host would be; the test closes it. */
  connect(): Promise<Memory>
  /** Throws the data away. */
  end(): Promise<void>
}

export interface MemoryCase {
  readonly name: string
  begin(lifetimes: MemoryLifetimes): Promise<MemoryUnderTest>
  /** Whether two users of the same data see each other's notes, and a later one finds them. */
  readonly shared: boolean
}

const DAY = 86_400

export { LIFETIMES, RULES }

export function attempt(triplet: string, now: number, more: Partial<GreylistAttempt> = {}): GreylistAttempt {
  return { triplet, client: '192.0.2.1', now, rules: RULES, ...more }
}

/** What the memory noted; a failure fails the test. */
export async function noted(memory: Memory, of: GreylistAttempt): Promise<GreylistNoted> {
  const answer = await memory.note(of)
  assert.equal(answer.status, 'found', JSON.stringify(answer))
  if (answer.status !== 'found') throw new Error('not reached')
  return answer.value
}

export async function listed(memory: Memory, kind: MemoryKind): Promise<readonly MemoryEntry[]> {
  const all: MemoryEntry[] = []
  for await (const entry of memory.entries(kind)) all.push(entry)
  return all.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Runs `play` on fresh data with one user, and closes both. */
function play(given: MemoryCase, body: (memory: Memory, store: MemoryUnderTest) => Promise<void>): () => Promise<void> {
  return async () => {
    const store = await given.begin(LIFETIMES)
    try {
      const memory = await store.connect()
      try {
        await body(memory, store)
      } finally {
        await memory.close()
      }
    } finally {
      await store.end()
    }
  }
}

/** What every memory owes its callers. */
export function memoryContract(given: MemoryCase): void {
  describe(`${given.name} keeps the memory contract`, () => {
    noteContract(given)
    entryContract(given)
    keyContract(given)
    if (given.shared) sharedContract(given)
  })
}

function noteContract(given: MemoryCase): void {
  test(
    'G18 a triplet is new, too early, passes, and has passed',
    play(given, async (memory, { now }) => {
      const first = now - 1000
      const plain = { kind: 'triplet', first, passedBefore: false, clientCount: null }
      assert.deepEqual(await noted(memory, attempt('a', first)), plain)
      assert.deepEqual(await noted(memory, attempt('a', first + 299)), plain)
      assert.deepEqual(await noted(memory, attempt('a', first + 300)), { ...plain, clientCount: 1 })
      assert.deepEqual(await noted(memory, attempt('a', first + 301)), { ...plain, passedBefore: true })
      assert.deepEqual(await memory.find('triplet', 'a'), {
        status: 'found',
        value: { kind: 'triplet', key: 'a', first, last: first + 301, count: 4 },
      })
      assert.deepEqual(await memory.find('client', '192.0.2.1'), {
        status: 'found',
        value: { kind: 'client', key: '192.0.2.1', first: first + 300, last: first + 300, count: 1 },
      })
    }),
  )

  test(
    'G18 a client that passed often enough is not looked at further',
    play(given, async (memory, { now }) => {
      const from = now - 20_000
      await noted(memory, attempt('a', from))
      await noted(memory, attempt('b', from))
      assert.deepEqual(await noted(memory, attempt('a', from + 400)), {
        kind: 'triplet',
        first: from,
        passedBefore: false,
        clientCount: 1,
      })
      assert.deepEqual(await noted(memory, attempt('b', from + 4000)), {
        kind: 'triplet',
        first: from,
        passedBefore: false,
        clientCount: 2,
      })
      assert.deepEqual(await noted(memory, attempt('c', from + 4001)), { kind: 'client', count: 2 })
      assert.deepEqual(await memory.find('triplet', 'c'), { status: 'absent' })
      assert.deepEqual(await noted(memory, attempt('c', from + 7600)), { kind: 'client', count: 3 })
      const never = attempt('c', from + 7601, { rules: { ...RULES, autoAllow: 0 } })
      assert.deepEqual(await noted(memory, never), {
        kind: 'triplet',
        first: from + 7601,
        passedBefore: false,
        clientCount: null,
      })
    }),
  )

  test(
    'notes made at once are answered as one after the other',
    play(given, async (memory, { now }) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => noted(memory, attempt('a', now))))
      for (const answer of answers)
        assert.deepEqual(answer, { kind: 'triplet', first: now, passedBefore: false, clientCount: null })
      const entry = await memory.find('triplet', 'a')
      assert.equal(entry.status === 'found' && entry.value.count, 20)
    }),
  )

  test(
    'G18 beyond the retry window a triplet begins anew',
    play(given, async (memory, { now }) => {
      const first = now - 3 * DAY
      await noted(memory, attempt('a', first))
      const again = await noted(memory, attempt('a', first + 2 * DAY + 1))
      assert.deepEqual(again, { kind: 'triplet', first: first + 2 * DAY + 1, passedBefore: false, clientCount: null })
    }),
  )
}

function entryContract(given: MemoryCase): void {
  test(
    'touch begins an entry and sees it again',
    play(given, async (memory, { now }) => {
      assert.deepEqual(await memory.find('correspondent', 'bob@example.org'), { status: 'absent' })
      const begun = { kind: 'correspondent', key: 'bob@example.org', first: now - 5, last: now - 5, count: 1 } as const
      assert.deepEqual(await memory.touch('correspondent', 'bob@example.org', now - 5), {
        status: 'found',
        value: begun,
      })
      const again = { ...begun, last: now, count: 2 }
      assert.deepEqual(await memory.touch('correspondent', 'bob@example.org', now), { status: 'found', value: again })
      assert.deepEqual(await memory.find('correspondent', 'bob@example.org'), { status: 'found', value: again })
    }),
  )

  test(
    'put keeps the earlier first, the later last and the higher count',
    play(given, async (memory, { now }) => {
      const put = (first: number, last: number, count: number): Promise<unknown> =>
        memory.put({ kind: 'client', key: 'c', first: now + first, last: now + last, count })
      assert.deepEqual(await put(-100, -50, 3), { status: 'found', value: true })
      await put(-200, -80, 7)
      await put(-90, -20, 1)
      assert.deepEqual(await memory.find('client', 'c'), {
        status: 'found',
        value: { kind: 'client', key: 'c', first: now - 200, last: now - 20, count: 7 },
      })
      // What was put counts as noted here: the client needs no more successes.
      assert.deepEqual(await noted(memory, attempt('t', now, { client: 'c' })), { kind: 'client', count: 7 })
    }),
  )

  test(
    'forget takes an entry out, and it can begin anew, put or noted',
    play(given, async (memory, { now }) => {
      assert.deepEqual(await memory.forget('triplet', 'a'), { status: 'absent' })
      await noted(memory, attempt('a', now - 1000))
      assert.deepEqual(await memory.forget('triplet', 'a'), { status: 'found', value: true })
      assert.deepEqual(await memory.find('triplet', 'a'), { status: 'absent' })
      assert.deepEqual(await memory.forget('triplet', 'a'), { status: 'absent' })
      assert.deepEqual(await listed(memory, 'triplet'), [])
      const anew = await noted(memory, attempt('a', now))
      assert.deepEqual(anew, { kind: 'triplet', first: now, passedBefore: false, clientCount: null })
      await memory.forget('triplet', 'a')
      const old = { kind: 'triplet', key: 'a', first: now - 5000, last: now - 4000, count: 1 } as const
      await memory.put(old)
      assert.deepEqual(await memory.find('triplet', 'a'), { status: 'found', value: old })
      assert.deepEqual(await listed(memory, 'triplet'), [old])
    }),
  )

  test(
    'entries lists each key of a kind once, as it is now',
    play(given, async (memory, { now }) => {
      const keys = Array.from({ length: 50 }, (_, i) => `k${String(i).padStart(2, '0')}`)
      for (const key of keys) await memory.touch('correspondent', key, now - 10)
      await Promise.all(keys.map(key => memory.touch('correspondent', key, now)))
      await memory.touch('client', 'other', now)
      const expected = keys.map(key => ({ kind: 'correspondent', key, first: now - 10, last: now, count: 2 }))
      assert.deepEqual(await listed(memory, 'correspondent'), expected)
    }),
  )

  test(
    'G18 what has expired is not there: maxAge for what passed, retryWindow for what did not',
    play(given, async (memory, { now }) => {
      const put = (entry: MemoryEntry): Promise<unknown> => memory.put(entry)
      await put({ kind: 'triplet', key: 'passed', first: now - 20 * DAY, last: now - 10 * DAY, count: 2 })
      await put({ kind: 'triplet', key: 'waits', first: now - DAY, last: now - DAY, count: 1 })
      await put({ kind: 'triplet', key: 'never came', first: now - 3 * DAY, last: now - 3 * DAY, count: 1 })
      await put({ kind: 'triplet', key: 'passed long ago', first: now - 50 * DAY, last: now - 36 * DAY, count: 2 })
      await put({ kind: 'client', key: 'old client', first: now - 50 * DAY, last: now - 36 * DAY, count: 9 })
      await put({ kind: 'correspondent', key: 'friend', first: now - 59 * DAY, last: now - 59 * DAY, count: 9 })
      await put({ kind: 'correspondent', key: 'stranger', first: now - 61 * DAY, last: now - 61 * DAY, count: 9 })
      assert.deepEqual(
        (await listed(memory, 'triplet')).map(entry => entry.key),
        ['passed', 'waits'],
      )
      assert.deepEqual(await listed(memory, 'client'), [])
      assert.deepEqual(
        (await listed(memory, 'correspondent')).map(entry => entry.key),
        ['friend'],
      )
      assert.deepEqual(await memory.find('triplet', 'never came'), { status: 'absent' })
      assert.deepEqual(await memory.find('correspondent', 'stranger'), { status: 'absent' })
      assert.deepEqual(await noted(memory, attempt('t', now, { client: 'old client' })), {
        kind: 'triplet',
        first: now,
        passedBefore: false,
        clientCount: null,
      })
    }),
  )
}

function keyContract(given: MemoryCase): void {
  const odd = ['', ' ', 'a\nb', 'ä@bücher.example', '\u{1f4e8}', '192.0.2.0/<>/x@y', 'x'.repeat(1000), 'ü'.repeat(1000)]

  test(
    'any text up to 1,000 characters is a key',
    play(given, async (memory, { now }) => {
      for (const [i, key] of odd.entries()) await memory.touch('correspondent', key, now - i)
      for (const [i, key] of odd.entries()) {
        assert.deepEqual(await memory.find('correspondent', key), {
          status: 'found',
          value: { kind: 'correspondent', key, first: now - i, last: now - i, count: 1 },
        })
      }
      assert.deepEqual(
        (await listed(memory, 'correspondent')).map(entry => entry.key),
        [...odd].sort((a, b) => (a < b ? -1 : 1)),
      )
    }),
  )

  test(
    'the same key of another kind is another entry',
    play(given, async (memory, { now }) => {
      await memory.touch('client', 'k', now)
      assert.deepEqual(await memory.find('triplet', 'k'), { status: 'absent' })
      assert.deepEqual(await memory.find('correspondent', 'k'), { status: 'absent' })
      assert.deepEqual(await memory.forget('triplet', 'k'), { status: 'absent' })
      assert.equal((await memory.find('client', 'k')).status, 'found')
    }),
  )
}

function sharedContract(given: MemoryCase): void {
  test(
    'what one user was answered, another knows at once',
    play(given, async (one, store) => {
      const { now } = store
      const two = await store.connect()
      try {
        await noted(one, attempt('a', now - 400))
        const answer = await noted(two, attempt('a', now))
        assert.deepEqual(answer, { kind: 'triplet', first: now - 400, passedBefore: false, clientCount: 1 })
        assert.equal((await one.forget('triplet', 'a')).status, 'found')
        assert.deepEqual(await two.find('triplet', 'a'), { status: 'absent' })
        await two.touch('triplet', 'a', now)
        assert.equal((await one.find('triplet', 'a')).status, 'found')
      } finally {
        await two.close()
      }
    }),
  )

  test(
    'increments of two users at the same time are all counted',
    play(given, async (one, store) => {
      const two = await store.connect()
      try {
        const touches = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? one : two).touch('client', 'c', store.now))
        for (const answer of await Promise.all(touches)) assert.equal(answer.status, 'found')
        for (const memory of [one, two]) {
          const entry = await memory.find('client', 'c')
          assert.equal(entry.status === 'found' && entry.value.count, 100)
        }
      } finally {
        await two.close()
      }
    }),
  )

  test(
    'what was answered is there for a later user, after close',
    play(given, async (_, store) => {
      const { now } = store
      const one = await store.connect()
      await noted(one, attempt('a', now - 400))
      await one.touch('correspondent', 'forgotten', now)
      await one.forget('correspondent', 'forgotten')
      await one.close()
      const two = await store.connect()
      try {
        assert.equal((await noted(two, attempt('a', now))).kind, 'triplet')
        const entry = await two.find('triplet', 'a')
        assert.deepEqual(entry.status === 'found' && [entry.value.first, entry.value.count], [now - 400, 2])
        assert.deepEqual(await two.find('correspondent', 'forgotten'), { status: 'absent' })
        assert.deepEqual(
          (await listed(two, 'triplet')).map(({ key }) => key),
          ['a'],
        )
      } finally {
        await two.close()
      }
    }),
  )
}
