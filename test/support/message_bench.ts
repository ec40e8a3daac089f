import { makeSignatureVerifiers, signatureDefaults } from '../../src/mailauth/dkim/verifier.ts'
import { makeMessageJudge } from '../../src/mailauth/message/message_judge.ts'
import type { MessageSettings } from '../../src/mailauth/message/settings.ts'
import { settingsOf } from '../../src/mailauth/message/settings.ts'
import { makeSpf } from '../../src/mailauth/spf/spf.ts'
import type { AuthEnvelope, MessageVerdict } from '../../src/model/mail_auth.ts'
import { type FakeResolver, type FakeZone, makeFakeResolver } from './fake_resolver.ts'
import { makeFakeWorld } from './fake_world.ts'
import { ManualClock } from './manual_clock.ts'
import { messageOf } from './messages.ts'

/** Judges whole messages over a zone of plain data. */
export interface MessageBench {
  readonly resolver: FakeResolver
  readonly faults: readonly unknown[]
  judge(message: string, envelope?: Partial<AuthEnvelope>): Promise<MessageVerdict>
}

export const ENVELOPE: AuthEnvelope = {
  clientAddress: '192.0.2.1',
  clientName: 'mail.there.example',
  helo: 'mail.there.example',
  sender: 'bounce@elsewhere.example',
  recipients: ['user@here.example'],
  authenticated: false,
  queueId: '4bXyz',
}

/** `change`: settings that main.cf does not make. */
export function openMessageBench(
  zone: FakeZone,
  mainCf = '',
  change: (settings: MessageSettings) => MessageSettings = settings => settings,
): MessageBench {
  const { config } = makeFakeWorld({ mainCf: `myhostname = mx.here.example\n${mainCf}` })
  const clock = new ManualClock()
  const resolver = makeFakeResolver(zone)
  const spf = makeSpf({ resolver, clock, receiver: config.myhostname, timeLimit: 20, voidLimit: 2 })
  const faults: unknown[] = []
  const deps = {
    settings: change(settingsOf(config)),
    resolver,
    spf: spf.check,
    signatures: makeSignatureVerifiers({ ...signatureDefaults, resolver, clock }),
    software: 'Postern v1 mx.here.example',
    fault: (error: unknown) => faults.push(error),
  }
  return {
    resolver,
    faults,
    judge(text, envelope = {}) {
      const judge = makeMessageJudge(deps)
      const { fields, body } = messageOf(text)
      const whole = { ...ENVELOPE, ...envelope }
      judge.start?.(whole)
      for (const field of fields) judge.header(field)
      judge.body(body)
      return judge.end(whole)
    },
  }
}
