/**
 * Configurations and sessions from a seed: random lists over random facts of the fixture zone. What a seed gives never depends on
 * anything else, so that a failing session can be held again.
 */

import { seededRandom } from '../../src/util/random.ts'
import type { Dialogue, DialogueFile, Step } from '../support/dialogue_file.ts'
import {
  ANYWHERE,
  CLIENTS,
  FACTS,
  HELOS,
  PARAMETERS,
  RECIPIENTS,
  RESTRICTIONS,
  SENDERS,
  XCLIENTS,
} from './generate_words.ts'

/** Sessions held with one configuration. */
export const SESSIONS_PER_FILE = 25

const LISTS = ['client', 'helo', 'sender', 'recipient', 'data', 'end_of_data', 'etrn'] as const
const CLASSES = ['class_a', 'class_b', 'class_c'] as const

/** A small source of choices. */
class Dice {
  readonly #random: { below(limit: number): number }

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  below(limit: number): number {
    return this.#random.below(limit)
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)]
    if (picked === undefined) throw new Error('Cannot pick from nothing')
    return picked
  }

  some<T>(from: readonly T[], atMost: number): readonly T[] {
    return Array.from({ length: this.below(atMost + 1) }, () => this.pick(from))
  }
}

/** One configuration with its sessions. */
export function generateFile(seed: number): DialogueFile {
  const dice = new Dice(seed)
  const config = generateConfig(dice)
  const dialogues = Array.from({ length: SESSIONS_PER_FILE }, (_, i) => generateDialogue(dice, `session ${i}`))
  return { config, dialogues }
}

function generateConfig(dice: Dice): string {
  const lines = [
    '# generated',
    '# postern: postern_dns_list_safe_answers=no',
    `smtpd_restriction_classes = ${CLASSES.join(' ')}`,
  ]
  // A class may name only those behind it, or evaluation would never end.
  for (const [i, name] of CLASSES.entries())
    lines.push(`${name} = ${words(dice, 'recipient', CLASSES.slice(i + 1)).join(', ')}`)
  for (const list of LISTS) {
    if (dice.chance(list === 'recipient' ? 90 : 55))
      lines.push(`smtpd_${list}_restrictions = ${words(dice, list, CLASSES).join(', ')}`)
  }
  // Postfix does not start without something that refuses relaying, whatever stands before.
  const guard = dice.pick([
    'reject_unauth_destination',
    'defer_unauth_destination',
    'permit_mynetworks, reject_unauth_destination',
  ])
  lines.push(`smtpd_relay_restrictions = ${guard}`)
  const chosen = new Map<string, string>()
  for (const [name, values] of dice.some(PARAMETERS, 5)) chosen.set(name, dice.pick(values))
  for (const [name, value] of chosen) lines.push(`${name} = ${value}`)
  return lines.join('\n') + '\n'
}

/** A list: mostly words of its own kind, some of others. */
function words(dice: Dice, list: (typeof LISTS)[number], classes: readonly string[]): readonly string[] {
  const own = RESTRICTIONS[list]
  const others = [
    ...RESTRICTIONS.client,
    ...RESTRICTIONS.helo,
    ...RESTRICTIONS.sender.filter(word => word !== 'reject_unlisted_sender'),
    ...RESTRICTIONS.recipient,
  ]
  return Array.from({ length: 1 + dice.below(5) }, () => {
    const kind = dice.below(100)
    const word =
      kind < 55
        ? dice.pick(own)
        : kind < 75
          ? dice.pick(others)
          : kind < 92
            ? dice.pick(ANYWHERE)
            : dice.pick([...classes, 'permit'])
    return dice.chance(12) && word !== 'permit' ? `warn_if_reject ${word}` : word
  })
}

function generateDialogue(dice: Dice, name: string): Dialogue {
  const xclient = dice.chance(8) ? dice.pick(XCLIENTS) : null
  const lines: Step[] = [act({ kind: 'connect' })]
  if (xclient !== null) lines.push(say(`XCLIENT ${xclient}`))
  if (!dice.chance(5)) lines.push(say(`${dice.chance(15) ? 'HELO' : 'EHLO'} ${dice.pick(HELOS)}`))
  const transactions = dice.chance(15) ? 2 : 1
  for (let i = 0; i < transactions; i++) {
    // Postfix 3.7 keeps a transaction that was refused at its end, and dies of a second DATA for it.
    if (i > 0) lines.push(say('RSET'))
    lines.push(...transaction(dice))
  }
  if (dice.chance(8)) lines.push(say(`VRFY ${dice.pick(RECIPIENTS)}`))
  if (dice.chance(6)) lines.push(say(`ETRN ${dice.pick(FACTS)}`))
  lines.push(say('QUIT'))
  return {
    name,
    why: '',
    from: xclient === null ? dice.pick(CLIENTS) : '127.0.0.1',
    flags: [],
    steps: lines,
    log: [],
    mail: [],
  }
}

function transaction(dice: Dice): readonly Step[] {
  const lines = [say(`MAIL FROM:<${dice.pick(SENDERS)}>`)]
  const recipients = dice.chance(60) ? 1 : 2 + dice.below(2)
  for (let i = 0; i < recipients; i++) lines.push(say(`RCPT TO:<${dice.pick(RECIPIENTS)}>`))
  if (dice.chance(10)) lines.push(say('RSET'))
  if (dice.chance(35)) lines.push(act({ kind: 'message', lines: ['Subject: generated', '', 'text'] }))
  return lines
}

function say(line: string): Step {
  return act({ kind: 'lines', lines: [line] })
}

function act(what: { kind: 'connect' } | { kind: 'lines' | 'message'; lines: readonly string[] }): Step {
  return { ...what, options: {}, want: [] }
}
