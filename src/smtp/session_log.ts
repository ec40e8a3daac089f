import type { Daemon, EmitEvent, Event } from '../model/event.ts'

/**
 * The log of one session. Most lines name the client, and its name may still be asked for: lines wait in order until it is known.
 */
export class SessionLog {
  private readonly emit: EmitEvent
  private client: string | null = null
  private waiting: ((client: string) => Event)[] = []
  private wake: (() => void)[] = []

  constructor(emit: EmitEvent) {
    this.emit = emit
  }

  add(makeEvent: (client: string) => Event): void {
    if (this.client === null) this.waiting.push(makeEvent)
    else this.emit(makeEvent(this.client))
  }

  warn(text: string | ((client: string) => string), daemon: Daemon = 'smtpd'): void {
    this.add(client => ({ kind: 'warning', text: typeof text === 'string' ? text : text(client), daemon }))
  }

  info(text: string | ((client: string) => string), daemon: Daemon = 'smtpd'): void {
    this.add(client => ({ kind: 'info', text: typeof text === 'string' ? text : text(client), daemon }))
  }

  /** From now on the client is called so: "name[address]". */
  setClient(client: string, warnings: readonly string[] = []): void {
    this.client = client
    for (const text of warnings) this.emit({ kind: 'warning', text })
    const waiting = this.waiting
    this.waiting = []
    for (const makeEvent of waiting) this.emit(makeEvent(client))
    for (const resolve of this.wake.splice(0)) resolve()
  }

  /** XCLIENT: the new name is not known yet. */
  forgetClient(): void {
    this.client = null
  }

  /** Everything is written. */
  flushed(): Promise<void> {
    if (this.client !== null) return Promise.resolve()
    return new Promise(resolve => this.wake.push(resolve))
  }
}
