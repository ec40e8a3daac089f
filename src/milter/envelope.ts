import { extractAddress } from '../mail/address.ts'
import type { AuthEnvelope } from '../model/mail_auth.ts'
import type { ClientAddress } from './command.ts'

/** Who has connected to the MTA. */
export interface Client {
  readonly address: string
  /** Forward-confirmed, or "unknown". */
  readonly name: string
}

/** Postfix's smtpd_recipient_limit is 1000. What a hostile MTA sends beyond this is not kept. */
const RECIPIENT_LIMIT = 10_000

/** Without an address it is a program of the MTA's own machine (sendmail -bs; Postfix's pickup says 127.0.0.1 itself). */
const LOCAL: Client = { address: '127.0.0.1', name: 'localhost' }

/** Postfix and sendmail give a name only when it leads back to the address, and else the address in brackets. */
export function clientOf(hostname: string, address: ClientAddress): Client {
  if (!('address' in address)) return LOCAL
  const isName = hostname !== '' && !hostname.startsWith('[') && hostname !== address.address
  return { address: address.address, name: isName ? hostname : 'unknown' }
}

/** What is said in one session of the MTA's client, to be asked about at the end of each message. */
export class Envelope {
  client: Client = LOCAL
  helo = ''
  #sender = ''
  #recipients: string[] = []
  /** Of this message: {auth_authen}, {auth_type} and i, as far as they have been said. */
  #macros = new Map<string, string>()
  /** Those of a MAIL come before it. */
  #nextMacros = new Map<string, string>()

  /** MAIL: a new message, whatever became of the last one. */
  begin(path: string): void {
    this.#sender = addressIn(path)
    this.#recipients = []
    this.#macros = this.#nextMacros
    this.#nextMacros = new Map()
  }

  addRecipient(path: string): void {
    if (this.#recipients.length < RECIPIENT_LIMIT) this.#recipients.push(addressIn(path))
  }

  /** `stage` is the letter of the command that they are for. */
  setMacros(stage: string, macros: ReadonlyMap<string, string>): void {
    const known = stage === 'M' ? this.#nextMacros : this.#macros
    for (const name of ['auth_authen', 'auth_type', 'i']) {
      const value = macros.get(name)
      if (value !== undefined) known.set(name, value)
    }
  }

  /** Null: the MTA has not said it. */
  get queueId(): string | null {
    return this.#macros.get('i') || null
  }

  /** The message is over. */
  clearMessage(): void {
    this.#nextMacros.clear()
    this.begin('')
  }

  /** The MTA has another client. */
  clearClient(): void {
    this.clearMessage()
    this.client = LOCAL
    this.helo = ''
  }

  asked(): AuthEnvelope {
    return {
      clientAddress: this.client.address,
      clientName: this.client.name,
      helo: this.helo,
      sender: this.#sender,
      recipients: this.#recipients,
      authenticated: this.#has('auth_authen') || this.#has('auth_type'),
      queueId: this.queueId,
    }
  }

  #has(name: string): boolean {
    return (this.#macros.get(name) ?? '') !== ''
  }
}

/** In internal form. The MTA has found it good; Postfix writes the null sender of its own mail without brackets. */
function addressIn(path: string): string {
  return extractAddress(path, { emptyAllowed: true, strict: false }).address
}
