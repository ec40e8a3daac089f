import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cString, formatPacket, MilterError, PACKET_LIMIT, PacketReader, uint32 } from './codec.ts'
import { formatReply, type MilterReply } from './reply.ts'

describe('PacketReader', () => {
  test('cuts what came together, and joins what came in pieces', () => {
    const bytes = Buffer.concat([formatPacket('A'), formatPacket('B', Buffer.from('body')), formatPacket('N')])
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new PacketReader()
      const found: string[] = []
      for (let at = 0; at < bytes.length; at += size) {
        reader.push(bytes.subarray(at, at + size))
        for (let packet = reader.next(); packet !== null; packet = reader.next())
          found.push(packet.command + packet.data.toString())
      }
      assert.deepEqual(found, ['A', 'Bbody', 'N'])
    }
  })

  test('never overwrites what it has given out', () => {
    const reader = new PacketReader()
    const first = formatPacket('B', Buffer.alloc(3000, 'a'))
    reader.push(Buffer.concat([first, first.subarray(0, 10)]))
    const kept = reader.next()
    for (let i = 0; i < 20; i++) {
      reader.push(first.subarray(10))
      assert.equal(reader.next()?.data.length, 3000)
      reader.push(first.subarray(0, 10))
    }
    assert.deepEqual(kept?.data, Buffer.alloc(3000, 'a'))
  })

  test('the largest packet is taken, a larger one is not', () => {
    const reader = new PacketReader()
    reader.push(formatPacket('B', Buffer.alloc(PACKET_LIMIT - 1)))
    assert.equal(reader.next()?.data.length, PACKET_LIMIT - 1)
    reader.push(uint32(PACKET_LIMIT + 1))
    assert.throws(() => reader.next(), MilterError)
  })

  test('T5.2 a megabyte that comes byte by byte is joined', () => {
    // With a copy of all for each byte this would be 500 GB.
    const packet = formatPacket('B', Buffer.alloc(PACKET_LIMIT - 1, 'x'))
    const reader = new PacketReader()
    for (let at = 0; at < packet.length; at++) reader.push(packet.subarray(at, at + 1))
    assert.deepEqual(reader.next()?.data, Buffer.alloc(PACKET_LIMIT - 1, 'x'))
  })
})

describe('replies on the wire (sendmail mfdef.h)', () => {
  const cases: readonly (readonly [MilterReply, string])[] = [
    [{ kind: 'continue' }, '\0\0\0\x01c'],
    [{ kind: 'accept' }, '\0\0\0\x01a'],
    [{ kind: 'reject' }, '\0\0\0\x01r'],
    [{ kind: 'tempfail' }, '\0\0\0\x01t'],
    [{ kind: 'discard' }, '\0\0\0\x01d'],
    [{ kind: 'skip' }, '\0\0\0\x01s'],
    [{ kind: 'shutdown' }, '\0\0\0\x014'],
    [{ kind: 'conn_fail' }, '\0\0\0\x01f'],
    [{ kind: 'progress' }, '\0\0\0\x01p'],
    [{ kind: 'replycode', text: '550 5.7.1 50%' }, '\0\0\0\x10y550 5.7.1 50%%\0'],
    [{ kind: 'replycode', text: '550 a\n550 b\r\n550 c' }, '\0\0\0\x15y550-a\r\n550-b\r\n550 c\0'],
    [{ kind: 'add_header', name: 'A', value: 'b' }, '\0\0\0\x05hA\0b\0'],
    [{ kind: 'insert_header', index: 1, name: 'A', value: 'b\n\tc' }, '\0\0\0\x0ci\0\0\0\x01A\0b\n\tc\0'],
    [{ kind: 'change_header', nth: 2, name: 'A', value: '' }, '\0\0\0\x08m\0\0\0\x02A\0\0'],
    [{ kind: 'change_from', path: '<a@b>', parameters: '' }, '\0\0\0\x07e<a@b>\0'],
    [{ kind: 'change_from', path: '<a@b>', parameters: 'X=1' }, '\0\0\0\x0be<a@b>\0X=1\0'],
    [{ kind: 'add_recipient', path: '<a@b>' }, '\0\0\0\x07+<a@b>\0'],
    [{ kind: 'add_recipient_with', path: '<a@b>', parameters: 'X=1' }, '\0\0\0\x0b2<a@b>\0X=1\0'],
    [{ kind: 'delete_recipient', path: '<a@b>' }, '\0\0\0\x07-<a@b>\0'],
    [{ kind: 'replace_body', chunk: Buffer.from('x\r\n') }, '\0\0\0\x04bx\r\n'],
    [{ kind: 'quarantine', reason: 'why' }, '\0\0\0\x05qwhy\0'],
  ]
  for (const [reply, bytes] of cases) {
    test(`${reply.kind} ${JSON.stringify(bytes)}`, () => {
      assert.equal(formatReply(reply).toString('latin1'), bytes)
    })
  }

  test('a NUL cannot end a string early', () => {
    assert.deepEqual(cString('a\0b'), Buffer.from('ab\0'))
  })
})
