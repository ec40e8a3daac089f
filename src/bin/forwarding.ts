/** What is done to mail that is passed on: ARC seals, and senders rewritten for SPF. */
import type { Config } from '../config/config.ts'
import type { AddressClass } from '../engine/address_class.ts'
import { splitAddress } from '../mail/address.ts'
import { type SrsOptions, srsForward, srsReverse } from '../mail/srs.ts'
import { sealingJudge } from '../mailauth/arc/sealing_judge.ts'
import type { Lookup } from '../model/lookup.ts'
import type { MessageJudge } from '../model/mail_auth.ts'
import type { SenderRewriting } from '../smtp/doors.ts'
import type { Clock } from '../util/clock.ts'
import { readSealKey, readSrsSecrets, type SealConfig, type SrsConfig } from './keys.ts'

type Problem = { readonly problem: string }
type Seal = (judge: MessageJudge) => MessageJudge

export interface SealServices {
  readonly clock: Clock
  fault(error: unknown): void
}

/** Makes judges seal what they let pass; null: no seals. */
export function openSealing(config: SealConfig, services: SealServices): { readonly seal: Seal | null } | Problem {
  const by = readSealKey(config)
  if (by === null) return { seal: null }
  if ('problem' in by) return by
  return { seal: judge => sealingJudge(judge, { by, ...services }) }
}

type ForwardConfig = SrsConfig & Pick<Config, 'postern_srs_exclude_domains' | 'postern_srs_max_age'>

export interface SrsServices {
  readonly clock: Clock
  classify(address: string): Promise<Lookup<AddressClass>>
}

/** Null: senders stay as they are. */
export function openSrs(
  config: ForwardConfig,
  services: SrsServices,
): { readonly srs: SenderRewriting | null } | Problem {
  const secrets = readSrsSecrets(config)
  if (secrets === null) return { srs: null }
  if ('problem' in secrets) return secrets
  const maxAgeDays = Math.floor(config.postern_srs_max_age / 86_400)
  const options = { secrets, domain: config.postern_srs_domain, maxAgeDays }
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
