import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SrsOptions, srsForward, srsReverse } from './srs.ts'

const DAY = 86_400_000
/** 24 November 2026: day 301 modulo 1024, "JN". */
const NOW = Date.UTC(2026, 10, 24, 20)
const OPTIONS: SrsOptions = { secrets: ['geheim', 'alt'], domain: 'f.example', maxAgeDays: 21 }

describe('srsForward', () => {
  // What Mail::SRS 0.31 made that day of the same secrets.
  const cases: [string, string][] = [
    ['user@a.example', 'SRS0=HKRp=JN=a.example=user@f.example'],
    ['User=x@A.Example', 'SRS0=70IB=JN=A.Example=User=x@f.example'],
    ['a b+c@sub.a.example', 'SRS0=3HTA=JN=sub.a.example=a b+c@f.example'],
    ['SRS0=ABCD=XY=z.example=u@b.example', 'SRS1=PiBP=b.example==ABCD=XY=z.example=u@f.example'],
    ['SRS0+ABCD=XY=z.example=u@b.example', 'SRS1=Fezh=b.example=+ABCD=XY=z.example=u@f.example'],
    ['SRS1=HASH=b.example==ABCD=XY=z.example=u@c.example', 'SRS1=PiBP=b.example==ABCD=XY=z.example=u@f.example'],
    ['', ''],
    ['nodomain', 'nodomain'],
  ]
  for (const [sender, rewritten] of cases)
    test(sender === '' ? 'the null sender' : sender, () => assert.equal(srsForward(sender, OPTIONS, NOW), rewritten))
})

describe('srsReverse', () => {
  const forward = (sender: string, options = OPTIONS): string => srsForward(sender, options, NOW)
  const reverse = (address: string, now = NOW): string => {
    const reversed = srsReverse(address, OPTIONS, now)
    return reversed.ok ? reversed.address : reversed.reason
  }

  test('leads back', () => {
    for (const sender of ['user@a.example', 'User=x=y@a.example', 'a-b+c@a.example'])
      assert.equal(reverse(forward(sender)), sender)
    assert.equal(reverse('SRS1=PiBP=b.example==ABCD=XY=z.example=u@f.example'), 'SRS0=ABCD=XY=z.example=u@b.example')
    assert.equal(reverse('SRS1=Fezh=b.example=+ABCD=XY=z.example=u@f.example'), 'SRS0+ABCD=XY=z.example=u@b.example')
  })

  test('whatever became of upper and lower case', () => {
    assert.equal(reverse(forward('user@a.example').toLowerCase()), 'user@a.example')
    assert.equal(reverse(forward('user@a.example').toUpperCase()), 'USER@A.EXAMPLE')
  })

  test('an older secret counts, another does not', () => {
    assert.equal(reverse(forward('user@a.example', { ...OPTIONS, secrets: ['alt'] })), 'user@a.example')
    assert.equal(reverse(forward('user@a.example', { ...OPTIONS, secrets: ['other'] })), 'bad_hash')
  })

  test('a changed address is nobody', () => {
    const address = forward('user@a.example')
    assert.equal(reverse(address.replace('=user', '=other')), 'bad_hash')
    assert.equal(reverse(address.replace('a.example', 'b.example')), 'bad_hash')
    assert.equal(reverse(address.replace('=JN=', '=JM=')), 'bad_hash')
    assert.equal(reverse(address.replace('HKRp', 'HKR')), 'bad_hash')
    for (const text of ['SRS0=x', 'SRS0=', 'SRS0=a=b=c', 'SRS1=a=b', 'SRS1=', 'SRS0=a=b==c'])
      assert.equal(reverse(`${text}@f.example`), 'malformed', text)
    for (const text of ['user', 'SRS0', 'SRS0user', 'SRS2=a=b=c=d', ''])
      assert.equal(reverse(`${text}@f.example`), 'not_srs')
  })

  test('for as many days as it is to, also over the end of the 1024', () => {
    const address = forward('user@a.example')
    assert.equal(reverse(address, NOW + 21 * DAY), 'user@a.example')
    assert.equal(reverse(address, NOW + 22 * DAY), 'expired')
    assert.equal(reverse(address, NOW + 1000 * DAY), 'expired')
    assert.equal(reverse(address, NOW - DAY), 'user@a.example')
    for (let day = 0; day < 1024; day += 13) {
      const then = NOW + day * DAY
      assert.equal(reverse(srsForward('user@a.example', OPTIONS, then), then + 20 * DAY), 'user@a.example')
      assert.equal(reverse(srsForward('user@a.example', OPTIONS, then), then + 30 * DAY), 'expired')
    }
  })
})
