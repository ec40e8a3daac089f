/** What is done to mail that is passed on: ARC seals, and senders rewritten for SPF. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { AddressClass } from '../engine/address_class.ts'
import { splitAddress } from '../mail/address.ts'
import { type SrsOptions, srsForward, srsReverse } from '../mail/srs.ts'
import { sealingJudge } from '../mailauth/arc/sealing_judge.ts'
import { readSigningKey } from '../mailauth/dkim/sign.ts'
import type { Lookup } from '../model/lookup.ts'
import type { MessageJudge } from '../model/mail_auth.ts'
import type { SenderRewriting } from '../smtp/doors.ts'
import type { Clock } from '../util/clock.ts'

type Problem = { readonly problem: string }
type Seal = (judge: MessageJudge) => MessageJudge

export interface SealServices {
  readonly clock: Clock
  fault(error: unknown): void
}

type SealConfig = Pick<Config, 'postern_arc_seal_domain' | 'postern_arc_seal_selector' | 'postern_arc_seal_key_file'>

/** Makes judges seal what they let pass; null: no seals. */
export function openSealing(config: SealConfig, services: SealServices): { readonly seal: Seal | null } | Problem {
  const { postern_arc_seal_domain: domain, postern_arc_seal_selector: selector } = config
  if (domain === '') return { seal: null }
  const file = config.postern_arc_seal_key_file
  const pem = readText('postern_arc_seal_key_file', file)
  if (typeof pem !== 'string') return pem
  try {
    const by = readSigningKey({ domain, selector, pem })
    return { seal: judge => sealingJudge(judge, { by, ...services }) }
  } catch (error) {
    return { problem: `postern_arc_seal_key_file: ${file} holds no private key: ${messageOf(error)}` }
  }
}

type SrsConfig = Pick<
  Config,
  'postern_srs_domain' | 'postern_srs_secret_file' | 'postern_srs_exclude_domains' | 'postern_srs_max_age'
>

export interface SrsServices {
  readonly clock: Clock
  classify(address: string): Promise<Lookup<AddressClass>>
}

/** Null: senders stay as they are. */
export function openSrs(config: SrsConfig, services: SrsServices): { readonly srs: SenderRewriting | null } | Problem {
  const { postern_srs_domain: domain, postern_srs_secret_file: file } = config
  if (domain === '') return { srs: null }
  const text = readText('postern_srs_secret_file', file)
  if (typeof text !== 'string') return text
  const secrets = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  if (secrets.length === 0) return { problem: `postern_srs_secret_file: ${file} holds no secret` }
  const options = { secrets, domain, maxAgeDays: Math.floor(config.postern_srs_max_age / 86_400) }
  return { srs: new Srs(options, config.postern_srs_exclude_domains, services) }
}

class Srs implements SenderRewriting {
  readonly #options: SrsOptions
  readonly #excluded: ReadonlySet<string>
  readonly #services: SrsServices

  constructor(options: SrsOptions, excluded: readonly string[], services: SrsServices) {
    this.#options = options
    this.#excluded = new Set(excluded.map(domain => domain.toLowerCase()))
    this.#services = services
  }

  async senderFor(sender: string, recipient: string): Promise<string> {
    const domain = splitAddress(sender).domain.toLowerCase()
    if (domain === '' || domain === this.#options.domain.toLowerCase() || this.#isExcluded(domain)) return sender
    const isForeign = async (address: string): Promise<boolean> => {
      const found = await this.#services.classify(address)
      return found.status === 'found' && found.value.class === 'default'
    }
    const passesOn = (await isForeign(recipient)) && (await isForeign(sender))
    return passesOn ? srsForward(sender, this.#options, this.#services.clock.now()) : sender
  }

  recipientFor(recipient: string): string {
    if (splitAddress(recipient).domain.toLowerCase() !== this.#options.domain.toLowerCase()) return recipient
    const reversed = srsReverse(recipient, this.#options, this.#services.clock.now())
    return reversed.ok ? reversed.address : recipient
  }

  #isExcluded(domain: string): boolean {
    if (this.#excluded.has(domain)) return true
    for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1))
      if (this.#excluded.has(domain.slice(dot))) return true
    return false
  }
}

function readText(parameter: string, file: string): string | Problem {
  if (file === '') return { problem: `${parameter} has to name a file` }
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return { problem: `${parameter}: ${messageOf(error)}` }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
