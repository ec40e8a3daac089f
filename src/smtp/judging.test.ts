import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeJudge, verdict } from '../../test/support/fake_judge.ts'
import { settle } from '../../test/support/manual_clock.ts'
import { type SmtpScript, SmtpSession } from '../../test/support/smtp_session.ts'
import type { MessageVerdict } from '../model/mail_auth.ts'

interface Judged {
  readonly session: SmtpSession
  readonly judge: FakeJudge
  readonly reply: string
}

type Say = (judge: FakeJudge) => MessageVerdict | Promise<MessageVerdict>

/** Sends one message to two recipients, and gives what came of it. */
async function mail(
  lines: readonly string[],
  { say, asMilter = true, script = {} }: { say?: Say; asMilter?: boolean; script?: SmtpScript } = {},
): Promise<Judged> {
  const judge = new FakeJudge(say)
  const session = new SmtpSession({ ...script, messages: { asMilter, openMessage: () => judge } })
  await session.say('EHLO h.example')
  await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'RCPT TO:<c@y.example>', 'DATA')
  const replies = await session.say(...lines.map(line => (line.startsWith('.') ? `.${line}` : line)), '.')
  return { session, judge, reply: (replies.at(-1) ?? '').replace(/[0-9A-F]{12}/, 'QID') }
}

const QUEUED = '250 2.0.0 Ok: queued as QID'
const SMALL = 'postern_message_staging_size = 1000'
const OURS = /^Received: [^\n]*\n(\t[^\n]*\n)*/m

/** The delivered text without our Received header. */
function content({ session }: Judged): string {
  return (session.delivered[0]?.text ?? '').replace(OURS, '')
}

describe('the judge sees the message as the client sent it', () => {
  const cases: [string, string[], string[], string][] = [
    ['fields and body', ['A: 1', 'B: 2', '', 'x', '.y'], ['A: 1', 'B: 2'], 'x\r\n.y\r\n'],
    ['folded fields', ['A: 1', ' 2', '\t3', 'B:', '', ''], ['A: 1\r\n 2\r\n\t3', 'B:'], '\r\n'],
    ['no body', ['A: 1'], ['A: 1'], ''],
    ['no header', ['', 'x'], [], 'x\r\n'],
    ['a header that ends without an empty line', ['A: 1', 'no field', 'B: 2'], ['A: 1'], 'no field\r\nB: 2\r\n'],
    ['a first line that begins with a blank', [' x', 'A: 1'], [], ' x\r\nA: 1\r\n'],
    ['bytes above 127 and NUL', ['A: \xe4\x00', '', '\xff'], ['A: \xe4\x00'], '\xff\r\n'],
    ['a stray CR, which does not pass on', ['A: b\rc', '', 'd\re'], ['A: b\rc'], 'd\re\r\n'],
    ['fields that do not pass on', ['Bcc: z@z', 'A: 1', '', 'x'], ['Bcc: z@z', 'A: 1'], 'x\r\n'],
    ['long lines', ['A: 1', '', 'y'.repeat(9000), 'z'], ['A: 1'], `${'y'.repeat(9000)}\r\nz\r\n`],
    ['a long field', [`A: ${'y'.repeat(9000)}`, ' z', ''], [`A: ${'y'.repeat(9000)}\r\n z`], ''],
  ]
  for (const [name, lines, fields, body] of cases)
    test(name, async () => {
      const { judge, reply } = await mail(lines)
      assert.deepEqual([judge.fields, judge.content, reply], [fields, body, QUEUED])
    })

  test('BDAT is the same as DATA, however it is cut', async () => {
    const text = 'A: 1\r\n 2\r\n\r\n.x\r\nlast'
    for (const size of [1, 3, 7, text.length]) {
      const judge = new FakeJudge()
      const session = new SmtpSession({ messages: { asMilter: true, openMessage: () => judge } })
      await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>')
      for (let at = 0; at < text.length; at += size) {
        const chunk = text.slice(at, at + size)
        await session.sayRaw(`BDAT ${chunk.length}${at + size >= text.length ? ' LAST' : ''}\r\n${chunk}`)
      }
      assert.deepEqual([judge.fields, judge.content], [['A: 1\r\n 2'], '.x\r\nlast\r\n'])
      assert.equal(session.delivered[0]?.text.replace(OURS, ''), `${text}\r\n`)
    }
  })

  test('and who sent it to whom', async () => {
    const { judge } = await mail(['A: 1'])
    assert.deepEqual(
      { ...judge.envelope, queueId: judge.envelope?.queueId?.length },
      {
        clientAddress: '192.0.2.7',
        clientName: 'client.example',
        helo: 'h.example',
        sender: 'a@x.example',
        recipients: ['b@y.example', 'c@y.example'],
        authenticated: false,
        queueId: 12,
      },
    )
  })
})

describe('what the verdict changes', () => {
  const insert = ['Authentication-Results: mx.here.example;\r\n\tdkim=none', 'X-Second: y']

  test('inserted fields are on top, above our Received header, as at index 0 in Postfix', async () => {
    const { session } = await mail(['A: 1', '', 'x'], { say: () => verdict({ insert }) })
    const text = session.delivered[0]?.text ?? ''
    assert.ok(
      text.startsWith(
        'Authentication-Results: mx.here.example;\r\n\tdkim=none\r\nX-Second: y\r\nReceived: from h.example',
      ),
    )
    assert.ok(text.endsWith('\r\nA: 1\r\n\r\nx\r\n'))
  })

  test('removed fields are counted by name, as received', async () => {
    const lines = ['R: 1', 'a: 1', 'R: 2', ' folded', 'r : 3', 'b: 2', 'R: 4', '', 'R: body']
    const remove = [
      { name: 'r', nth: 2 },
      { name: 'R', nth: 4 },
      { name: 'B', nth: 2 },
    ]
    const judged = await mail(lines, { say: () => verdict({ remove }) })
    assert.equal(content(judged), 'R: 1\r\na: 1\r\nr : 3\r\nb: 2\r\n\r\nR: body\r\n')
  })

  test('our own headers are not counted', async () => {
    const remove = [{ name: 'Received', nth: 1 }]
    const { session } = await mail(['Received: by other', 'Received: by first', '', 'x'], {
      say: () => verdict({ remove }),
      script: { verdict: stage => (stage === 'recipient' ? { prepend: ['Received: ours, too'] } : undefined) },
    })
    const text = session.delivered[0]?.text ?? ''
    assert.match(text, /^Received: ours, too\r\nReceived: from h\.example[\s\S]*\r\nReceived: by first\r\n\r\nx\r\n$/)
    assert.doesNotMatch(text, /by other/)
  })

  test('header_checks that drop, replace and prepend do not shift the count', async () => {
    const tables = {
      header_checks: (key: string): string | undefined =>
        ({
          'R: 1': 'IGNORE',
          'R: 2': 'PREPEND R: added',
          'R: 3': 'REPLACE X: instead\n of it',
          'Y: y': 'REPLACE R: made',
          'R: 5': 'REPLACE R: five',
        })[key],
    }
    const lines = ['R: 1', 'R: 2', 'R: 3', 'Y: y', 'R: 4', 'R: 5', 'R: 6', '', 'x']
    const remove = [4, 5].map(nth => ({ name: 'R', nth }))
    const judged = await mail(lines, {
      say: () => verdict({ remove }),
      script: { tables, mainCf: 'header_checks = static:x' },
    })
    assert.deepEqual(judged.judge.fields, lines.slice(0, 7))
    assert.equal(content(judged), 'R: added\r\nR: 2\r\nX: instead\r\n of it\r\nR: made\r\nR: 6\r\n\r\nx\r\n')
  })

  test('a big message is edited on its way out of the spool', async () => {
    const body = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(60)}`)
    const fields = Array.from({ length: 100 }, (_, i) => `R: ${i} ${'y'.repeat(50)}`)
    const remove = [{ name: 'R', nth: 77 }]
    const judged = await mail([...fields, '', ...body], {
      say: () => verdict({ insert, remove }),
      script: { mainCf: SMALL },
    })
    assert.ok(judged.session.spools.peak > 30_000)
    assert.equal(judged.session.spools.opened, 0)
    const expected = [...fields.filter((_, i) => i !== 76), '', ...body].map(line => `${line}\r\n`).join('')
    assert.equal(content(judged).slice(insert.join('\r\n').length + 2), expected)
  })
})

describe('what the verdict decides', () => {
  test('as a milter: refusals and quarantine, each with a line of the log', async () => {
    const reply = '550 5.7.1 rejected by DMARC policy for x.example'
    const rejected = await mail(['A: 1'], { say: () => verdict({ action: 'reject', reply }) })
    assert.deepEqual([rejected.reply, rejected.session.delivered], [reply, []])
    assert.ok(
      rejected.session.log.includes(
        'cleanup: QID: milter-reject: END-OF-MESSAGE from client.example[192.0.2.7]: 5.7.1 rejected by DMARC policy for x.example; from=<a@x.example> to=<b@y.example> proto=ESMTP helo=<h.example>',
      ),
      rejected.session.log.join('\n'),
    )
    assert.deepEqual(await rejected.session.say('MAIL FROM:<a@x.example>'), ['250 2.1.0 Ok'])
    const late = await mail(['A: 1'], { say: () => verdict({ action: 'tempfail', reply: '451 4.7.1 later' }) })
    assert.deepEqual([late.reply, late.session.delivered], ['451 4.7.1 later', []])
    const held = await mail(['A: 1'], { say: () => verdict({ action: 'quarantine', reply: 'why' }) })
    assert.deepEqual([held.reply, held.session.delivered[0]?.hop], [QUEUED, 'hold'])
    assert.ok(held.session.log.some(line => line.startsWith('cleanup: QID: milter-hold: END-OF-MESSAGE from ')))
  })

  test('without a milter only the restrictions decide, and they see it', async () => {
    const script: SmtpScript = {
      verdict: (stage, facts) => (stage === 'end_of_data' && facts.message?.reply === 'why' ? '550 no' : undefined),
    }
    const say: Say = () => verdict({ action: 'reject', reply: 'why' })
    assert.equal((await mail(['A: 1'], { say, asMilter: false, script })).reply, '550 no')
    assert.equal((await mail(['A: 1'], { say, asMilter: false })).reply, QUEUED)
  })

  test('log lines bear the queue id and the names of the programs', async () => {
    const log = [
      { daemon: 'opendkim' as const, text: 'x.example: no signature data' },
      { daemon: 'opendmarc' as const, text: 'x.example none' },
    ]
    const { session } = await mail(['A: 1'], { say: () => verdict({ log }) })
    assert.deepEqual(
      session.log.filter(line => line.startsWith('open')),
      ['opendkim: QID: x.example: no signature data', 'opendmarc: QID: x.example none'],
    )
  })

  test('mail that is refused or discarded anyway is not judged', async () => {
    const bodyCheck = await mail(['A: 1', '', 'bad'], {
      script: {
        mainCf: 'body_checks = static:x',
        tables: { body_checks: key => (key === 'bad' ? 'REJECT' : undefined) },
      },
    })
    const discarded = await mail(['A: 1'], {
      script: { verdict: stage => (stage === 'recipient' ? { discard: true } : undefined) },
    })
    for (const { judge } of [bodyCheck, discarded]) assert.equal(judge.envelope, null)
    assert.deepEqual([bodyCheck.reply.slice(0, 3), discarded.reply], ['550', QUEUED])
  })
})

describe('trouble is never a loss, and never a permanent refusal', () => {
  test('a judge that takes too long: the message passes unjudged, with a warning', async () => {
    const { session } = await mail(['A: 1'], { say: () => new Promise(() => undefined) })
    assert.equal(session.delivered.length, 0)
    await session.clock.advance(30_000)
    assert.match((await session.hear())[0] ?? '', /^250 2\.0\.0 Ok/)
    assert.ok(session.delivered[0]?.text.endsWith('A: 1\r\n'))
    assert.ok(
      session.log.includes('smtpd: warning: QID: no verdict within 30 seconds: the message passes unjudged'),
      session.log.join('\n'),
    )
  })

  test('RFC 8601 5 forged results go also where nobody waits for the verdict', async () => {
    const lines = ['Authentication-Results: us; dmarc=pass', 'authentication-results: them; spf=pass', '', 'x']
    for (const how of ['late', 'throws'] as const) {
      const judge = new FakeJudge(() => {
        if (how === 'throws') throw new Error('fault')
        return new Promise(() => undefined)
      })
      const removing = Object.assign(judge, { removals: () => [{ name: 'Authentication-Results', nth: 1 }] })
      const session = new SmtpSession({ messages: { asMilter: true, openMessage: () => removing } })
      await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
      const heard = await session.say(...lines, '.')
      await session.clock.advance(30_000)
      assert.match([...heard, ...(await session.hear())].at(-1) ?? '', /^250/, how)
      assert.ok(session.delivered[0]?.text.endsWith('\r\nauthentication-results: them; spf=pass\r\n\r\nx\r\n'), how)
      assert.doesNotMatch(session.delivered[0]?.text ?? '', /: us;/)
    }
  })

  test('a judge that throws, at any step', async () => {
    const fault = (): never => {
      throw new Error('fault')
    }
    for (const step of ['header', 'body', 'end', 'open'] as const) {
      const judge = new FakeJudge()
      if (step !== 'open') judge[step] = fault
      const session = new SmtpSession({
        messages: { asMilter: true, openMessage: step === 'open' ? fault : () => judge },
      })
      await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
      const replies = await session.say('A: 1', '', 'x', '.')
      assert.match(replies.at(-1) ?? '', /^250/, step)
      assert.ok(
        session.log.some(line => /error: QID: the message passes unjudged: Error: fault/.test(line)),
        step,
      )
      assert.ok(session.delivered[0]?.text.endsWith('A: 1\r\n\r\nx\r\n'))
    }
  })

  test('no room in the spool: 452, nothing delivered, and the next message is not affected', async () => {
    const { session, reply } = await mail(Array(300).fill('x'.repeat(70)), {
      script: { mainCf: SMALL, spoolLimit: 5000 },
    })
    assert.deepEqual(
      [reply, session.delivered, session.spools.opened],
      ['452 4.3.1 Insufficient system storage', [], 0],
    )
    assert.ok(
      session.log.includes('smtpd: warning: QID: cannot keep the message until it is judged: No space left on device'),
    )
    await session.say('MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    assert.match((await session.say('small', '.'))[0] ?? '', /^250/)
  })

  test('the next hop refuses after the message was kept: its reply is passed on', async () => {
    const hopResult: SmtpScript['hopResult'] = () => ({ outcome: 'refused', reply: '451 4.4.1 down', recipients: [] })
    const { session, reply } = await mail(Array(300).fill('x'.repeat(70)), { script: { mainCf: SMALL, hopResult } })
    assert.deepEqual([reply, session.spools.opened], ['451 4.4.1 down', 0])
  })

  test('the next hop has closed its connection meanwhile: another transaction with the same recipients', async () => {
    const { session, reply } = await mail(['A: 1'], { script: { hopLost: true } })
    assert.deepEqual(
      [reply, session.delivered[0]?.recipients, session.begun],
      [QUEUED, ['b@y.example', 'c@y.example'], 2],
    )
    let asked = 0
    const refusing: SmtpScript = {
      hopLost: true,
      hopRecipient: () => (asked++ < 2 ? { ok: true } : { ok: false, reply: '550 5.1.1 no' }),
    }
    const later = await mail(['A: 1'], { script: refusing })
    assert.match(later.reply, /^451 4\.4\.1 /)
    assert.deepEqual(later.session.delivered, [])
  })

  test('a client that is lost while it sends leaves nothing behind', async () => {
    const judge = new FakeJudge()
    const session = new SmtpSession({ mainCf: SMALL, messages: { asMilter: true, openMessage: () => judge } })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    await session.say(...Array(300).fill('x'.repeat(70)))
    assert.equal(session.spools.opened, 1)
    session.stream.hangUp()
    await session.over
    assert.deepEqual([session.spools.opened, session.delivered, judge.envelope], [0, [], null])
  })

  test('a client that is lost while its message is judged: delivered, as it was complete', async () => {
    const judging = Promise.withResolvers<MessageVerdict>()
    const { session } = await mail(Array(300).fill('x'.repeat(70)), {
      say: () => judging.promise,
      script: { mainCf: SMALL },
    })
    session.stream.hangUp()
    for (let turns = 0; turns < 5; turns++) await settle()
    judging.resolve(verdict())
    await session.over
    assert.deepEqual([session.delivered.length, session.spools.opened], [1, 0])
  })
})

describe('actions that come late', () => {
  const lines = [...Array(300).fill('x'.repeat(70)), 'bad']
  const mainCf = `${SMALL}\nbody_checks = static:x\nbody_checks_size_limit = 100000`
  const cases: [string, string, string[]][] = [
    ['HOLD', 'hold', ['b@y.example', 'c@y.example']],
    ['REDIRECT r@y.example', 'main', ['r@y.example']],
    ['BCC r@y.example', 'main', ['b@y.example', 'c@y.example', 'r@y.example']],
    ['FILTER filter:x', 'filter', ['b@y.example', 'c@y.example']],
  ]
  for (const [action, hop, recipients] of cases)
    test(`${action} in the last line of a big message`, async () => {
      const session = new SmtpSession({
        mainCf,
        tables: { body_checks: key => (key === 'bad' ? action : undefined) },
      })
      await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'RCPT TO:<c@y.example>')
      await session.say('DATA')
      assert.match((await session.say(...lines, '.'))[0] ?? '', /^250/)
      assert.deepEqual([session.delivered[0]?.hop, session.delivered[0]?.recipients], [hop, recipients])
      assert.ok(session.delivered[0]?.text.endsWith('x\r\nbad\r\n'))
      assert.deepEqual([session.spools.opened, session.spools.peak > 10_000], [0, true])
    })

  test('BCC of a recipient restriction works for a big message, too', async () => {
    const session = new SmtpSession({
      mainCf: SMALL,
      verdict: stage => (stage === 'recipient' ? { bcc: ['r@y.example'] } : undefined),
    })
    await session.say('EHLO h.example', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA')
    assert.match((await session.say(...lines, '.'))[0] ?? '', /^250/)
    assert.deepEqual(session.delivered[0]?.recipients, ['b@y.example', 'r@y.example'])
  })
})
