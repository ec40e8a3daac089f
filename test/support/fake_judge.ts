import type { AuthEnvelope, MessageAuth, MessageJudge, MessageVerdict } from '../../src/model/mail_auth.ts'

const AUTH: MessageAuth = {
  spf: { helo: null, mailfrom: null },
  dkim: [],
  arc: { result: 'none', sets: [], oldestPass: 0, problem: null },
  dmarc: {
    result: 'none',
    fromDomain: '',
    organizationalDomain: '',
    policyDomain: '',
    policy: 'none',
    publishedPolicy: 'none',
    testing: false,
    spfAligned: false,
    dkimAligned: false,
    record: null,
    problem: null,
  },
  override: null,
  disposition: 'none',
}

export function verdict(changes: Partial<MessageVerdict> = {}): MessageVerdict {
  return { action: 'accept', reply: '', insert: [], remove: [], log: [], auth: AUTH, ...changes }
}

/** Keeps what it is told, and says what a test wants. */
export class FakeJudge implements MessageJudge {
  readonly fields: string[] = []
  content = ''
  envelope: AuthEnvelope | null = null
  readonly #say: (judge: FakeJudge) => MessageVerdict | Promise<MessageVerdict>

  constructor(say: (judge: FakeJudge) => MessageVerdict | Promise<MessageVerdict> = () => verdict()) {
    this.#say = say
  }

  header(field: Uint8Array): void {
    this.fields.push(Buffer.from(field).toString('latin1'))
  }

  body(chunk: Uint8Array): void {
    this.content += Buffer.from(chunk).toString('latin1')
  }

  async end(envelope: AuthEnvelope): Promise<MessageVerdict> {
    this.envelope = envelope
    return this.#say(this)
  }

  /** All that it was told, as a message. */
  get text(): string {
    return `${this.fields.map(field => `${field}\r\n`).join('')}\r\n${this.content}`
  }
}
